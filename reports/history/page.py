"""Renders the history of a folder of runs as a single HTML page without scripts and requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote

from reports.data.quantities import NOTHING, format_count, format_number, format_start
from reports.data.recorded_runs import REPORT_FILE, RecordedRun, RecordedRuns
from reports.history.change_points import LEAST_VALUES, PERMUTATIONS, SIGNIFICANCE
from reports.history.plots import SmallPlot, lay_out_plots
from reports.history.series import MOST_RUNS, RunSeries
from reports.history.wording import (
    WORDS,
    count_verdicts,
    describe_change,
    describe_series,
    find_newer,
    list_run_columns,
    name_series,
)
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.page import fill_style_sheet, load_templates
from reports.rendering.page_table import PageTable, TableRow, build_table

_FOLDED_FROM = 20
"""Tables with more rows are folded; the newest run and all plots stay in sight."""


class _Section(NamedTuple):
    key: str
    name: str
    finding: str
    conditions: str
    changes: list[tuple[str, bool]]
    plots: tuple[SmallPlot, ...]
    table: PageTable
    folded: bool


def render_history(found: RecordedRuns, grouped: Sequence[RunSeries], folder: str) -> str:
    """The page, whose links lead to the reports beside it; all text from outside the suite is escaped."""
    return (
        load_templates()
        .get_template("history.html")
        .render(
            folder=folder,
            title=count_verdicts(found.runs),
            newest=format_start(found.runs[-1].facts.started_at) if found.runs else NOTHING,
            oldest=format_start(found.runs[0].facts.started_at) if found.runs else NOTHING,
            style=fill_style_sheet(),
            sections=[_build_section(place, series, grouped) for place, series in enumerate(grouped)],
            unreadable=found.unreadable,
            permutations=PERMUTATIONS,
            percent=format_number(100 * SIGNIFICANCE),
            most=MOST_RUNS,
            least=LEAST_VALUES,
            unreadable_title=format_count(len(found.unreadable), "folder is", "folders are"),
        )
    )


def _build_section(place: int, series: RunSeries, grouped: Sequence[RunSeries]) -> _Section:
    return _Section(
        f"series-{place + 1}",
        name_series(series, find_newer(series, grouped)),
        describe_series(series),
        f"{count_verdicts(series.runs)}. Load generator: {series.conditions.machine or 'unknown machine'}.",
        [(describe_change(figure, change), change.is_worse) for figure, change in series.changes],
        lay_out_plots(series),
        _build_table(series),
        len(series.runs) > _FOLDED_FROM,
    )


def _build_table(series: RunSeries) -> PageTable:
    run, verdict, *figures = list_run_columns()
    verdict = replace(verdict, kind="outcome", format_cells=format_each(lambda run: WORDS[run.verdict]))
    link: TableColumn[RecordedRun] = TableColumn(
        "Report", format_each(lambda run: "report" if run.has_report else NOTHING), kind="link"
    )
    return build_table(
        "",
        "The newest run first; latencies of answered requests, over all that is judged.",
        [run, verdict, link, *figures],
        series.runs[::-1],
        describe_row=lambda run: TableRow(
            muted=run.verdict == "invalid",
            outcome={"pass": "met", "fail": "missed"}.get(run.verdict, ""),
            link=f"{quote(run.name)}/{REPORT_FILE}" if run.has_report else "",
        ),
        dense=True,
    )
