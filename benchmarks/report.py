"""How long a run's report takes, and how much memory, as the run grows: `python -m benchmarks.report`.

Samples are made as a run records them, in sealed batches, with latencies that hang together as in a queue.
Then `python -m reports write` does all its work on them in a process of its own: the Arrow stream is
rewritten as Parquet, the samples are summarised, judged (intervals and proofs by the block bootstrap, for the
run and for each stage), drawn and written.
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

from loadtests.recording.facts import machine
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
class Measured:
    """What one `write` took."""

    wall_s: float
    cpu_s: float
    peak_gib: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size, write the table; 1 where the largest missed its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="numbers of samples")
    parser.add_argument("--out", type=Path, default=RESULT, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    rows = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            make_run(folder, size)
            first, again = measure(folder), measure(folder)
            page_mib = (folder / "report.html").stat().st_size / 2**20
        rows.append((size, first, again, page_mib))
        print(_row(*rows[-1]), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(_table(rows), encoding="utf-8")
    print(f"written to {options.out}")
    largest = rows[-1][1]
    return 0 if largest.wall_s <= GOAL_S and largest.peak_gib <= GOAL_GIB else 1


def make_run(folder: Path, size: int) -> None:
    """A finished run of `size` requests at an even rate, as the load test leaves it."""
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
        rows, level = _batch(rng, first, min(BATCH_ROWS, size - first), level)
        writer.append(rows.tobytes(), ["prediction", "batch"], 0)
    writer.close()


def _batch(rng: np.random.Generator, first: int, count: int, level: float) -> tuple[np.ndarray, float]:
    """Rows whose latency goes up and down slowly, and the level from which the next ones go on."""
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


def measure(folder: Path) -> Measured:
    """Write the report of the run in `folder` in a process of its own."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "reports", "write", str(folder)])
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python -m reports write ended with {process.returncode}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def _row(size: int, first: Measured, again: Measured, page_mib: float) -> str:
    return (
        f"| {size:,} | {first.wall_s:.1f} | {first.cpu_s:.1f} | {first.peak_gib:.2f} | "
        f"{again.wall_s:.1f} | {again.peak_gib:.2f} | {page_mib:.2f} |"
    )


def _table(rows: Sequence[tuple[int, Measured, Measured, float]]) -> str:
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
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
        "The first time the Arrow stream of the run is rewritten as Parquet too; later only Parquet is read. "
        f"{len(OBJECTIVES)} objectives and the implicit one of the open model are judged, for the run and "
        f"for each of its {STAGES} stages. Goal for 10,000,000 samples: {GOAL_S:.0f} s and {GOAL_GIB} GiB "
        "on two cores.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---:|" * len(heads),
        *(_row(*row) for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
