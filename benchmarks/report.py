"""Measures time and memory of a run's report for runs of different size: `python -m benchmarks.report`.

Samples are generated in the form in which a run records them: sealed batches, with autocorrelated latencies
as in a queue. Then `python -m reports write` processes them in another process: it rewrites the Arrow stream
as Parquet, summarises the samples, judges them (intervals and proofs by the block bootstrap, for the run and
for each stage), and draws and writes the report.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from scipy import signal

from loadtests.recording.facts import describe_machine
from loadtests.recording.recorder import BATCH_ROWS
from loadtests.recording.row import OUTCOME_CODES, ROW_DTYPE
from loadtests.recording.sample_writer import SampleWriter
from reports.data.facts import Facts, Plan, Stage

SIZES: Final = (10**5, 10**6, 10**7)
RATE_PER_S: Final = 2_000.0
STAGES: Final = 9
SEED: Final = 20_261
GOAL_S: Final = 30.0
GOAL_GIB: Final = 1.5
RESULT: Final = Path(__file__).parent / "results" / "report.md"
OBJECTIVES: Final = (
    "p99 latency <= 100 ms",
    "p95 latency <= 50 ms",
    "error rate <= 0.1 %",
    "p99 latency <= 200 ms in any 10 s",
    "peak throughput >= 5 requests/s",
)


@dataclass(frozen=True)
class ReportCost:
    """Time and memory of one `write`."""

    wall_s: float
    cpu_s: float
    peak_gib: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size and write the table; return 1 if the largest size misses its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="numbers of samples")
    parser.add_argument("--out", type=Path, default=RESULT, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    rows = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            make_run(folder, size)
            first, again = measure_report(folder), measure_report(folder)
            page_mib = (folder / "report.html").stat().st_size / 2**20
        rows.append((size, first, again, page_mib))
        print(_format_row(*rows[-1]), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(_render_table(rows), encoding="utf-8")
    print(f"written to {options.out}")
    largest = rows[-1][1]
    return 0 if largest.wall_s <= GOAL_S and largest.peak_gib <= GOAL_GIB else 1


def make_run(folder: Path, size: int) -> None:
    """Write a finished run of `size` requests at a constant rate."""
    length_s = size / RATE_PER_S
    edges = np.linspace(0.0, length_s, STAGES + 1).tolist()
    stages = tuple(
        Stage(f"{number} of {STAGES}", start_s, end_s)
        for number, (start_s, end_s) in enumerate(itertools.pairwise(edges), 1)
    )
    facts = Facts(
        scenario="benchmark",
        description="Samples made to measure reports.",
        model="open",
        host="http://127.0.0.1:8000",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        stages=stages,
        objectives=OBJECTIVES,
        plan=Plan(t_s=(0.0,), rate=(RATE_PER_S,), requests=float(size)),
        planned_s=length_s,
        ended_s=length_s,
    )
    (folder / "run.json").write_text(json.dumps(facts.to_json()), encoding="utf-8")
    writer = SampleWriter(folder / "samples.arrows", stages)
    rng, level = np.random.default_rng(SEED), 0.0
    for first in range(0, size, BATCH_ROWS):
        rows, level = _make_rows(rng, first, min(BATCH_ROWS, size - first), level)
        writer.append(rows.tobytes(), ["prediction", "batch"], 0)
    writer.close()


def _make_rows(rng: np.random.Generator, first: int, count: int, level: float) -> tuple[np.ndarray, float]:
    """Return rows with slowly varying latency, and the level at which the next rows continue."""
    memory = 0.95
    noise = rng.standard_normal(count) * np.sqrt(1 - memory**2)
    slow, _ = signal.lfilter([1.0], [1.0, -memory], noise, zi=[memory * level])
    rows = np.zeros(count, dtype=ROW_DTYPE)
    rows["intended_s"] = (first + np.arange(count)) / RATE_PER_S
    rows["sent_s"] = rows["intended_s"] + rng.exponential(2e-4, count)
    rows["service_ms"] = 8.0 * np.exp(0.5 * slow) + rng.exponential(1.0, count)
    rows["latency_ms"] = rows["service_ms"] + (rows["sent_s"] - rows["intended_s"]) * 1000.0
    failed = rng.random(count) < 2e-4
    rows["outcome"] = np.where(failed, OUTCOME_CODES["http_5xx"], OUTCOME_CODES["ok"])
    rows["status"] = np.where(failed, 500, 200)
    rows["endpoint"] = rng.random(count) < 0.1
    rows["rows"], rows["request_bytes"], rows["response_bytes"] = 1, 120, 24
    for column in ("queue_ms", "inference_ms", "batch_size"):
        rows[column] = np.nan
    return rows, float(slow[-1])


def measure_report(folder: Path) -> ReportCost:
    """Write the report of the run in `folder` in another process, and measure that process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "reports", "write", str(folder)])
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python -m reports write ended with {process.returncode}")
    return ReportCost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def _format_row(size: int, first: ReportCost, again: ReportCost, page_mib: float) -> str:
    return (
        f"| {size:,} | {first.wall_s:.1f} | {first.cpu_s:.1f} | {first.peak_gib:.2f} | "
        f"{again.wall_s:.1f} | {again.peak_gib:.2f} | {page_mib:.2f} |"
    )


def _render_table(rows: Sequence[tuple[int, ReportCost, ReportCost, float]]) -> str:
    about = ", ".join(f"{name} {value}" for name, value in describe_machine().items())
    heads = (
        "samples",
        "first time, s",
        "CPU, s",
        "peak memory, GiB",
        "again, s",
        "peak memory again, GiB",
        "report.html, MiB",
    )
    lines = [
        "# From samples to report",
        "",
        f"`make bench-report`, {datetime.now(UTC):%Y-%m-%d}; {about}.",
        "",
        "The first report of a run also rewrites the Arrow stream as Parquet; later ones read Parquet only. "
        f"{len(OBJECTIVES)} objectives and the implicit one of the open model are judged, for the run and "
        f"for each of its {STAGES} stages. Goal for 10,000,000 samples: {GOAL_S:.0f} s and {GOAL_GIB} GiB "
        "on two cores.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---:|" * len(heads),
        *(_format_row(*row) for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
