"""Renders the counts as a Markdown page: a table for each kind of error, a row for each process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.judge.foretelling import NeedForetold
from benchmarks.judge.judging import Counts
from benchmarks.judge.looks import REQUESTS, LooksCompared
from benchmarks.judge.processes import PROCESSES
from benchmarks.judge.results import JudgeResults
from reports.data.checkpoints import FIRST, PARTS

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
        *([_render_foretold(results.foretold)] if results.foretold else []),
        *([_render_looks(results.looks)] if results.looks else []),
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
    told = ("*runs*", *(_format_runs(results, *column) for column in COLUMNS))
    return _join_table(table.heading, table.about, [heads, *rows, told])


def _render_foretold(foretold: Sequence[NeedForetold]) -> str:
    heads = ("requests", "half of the runs prove it after", "foretold: lower quartile", "median", "upper")
    rows = [
        (each.process, f"{each.requests:,}", *(f"{_round(quartile):,.0f}" for quartile in each.foretold))
        for each in foretold
    ]
    about = (
        f"Three in ten of the requests that p99 permits exceed the limit ({foretold[0].runs:,} runs a row). "
        "Runs of half the length that proves it in half of all cases say how many more samples they need, "
        "if they are unproven. The figures include the samples that they have."
    )
    return _join_table("Samples that are needed", about, [heads, *rows])


def _render_looks(looks: Sequence[LooksCompared]) -> str:
    heads = (
        *("requests", "of the budget used"),
        *("proven: ten planned looks", "anytime-valid", "broken: planned", "anytime-valid"),
        *("stopped after: planned", "anytime-valid"),
    )
    rows = [
        (
            each.process,
            f"{100 * each.used:g} %",
            *(f"{100 * rule.proven:.1f} %" for rule in (each.planned, each.anytime)),
            *(f"{100 * rule.broken:.1f} %" for rule in (each.planned, each.anytime)),
            *(f"{100 * rule.stopped:.0f} %" for rule in (each.planned, each.anytime)),
        )
        for each in looks
    ]
    runs = sorted({each.runs for each in looks})
    told = f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,}"
    about = (
        f"{REQUESTS:,} requests, p99, {told} runs a row. The first rule looks ten times and divides the "
        "doubt among the looks (Bonferroni). The second is that of `--stop-when-decided`: "
        f"{PARTS - FIRST} looks by an anytime-valid bound, from a fifth of the run on, and its end. Where "
        "all of the budget is used, a proof is false, and so is a breach; 5 % is permitted for all looks "
        "together. The last two columns are the mean share of the planned time after which the limit is "
        "proven or broken, 100 % if it never is."
    )
    return _join_table("Looks during a run", about, [heads, *rows])


def _join_table(heading: str, about: str, lines: Sequence[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in lines[0][1:]))
    shown = [f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:])]
    return "\n".join([f"## {heading}", "", about, "", *shown])


def _format_runs(results: JudgeResults, requests: int, percent: float) -> str:
    found = [results.find(process.name, requests, percent) for process in PROCESSES]
    runs = sorted({counts.runs for counts in found if counts is not None})
    return "–" if not runs else f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} – {runs[-1]:,}"


def _round(count: float) -> float:
    return float(f"{count:.2g}")


def _format_share(counts: Counts | None, table: ErrorTable) -> str:
    if counts is None:
        return "–"
    percent = 100.0 * table.count(counts) / counts.runs
    return f"{percent:.1f} %" if percent < 99.95 or table.count(counts) == counts.runs else "> 99.9 %"
