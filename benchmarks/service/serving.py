"""A service on its core, up and answering right, and the load that asks it."""

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

from benchmarks.generator.measuring import free_port
from benchmarks.generator.processes import EndedError, Running, running
from benchmarks.service.contenders import FOLDER, Contender, Record

SERVICE_CORE: Final = 0
LOAD_CORE: Final = 1
PATIENCE_S: Final = 60.0
RETRY_S: Final = 0.2
SEED: Final = 20240501
RECORDS: Final = 512


class WrongError(Exception):
    """A service answered, but not what the model says."""


@dataclass(frozen=True)
class Served:
    """A service that runs: its URL and its processes."""

    host: str
    process: Running


@dataclass(frozen=True)
class Closed:
    """What a number of connections that wait for their replies got out of a service."""

    per_second: float
    """Good replies a second."""
    p50_ms: float
    p99_ms: float
    failed: int
    """Requests refused, broken off, or timed out."""
    per_cpu_second: float
    """Good replies for each second of processor time that the service's processes took."""
    busy: float
    """The share of its core that the service took; what else ran there had the rest."""


def records(count: int) -> list[Record]:
    """Policyholders, the same for all services."""
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
    """One request body a line."""
    lines = (json.dumps(body, separators=(",", ":")) for body in bodies)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def serving(contender: Contender, model: MLModel, folder: Path) -> Iterator[Served]:
    """The service, up, its first reply checked against the model, until the block ends."""
    port = free_port()
    environment = contender.environment(port)
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        running(contender.command(port), SERVICE_CORE, Path(own), environment) as process,
    ):
        host = f"http://127.0.0.1:{port}"
        _until_right(host, contender, process, model)
        yield Served(host, process)


def _until_right(host: str, contender: Contender, process: Running, model: MLModel) -> None:
    record = records(1)[0]
    right = model.predict(model.input_schema(**record)).charges
    deadline = time.monotonic() + PATIENCE_S
    said = "no connection"
    while time.monotonic() < deadline:
        process.check()
        try:
            reply = requests.post(host + contender.path, json=contender.body(record), timeout=5)
        except requests.RequestException:
            time.sleep(RETRY_S)
            continue
        if reply.status_code == 200:
            if not contender.constant and abs(contender.charges(reply.json()) - right) > 0.011:
                raise WrongError(f"{contender.name} says {reply.text}, the model {right}")
            return
        said = f"{reply.status_code} {reply.text[:200]}"
        time.sleep(RETRY_S)
    raise EndedError(f"{contender.name} did not answer within {PATIENCE_S:.0f} s: {said}")


def closed(served: Served, path: str, bodies: Path, connections: int, seconds: float) -> Closed:
    """Let wrk keep `connections` busy for some whole seconds."""
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
            str(FOLDER / "wrk.lua"),
            served.host + path,
        ],
        env={**os.environ, "BODIES": str(bodies)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise EndedError(f"wrk ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    took_s = time.perf_counter() - at_s
    return read_wrk(done.stdout, served.process.cpu_s() - cpu_s, took_s)


def read_wrk(said: str, cpu_s: float, seconds: float) -> Closed:
    """What the script has wrk print in its last line, and the service's processor time in these seconds."""
    counts = json.loads(said.strip().rpartition("\n")[2])
    good = counts["replies"] - counts["refused"]
    return Closed(
        per_second=good / counts["seconds"],
        p50_ms=counts["p50_ms"],
        p99_ms=counts["p99_ms"],
        failed=counts["refused"] + counts["broken"],
        per_cpu_second=good / max(cpu_s, 0.01),
        busy=cpu_s / seconds,
    )
