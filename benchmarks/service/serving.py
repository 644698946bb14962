"""Starts a service on its core, checks its first prediction, and puts a closed load on it with wrk."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from ml_base import MLModel

from benchmarks.generator.measuring import pick_port
from benchmarks.generator.processes import PROJECT, PinnedProcess, ProcessEndedError, start_pinned
from benchmarks.service.services import PEERS_FOLDER, ComparedService, Record

SERVICE_CORE: Final = 0
LOAD_CORE: Final = 1
TIMEOUT_S: Final = 60.0
RETRY_S: Final = 0.2
SEED: Final = 20240501
RECORDS: Final = 512


class WrongPredictionError(Exception):
    """A service answered another prediction than the model."""


@dataclass(frozen=True)
class RunningService:
    """A running service: its URL and its processes."""

    host: str
    process: PinnedProcess


@dataclass(frozen=True)
class ClosedModelResult:
    """What a closed load, a number of connections that each wait for their replies, measured."""

    per_second: float
    """Good replies per second."""
    p50_ms: float
    p99_ms: float
    failed: int
    """Requests that were refused, broken off, or timed out."""
    per_cpu_second: float
    """Good replies per second of processor time of the service's processes."""
    busy: float
    """Utilisation of the service's core by the service, 0 to 1."""


def make_records(count: int) -> list[Record]:
    """Return seeded records of policyholders, the same for all services."""
    chance = random.Random(SEED)
    return [
        {
            "age": chance.randint(18, 65),
            "sex": chance.choice(("male", "female")),
            "bmi": round(min(max(chance.gauss(30.66, 6.1), 15.0), 50.0), 1),
            "children": chance.randint(0, 5),
            "smoker": chance.random() < 0.2,
            "region": chance.choice(("southwest", "southeast", "northwest", "northeast")),
        }
        for _ in range(count)
    ]


def write_bodies(path: Path, bodies: list[Any]) -> Path:
    """Write one request body per line; return the path."""
    lines = (json.dumps(body, separators=(",", ":")) for body in bodies)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def start_service(
    service: ComparedService, model: MLModel, folder: Path, checkout: Path = PROJECT
) -> Iterator[RunningService]:
    """Run the service of `checkout` until the block ends; its first reply is checked against the model."""
    port = pick_port()
    environment = service.environment(port)
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        start_pinned(service.command(port), SERVICE_CORE, Path(own), environment, checkout) as process,
    ):
        host = f"http://127.0.0.1:{port}"
        _wait_until_right(host, service, process, model)
        yield RunningService(host, process)


def _wait_until_right(host: str, service: ComparedService, process: PinnedProcess, model: MLModel) -> None:
    record = make_records(1)[0]
    right = model.predict(model.input_schema(**record)).charges
    deadline = time.monotonic() + TIMEOUT_S
    said = "no connection"
    while time.monotonic() < deadline:
        process.check_alive()
        try:
            reply = requests.post(host + service.path, json=service.body(record), timeout=5)
        except requests.RequestException:
            time.sleep(RETRY_S)
            continue
        if reply.status_code == 200:
            if not service.constant and abs(service.charges(reply.json()) - right) > 0.011:
                raise WrongPredictionError(f"{service.name} predicts {reply.text}, the model {right}")
            return
        said = f"{reply.status_code} {reply.text[:200]}"
        time.sleep(RETRY_S)
    raise ProcessEndedError(f"{service.name} did not answer within {TIMEOUT_S:.0f} s: {said}")


def run_wrk(
    served: RunningService, path: str, bodies: Path, connections: int, seconds: float
) -> ClosedModelResult:
    """Let wrk keep `connections` busy for a whole number of seconds."""
    cpu_s, at_s = served.process.cpu_s(), time.perf_counter()
    load = ["-t", "1", "-c", str(connections), "-d", f"{max(round(seconds), 1)}s", "--timeout", "10s"]
    done = subprocess.run(
        [
            "taskset",
            "--cpu-list",
            str(LOAD_CORE),
            "wrk",
            *load,
            "-s",
            str(PEERS_FOLDER / "wrk.lua"),
            served.host + path,
        ],
        env={**os.environ, "BODIES": str(bodies)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise ProcessEndedError(
            f"wrk ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    took_s = time.perf_counter() - at_s
    return parse_wrk_output(done.stdout, served.process.cpu_s() - cpu_s, took_s)


def parse_wrk_output(said: str, cpu_s: float, seconds: float) -> ClosedModelResult:
    """Combine the last line of wrk's output, JSON of our script, with the service's processor time."""
    counts = json.loads(said.strip().rpartition("\n")[2])
    good = counts["replies"] - counts["refused"]
    return ClosedModelResult(
        per_second=good / counts["seconds"],
        p50_ms=counts["p50_ms"],
        p99_ms=counts["p99_ms"],
        failed=counts["refused"] + counts["broken"],
        per_cpu_second=good / max(cpu_s, 0.01),
        busy=cpu_s / seconds,
    )
