"""Formats the history of runs for the terminal and for other programs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from reports.data.quantities import format_count
from reports.data.recorded_runs import RecordedRun, RecordedRuns
from reports.history.series import KEY_FIGURES, RunSeries
from reports.history.wording import (
    count_verdicts,
    describe_change,
    describe_series,
    find_newer,
    list_run_columns,
    name_series,
)
from reports.rendering.columns import TableColumn, tabulate
from reports.rendering.text_table import align_table

MOST_LINES = 10
"""Runs of a series that the terminal lists; the page lists all."""


def format_history(found: RecordedRuns, series: Sequence[RunSeries], width: int) -> str:
    """A table for each series with what changed, in lines of at most `width` columns where a table fits."""
    parts = [f"{count_verdicts(found.runs).capitalize()}."]
    parts += ["\n".join(_format_series(one, find_newer(one, series), width)) for one in series]
    if found.unreadable:
        many = format_count(len(found.unreadable), "folder is", "folders are")
        lines = [f"  {name}: {reason}" for name, reason in found.unreadable]
        parts.append("\n".join([f"{many} not shown:", *_wrap(lines, width)]))
    return "\n\n".join(map(_clean, parts))


def encode_history(found: RecordedRuns, series: Sequence[RunSeries]) -> dict[str, Any]:
    """All series with their runs, the oldest first, and their changes; figures in the units they name."""
    return {
        "series": [
            {
                "scenario": one.conditions.scenario,
                "service": one.conditions.service,
                "machine": one.conditions.machine,
                "runs": [_encode_run(run) for run in one.runs],
                "changes": [
                    {
                        "figure": figure.column,
                        "run": change.run.name,
                        "before": change.before / figure.scale,
                        "after": change.after / figure.scale,
                        "p_value": change.p_value,
                        "is_worse": change.is_worse,
                    }
                    for figure, change in one.changes
                ],
            }
            for one in series
        ],
        "unreadable": [each._asdict() for each in found.unreadable],
    }


def _encode_run(run: RecordedRun) -> dict[str, Any]:
    totals = (run.totals.get(figure.column, math.nan) for figure in KEY_FIGURES)
    return {
        "run": run.name,
        "started_at": run.facts.started_at,
        "verdict": run.verdict,
        "sentence": run.sentence,
        **{
            figure.column: total if math.isfinite(total) else None
            for figure, total in zip(KEY_FIGURES, totals, strict=True)
        },
    }


def _format_series(series: RunSeries, newer: RunSeries | None, width: int) -> Iterator[str]:
    yield from _wrap([name_series(series, newer)], width)
    changes = [describe_change(figure, change) for figure, change in series.changes]
    yield from _wrap([f"  {told}." for told in changes or [describe_series(series)]], width)
    newest = series.runs[: -MOST_LINES - 1 : -1]
    for line in _choose_table(newest, width):
        yield f"  {line}"
    if len(series.runs) > MOST_LINES:
        yield f"  and {format_count(len(series.runs) - MOST_LINES, 'earlier run')}"


def _choose_table(runs: Sequence[RecordedRun], width: int) -> list[str]:
    """The widest table that fits: without notes, then without figures from the last on."""
    columns: list[TableColumn[RecordedRun]] = list(list_run_columns())
    while True:
        lines = align_table(*tabulate(columns, runs))
        if len(columns) == 2 or max(map(len, lines)) + 2 <= width:
            return lines
        columns.pop()


def _wrap(lines: Sequence[str], width: int) -> list[str]:
    """The lines cut between words; a path or a command that is longer stays whole, to be copied."""
    wrapper = textwrap.TextWrapper(
        max(width, 20), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return [cut for line in lines for cut in wrapper.wrap(line)]


def _clean(text: str) -> str:
    """The text without control characters, which could control the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
