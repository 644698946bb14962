"""Says what changed in a series of runs, and how runs are shown in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from reports.data.quantities import NOTHING, add_unit, format_count, format_number, format_start
from reports.data.recorded_runs import RecordedRun
from reports.history.change_points import LEAST_VALUES
from reports.history.series import KEY_FIGURES, Change, KeyFigure, RunSeries
from reports.judging.outcomes import SYMBOLS
from reports.rendering.columns import TableColumn, align_decimals, format_each

WORDS: Final = {"pass": "passed", "fail": "failed", "invalid": "invalid"}


def count_verdicts(runs: Sequence[RecordedRun]) -> str:
    """How many runs there are, and how they came out: 12 runs: 9 passed, 2 failed, 1 invalid."""
    counts = [(word, sum(run.verdict == verdict for run in runs)) for verdict, word in WORDS.items()]
    told = ", ".join(f"{count:,} {word}" for word, count in counts if count)
    return f"{format_count(len(runs), 'run')}: {told}" if runs else "no judged run"


def describe_series(series: RunSeries) -> str:
    """The newest change with how many there are besides, or that none was found, or could be."""
    changes = series.changes
    if changes:
        more = f" (and {format_count(len(changes) - 1, 'more change')})" if changes[1:] else ""
        return f"{describe_change(*changes[0])}{more}"
    valid = len(series.comparable)
    if valid < LEAST_VALUES:
        return f"{format_count(valid, 'valid run')}: a change of level can be found from {LEAST_VALUES} on"
    return f"No figure changed its level in {format_count(valid, 'valid run')}"


def name_series(series: RunSeries, newer: RunSeries | None) -> str:
    """The scenario and the service; and what is other than in the `newer` series of the same scenario."""
    conditions = series.conditions
    name = f"{conditions.scenario} on {conditions.service}"
    if newer is None:
        return name
    return f"{name} (other {' and '.join(conditions.list_differences(newer.conditions))})"


def find_newer(series: RunSeries, grouped: Sequence[RunSeries]) -> RunSeries | None:
    """The next newer series of the same scenario; `grouped` begins with the newest."""
    before = grouped[: grouped.index(series)]
    same = (each for each in reversed(before) if each.conditions.scenario == series.conditions.scenario)
    return next(same, None)


def describe_change(figure: KeyFigure, change: Change) -> str:
    """One change, without full stop: p99 rose from 4.2 to 9.8 ms with the run of 2026-11-20 12:00:00 UTC."""
    verb = "rose" if change.after > change.before else "fell"
    before, after = format_number(change.before), add_unit(format_number(change.after), figure.unit)
    return (
        f"{figure.title} {verb} from {before} to {after}{_describe_ratio(change)} "
        f"with the run of {format_start(change.run.facts.started_at)}"
    )


def _describe_ratio(change: Change) -> str:
    if change.before <= 0:
        return ""
    percent = 100 * (change.after / change.before - 1)
    return f" ({'+' if percent > 0 else '-'}{format_number(abs(percent), 2)} %)"


def list_run_columns() -> tuple[TableColumn[RecordedRun], ...]:
    """The columns of a table of runs."""
    return (
        TableColumn("Run", format_each(lambda run: format_start(run.facts.started_at)), kind="row heading"),
        TableColumn(
            "Verdict", format_each(lambda run: f"{SYMBOLS[run.verdict]} {WORDS[run.verdict]}"), kind="words"
        ),
        *map(_list_figure_column, KEY_FIGURES),
        TableColumn("Version", format_each(_describe_version), kind="words", optional=True),
        TableColumn("Note", format_each(lambda run: run.facts.note or NOTHING), kind="words", optional=True),
    )


def _list_figure_column(figure: KeyFigure) -> TableColumn[RecordedRun]:
    def format_cells(runs: Sequence[RecordedRun]) -> Sequence[str]:
        return align_decimals([run.totals.get(figure.column, math.nan) * figure.scale for run in runs])

    return TableColumn(figure.title, format_cells, figure.unit)


def _describe_version(run: RecordedRun) -> str:
    """The version that the service told."""
    return run.facts.service.get("version", NOTHING)
