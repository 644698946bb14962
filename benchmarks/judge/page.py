"""Renders the counts as a Markdown page: a table for each kind of error, a row for each process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.judge.judging import Counts
from benchmarks.judge.processes import PROCESSES
from benchmarks.judge.results import JudgeResults

COLUMNS: Final = ((1_000, 95.0), (1_000, 99.0), (10_000, 99.0), (100_000, 99.0))
"""Requests of a run, and the percentile that is judged."""


@dataclass(frozen=True)
class ErrorTable:
    """A table: its heading, how it is read, and the share of runs that it shows."""

    heading: str
    about: str
    count: Callable[[Counts], int]


TABLES: Final = (
    ErrorTable(
        "False proof",
        "The limit is the true percentile, so that the service just fails to stay below it. In this share of "
        "runs the limit is called proven all the same; 5 % is permitted.",
        lambda counts: counts.proven,
    ),
    ErrorTable(
        "False alarm",
        "The same runs: in this share the limit is called broken with proof, as an early end would call it; "
        "5 % is permitted.",
        lambda counts: counts.broken,
    ),
    ErrorTable(
        "Coverage",
        "The same runs: in this share the interval contains the true percentile, or there are too few "
        "requests for an interval; 95 % is promised.",
        lambda counts: counts.covered,
    ),
    ErrorTable(
        "Power",
        "Half as many requests exceed the limit as the objective permits. In this share of runs the limit is "
        "proven.",
        lambda counts: counts.found,
    ),
    ErrorTable(
        "Missed though kept",
        "The same runs, in which half of what is permitted exceeds the limit: in this share the objective is "
        "missed, because more than is permitted exceeded it in the run. What was observed decides that, "
        "without an interval.",
        lambda counts: counts.missed,
    ),
)


def render_page(results: JudgeResults) -> str:
    """Render the Markdown page."""
    runs = sorted({cell.counts.runs for cell in results.cells})
    told = f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,}"
    parts = [
        "# How often the judge is wrong",
        f"Simulated runs of services whose true percentiles are known, judged as any run is: {told} runs a "
        "cell. How to read the tables, and what they don't cover: [docs/judge.md](../../docs/judge.md).",
        *(_render_table(table, results) for table in TABLES),
        "Simulated by `make bench-judge`, which makes 10,000 runs a cell; [judge.json](judge.json) has all "
        "counts.",
    ]
    return "\n\n".join(parts) + "\n"


def _render_table(table: ErrorTable, results: JudgeResults) -> str:
    heads = ("requests", *(f"{requests:,}, p{percent:g}" for requests, percent in COLUMNS))
    rows = [
        (process.name, *(_format_share(results.find(process.name, *column), table) for column in COLUMNS))
        for process in PROCESSES
    ]
    lines = [heads, ("---", *("---:" for _ in COLUMNS)), *rows]
    return "\n".join(
        [f"## {table.heading}", "", table.about, "", *(f"| {' | '.join(line)} |" for line in lines)]
    )


def _format_share(counts: Counts | None, table: ErrorTable) -> str:
    if counts is None:
        return "–"
    percent = 100.0 * table.count(counts) / counts.runs
    return f"{percent:.1f} %" if percent < 99.95 or table.count(counts) == counts.runs else "> 99.9 %"
