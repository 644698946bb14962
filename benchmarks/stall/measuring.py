"""Runs two load tests against the stalling service, this suite and plain Locust, and reads their figures."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import requests

from benchmarks.stall.schedule import Floats, StallingService, true_latency_ms
from reports.data.folder import read_run
from reports.data.percentiles import compute_percentiles
from reports.data.samples import Samples

PROJECT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
USERS: Final = 10


class NoFiguresError(Exception):
    """A load test wrote no figures; the message has the last line of its output."""


@dataclass(frozen=True)
class StallFindings:
    """Latencies of all requests that were due, true and measured, in milliseconds and ascending.

    `locust_ms` has the percentiles of Locust's own table. `hiccup_ms` is the worst delay that the machine
    itself added, in the generator and in the service.
    """

    true_ms: Floats
    suite_ms: Floats
    hiccup_ms: float
    locust_ms: Mapping[float, float]
    locust_requests: int


@contextmanager
def start_stalling_service(service: StallingService) -> Iterator[str]:
    """Run the service in a process until the block ends; yields its URL."""
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


def compare_load_tests(service: StallingService, scenario: Path, seconds: int) -> StallFindings:
    """Run both load tests against the service, one after the other, `seconds` each."""
    with tempfile.TemporaryDirectory() as folder:
        with start_stalling_service(service) as host:
            samples = run_suite(host, scenario, Path(folder))
            log = requests.get(f"{host}/log", timeout=10).json()
        with start_stalling_service(service) as host:
            locust_ms, made = run_plain_locust(host, seconds, Path(folder))
    return StallFindings(
        true_ms=np.sort(expected_latencies_ms(service, samples, np.array(log["arrivals_s"]))),
        suite_ms=np.sort(samples.latency_ms),
        hiccup_ms=float(log["worst_ms"] + 1000.0 * np.max(samples.sent_s - samples.intended_s)),
        locust_ms=locust_ms,
        locust_requests=made,
    )


def expected_latencies_ms(service: StallingService, samples: Samples, arrivals_s: Floats) -> Floats:
    """Compute the latency of each request if it had arrived at its intended start.

    `arrivals_s` are times by the service's clock. The offset of the two clocks follows from the request with
    the shortest way, which is assumed to have taken no time.
    """
    apart_s = float(np.min(np.sort(arrivals_s) - np.sort(samples.sent_s)))
    return true_latency_ms(service, samples.intended_s + apart_s)


def run_suite(host: str, scenario: Path, folder: Path) -> Samples:
    """Run this suite and return its samples."""
    where = ("--scenario", str(scenario), "--host", host, "--out", str(folder))
    _run_module("loadtests", *where, "--no-preflight")  # the service's clock starts at the first request
    return read_run(folder / "latest").samples


def run_plain_locust(host: str, seconds: int, folder: Path) -> tuple[dict[float, float], int]:
    """Run plain Locust; return the percentiles of its own table in milliseconds, and its request count."""
    users = ["-u", str(USERS), "-r", str(USERS), "-t", f"{seconds}s", "--stop-timeout", "5"]
    table = folder / "locust"
    said = _run_module(
        "locust", "-f", str(HERE / "plain.py"), "--host", host, "--headless", "--csv", str(table), *users
    )
    file = table.with_name("locust_stats.csv")
    if not file.exists():
        raise NoFiguresError(f"Locust wrote no table: {said}")
    with file.open(encoding="utf-8", newline="") as lines:
        total = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    percentiles = {float(key[:-1]): float(value) for key, value in total.items() if key.endswith("%")}
    return percentiles, int(total["Request Count"])


def _run_module(module: str, *arguments: str) -> str:
    """Run a Python module; return the last line of its output. Its exit code, a verdict, is ignored."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return (done.stderr + done.stdout).strip().rpartition("\n")[2]


def find_percentile_ms(values_ms: Floats, percent: float) -> float:
    """Return the nearest-rank percentile of at least one value."""
    return compute_percentiles(values_ms, (Fraction(str(percent)) / 100,))[0]
