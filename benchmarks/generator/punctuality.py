"""Measures the lateness of the open model: the time from a request's intended start to its send."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.generator.measuring import NullService
from benchmarks.generator.processes import PROJECT
from reports.data.folder import read_run
from reports.data.percentiles import compute_percentiles

SCENARIO: Final = Path(__file__).parent / "arrivals.yaml"


@dataclass(frozen=True)
class SendLateness:
    """How late requests were sent, in milliseconds after their intended start."""

    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def measure_lateness(service: NullService, core: int) -> SendLateness:
    """Run the scenario on one core; return the lateness of all requests after the warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        suite = [sys.executable, "-m", "loadtests", "--scenario", str(SCENARIO)]
        command = ["taskset", "--cpu-list", str(core), *suite, "--host", service.host, "--out", folder]
        subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True)
        run = read_run(Path(folder) / "latest")
    (stage,) = run.facts.judged_stages
    samples = run.samples.select(run.samples.stage.equal(stage.name))
    lateness_ms = (samples.sent_s - samples.intended_s) * 1000.0
    p50_ms, p99_ms, max_ms = compute_percentiles(lateness_ms, (0.5, 0.99, 1.0))
    return SendLateness(len(samples), p50_ms, p99_ms, max_ms)
