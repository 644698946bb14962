"""`python -m benchmarks.own_code`: measure, then write benchmarks/results/own_code.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.own_code.columns import LIBRARY, OWN, ColumnsCost, measure_columns
from benchmarks.own_code.http_metrics import measure_middleware_us, measure_own_us
from benchmarks.own_code.intervals import (
    CONFIDENCE,
    MEMORIES,
    SAMPLES,
    SERIES,
    SHARE,
    Coverage,
    measure_coverage,
)
from benchmarks.own_code.slicing import ROWS, SlicingCost, measure_slicing
from loadtests.recording.facts import describe_machine
from reports.data.quantities import format_number

RESULT: Final = Path(__file__).parents[1] / "results" / "own_code.md"
PACKAGES: Final = ("pyarrow", "pandas", "prometheus-fastapi-instrumentator", "fastapi", "pydantic", "scipy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own_code", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=9, metavar="N", help="how often each is measured (default: 9)"
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    turns = range(options.rounds)
    columns = [(measure_columns(LIBRARY), measure_columns(OWN)) for _ in turns]
    metrics = [(measure_middleware_us(), measure_own_us()) for _ in turns]
    slicing = [measure_slicing() for _ in turns]
    coverage = [measure_coverage(memory) for memory in MEMORIES]
    options.out.write_text(render_page(columns, metrics, slicing, coverage), encoding="utf-8")
    print(f"written: {options.out}")
    return 0


def render_page(
    columns: Sequence[tuple[ColumnsCost, ColumnsCost]],
    metrics: Sequence[tuple[float, float]],
    slicing: Sequence[SlicingCost],
    coverage: Sequence[Coverage],
) -> str:
    """Render the Markdown page."""
    library, own = zip(*columns, strict=True)
    middleware_us, own_us = (median(values) for values in zip(*metrics, strict=True))
    here = describe_machine()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    rows = [
        _row("Arrow columns: first one of a process, to Arrow and back, ms", library, own, "cpu_ms"),
        _row("Arrow columns: memory for it, MB", library, own, "memory_mb"),
        f"| `http_*` metrics of a request, µs | {format_number(middleware_us, 2)} | "
        f"{format_number(own_us, 2)} |",
        f"| a batch of {ROWS:,} records: the event loop is blocked for at most, ms "
        f"| {_median(slicing, 'whole_ms')} | {_median(slicing, 'longest_slice_ms')} |",
        f"| such a batch: all of its reading, ms "
        f"| {_median(slicing, 'whole_ms')} | {_median(slicing, 'slices_ms')} |",
    ]
    return "\n".join(
        [
            "# What own code gains",
            "",
            "Where this project has code of its own for what a library does: processor time and memory of "
            f"both, medians of {len(columns)} rounds in alternation.",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {here['processor']}, {here['cores']} cores. "
            f"Python {sys.version.split()[0]}, {versions}.",
            "",
            "| what | library | own |",
            "|---|---:|---:|",
            *rows,
            "",
            "The libraries: `pyarrow.array` and `to_numpy`, which import pandas; the middleware of "
            "prometheus-fastapi-instrumentator; pydantic reading the whole list at once. Cutting a batch "
            f"into slices costs {_median(slicing, 'cutting_us')} µs per record.",
            "",
            "## Intervals",
            "",
            f"How many of {SERIES} intervals at {100 * CONFIDENCE:.0f} % contain the true error rate of "
            f"{100 * SHARE:.0f} %, each from {SAMPLES:,} requests that fail where an AR(1) series is above "
            f"its {100 * (1 - SHARE):.0f}th percentile. Clopper and Pearson's interval, like a bootstrap "
            "that resamples single requests, assumes that requests are independent.",
            "",
            "| autocorrelation | Clopper and Pearson | with the block bootstrap | ms per interval |",
            "|---:|---:|---:|---:|",
            *(
                f"| {each.memory:g} | {100 * each.independent:.0f} % | {100 * each.own:.0f} % "
                f"| {format_number(each.own_ms, 2)} |"
                for each in coverage
            ),
            "",
            "The HTTP client and the recording of requests are measured in [generator.md](generator.md).",
            "",
            "Measured by `python -m benchmarks.own_code`.",
            "",
        ]
    )


def _row(text: str, library: Sequence[ColumnsCost], own: Sequence[ColumnsCost], figure: str) -> str:
    return f"| {text} | {_median(library, figure)} | {_median(own, figure)} |"


def _median(costs: Sequence[object], figure: str) -> str:
    return format_number(median(getattr(each, figure) for each in costs), 2)


if __name__ == "__main__":
    sys.exit(main())
