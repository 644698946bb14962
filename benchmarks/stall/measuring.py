"""Ask the stalling service by two load tests, this suite and plain Locust; read what each of them says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import requests

from benchmarks.stall.schedule import Floats, Service, true_latency_ms
from reports.data.folder import read_run
from reports.data.samples import Samples

PROJECT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
USERS: Final = 10


class FailedError(Exception):
    """A load test wrote no figures; the message has its last words."""


@dataclass(frozen=True)
class Findings:
    """Latencies of all requests that were due, true and measured, in milliseconds and ascending.

    `locust_ms` is what Locust's own table has for each of its percentiles. `hiccup_ms` is by how much, at the
    worst, the machine kept generator and service from being on time.
    """

    true_ms: Floats
    suite_ms: Floats
    hiccup_ms: float
    locust_ms: Mapping[float, float]
    locust_requests: int


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """The service in a process of its own, at the URL given, until the block ends."""
    described = json.dumps(
        {"work_s": service.work_s, "stalls": [[stall.start_s, stall.end_s] for stall in service.stalls]}
    )
    command = [sys.executable, "-m", "benchmarks.stall.service", described]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def measure(service: Service, scenario: Path, seconds: int) -> Findings:
    """Run both load tests against the service, one after the other, `seconds` each."""
    with tempfile.TemporaryDirectory() as folder:
        with serving(service) as host:
            samples = ask_with_suite(host, scenario, Path(folder))
            log = requests.get(f"{host}/log", timeout=10).json()
        with serving(service) as host:
            locust_ms, made = ask_with_locust(host, seconds, Path(folder))
    return Findings(
        true_ms=np.sort(truth(service, samples, np.array(log["arrivals_s"]))),
        suite_ms=np.sort(samples.latency_ms),
        hiccup_ms=float(log["worst_ms"] + 1000.0 * np.max(samples.sent_s - samples.intended_s)),
        locust_ms=locust_ms,
        locust_requests=made,
    )


def truth(service: Service, samples: Samples, arrivals_s: Floats) -> Floats:
    """What each request should have waited, had it arrived when it was due.

    `arrivals_s` are the service's own records, by its own clock. The two clocks are told apart by the request
    that was fastest from here to there: it is taken to have needed no time.
    """
    apart_s = float(np.min(np.sort(arrivals_s) - np.sort(samples.sent_s)))
    return true_latency_ms(service, samples.intended_s + apart_s)


def ask_with_suite(host: str, scenario: Path, folder: Path) -> Samples:
    """The samples of a run of this suite."""
    _run("loadtests", "--scenario", str(scenario), "--host", host, "--out", str(folder))
    return read_run(folder / "latest").samples


def ask_with_locust(host: str, seconds: int, folder: Path) -> tuple[dict[float, float], int]:
    """The percentiles in Locust's own table, in milliseconds, and how many requests it made."""
    users = ["-u", str(USERS), "-r", str(USERS), "-t", f"{seconds}s", "--stop-timeout", "5"]
    table = folder / "locust"
    said = _run(
        "locust", "-f", str(HERE / "plain.py"), "--host", host, "--headless", "--csv", str(table), *users
    )
    file = table.with_name("locust_stats.csv")
    if not file.exists():
        raise FailedError(f"Locust wrote no table: {said}")
    with file.open(encoding="utf-8", newline="") as lines:
        total = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    percentiles = {float(key[:-1]): float(value) for key, value in total.items() if key.endswith("%")}
    return percentiles, int(total["Request Count"])


def _run(module: str, *arguments: str) -> str:
    """The last line that a module of Python says; its exit code is a verdict, and not asked for."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return (done.stderr + done.stdout).strip().rpartition("\n")[2]


def at(ordered_ms: Floats, percent: float) -> float:
    """The nearest-rank percentile of ascending values."""
    return float(np.quantile(ordered_ms, percent / 100.0, method="inverted_cdf"))
