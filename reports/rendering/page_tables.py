"""The tables of the page: what stands in which column, in words ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.charts.formatting import column, ms, share
from reports.data.quantities import counted, number
from reports.figures.figures import Figures
from reports.figures.summary import Summary
from reports.judging.verdict import Verdict
from reports.rendering.stages import stage_name, stage_outcome, users_column


@dataclass(frozen=True)
class Column:
    """A column's title; it holds figures unless it holds words, which may be `long`, or `heads` its row."""

    title: str
    words: bool = False
    heads: bool = False
    long: bool = False
    outcomes: bool = False
    """Whether its words stand beside the mark of their row's outcome."""
    linked: bool = False
    """Whether its words lead where their row's link leads."""


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; a muted row is not judged."""

    cells: tuple[str, ...]
    muted: bool = False
    outcome: str = ""
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table that says what is seen in it."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    dense: bool = False
    """Whether its figures are short, so that five fit beside each other on a narrow page."""


_FIGURES = ("Replies/s", "Requests", "Errors", "p50, ms", "p95, ms", "p99, ms", "max, ms")


def stage_table(verdict: Verdict) -> Table | None:
    """The stages in order, numbered as above the plots; None where there are none."""
    stages = [judged.stage for judged in verdict.stages]
    if not stages:
        return None
    warm = any(not stage.judged for stage in stages)
    rate = any(stage.rate is not None for stage in stages)
    columns = []
    if crowd := users_column(stages):
        head, users = crowd
        columns.append((head.capitalize(), users))
    if rate:
        columns.append(("Planned/s", ["–" if s.rate is None else number(s.rate) for s in stages]))
    outcomes = [(judged.outcome, stage_outcome(judged)) for judged in verdict.stages]
    columns += _figure_columns([stage.figures for stage in stages])
    names = [f"{place}. {stage_name(stage)}" for place, stage in enumerate(stages, 1)]
    counted_in = [stage for stage in stages if stage.judged]
    slow = [stage for stage in counted_in if stage.figures.p99_ms is not None]
    title = f"{counted(len(stages), 'stage')}"
    if slow:
        worst = max(slow, key=lambda stage: stage.figures.p99_ms or 0.0)
        p99 = ms(worst.figures.p99_ms)
        title = f"p99 was highest in “{worst.name}”: {p99}" if len(counted_in) > 1 else f"p99 was {p99}"
    caption = "Requests by the stage they were meant to start in; latencies of answered requests."
    if warm:
        caption += (
            " Warm-up is hatched in the plots and not judged, but for requests that were under way when it "
            "ended: they are in the stage after it."
        )
    caption += " The outcome is each stage's for itself; the verdict is on the run as a whole."
    table = table_of(title, caption, "Stage", names, columns, [not stage.judged for stage in stages])
    return _with_outcomes(table, outcomes)


def _with_outcomes(table: Table, outcomes: Sequence[tuple[str, str]]) -> Table:
    """The table with a column of outcomes, each a word for its mark and what stands beside that."""
    columns = (table.columns[0], Column("Outcome", words=True, outcomes=True), *table.columns[1:])
    rows = tuple(
        Row((row.cells[0], words, *row.cells[1:]), row.muted, outcome)
        for row, (outcome, words) in zip(table.rows, outcomes, strict=True)
    )
    return replace(table, columns=columns, rows=rows)


def endpoint_table(summary: Summary) -> Table | None:
    """The endpoints; None where there is only one, since the totals tell the same."""
    endpoints = summary.endpoints
    if len(endpoints) < 2:
        return None
    slow = max(endpoints, key=lambda endpoint: endpoint.figures.p99_ms or 0.0)
    return table_of(
        f"p99 was highest on “{slow.endpoint}”: {ms(slow.figures.p99_ms)}",
        "All that is judged, by endpoint; latencies of answered requests.",
        "Endpoint",
        [endpoint.endpoint for endpoint in endpoints],
        _figure_columns([endpoint.figures for endpoint in endpoints]),
    )


def failure_table(summary: Summary) -> Table | None:
    """What failed, the most frequent first; None where nothing did."""
    failures = summary.failures
    if not failures:
        return None
    return table_of(
        "",
        "Requests that did not succeed, by reason; times are of the intended start.",
        "Reason",
        [failure.reason + (" (expected)" if failure.expected else "") for failure in failures],
        [
            ("Requests", [f"{failure.count:,}" for failure in failures]),
            ("Share of all", [share(failure.share) for failure in failures]),
            ("First at", [clock(failure.first_s) for failure in failures]),
            ("Last at", [clock(failure.last_s) for failure in failures]),
        ],
    )


def clock(t_s: float) -> str:
    """A moment of the run: 1:02.345 is a minute and 2.345 s after its start."""
    minutes, seconds = divmod(t_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:06.3f}" if hours else f"{minutes}:{seconds:06.3f}"


def _figure_columns(all_figures: list[Figures]) -> list[tuple[str, list[str]]]:
    latencies = column([value for f in all_figures for value in (f.p50_ms, f.p95_ms, f.p99_ms, f.max_ms)])
    cells = [
        column([f.throughput_rps for f in all_figures]),
        [f"{f.requests:,}" for f in all_figures],
        [f"{f.errors:,}" for f in all_figures],
        *(latencies[place::4] for place in range(4)),
    ]
    return list(zip(_FIGURES, cells, strict=True))


_LONG = ("Endpoint", "Trace")
_WORDS = ("Outcome", "Stage", *_LONG)


def table_of(
    title: str,
    caption: str,
    heading: str,
    names: list[str],
    columns: list[tuple[str, list[str]]],
    muted: list[bool] | None = None,
) -> Table:
    """A table whose rows begin with `names` and go on with the cells of titled columns."""
    heads = (
        Column(heading, words=True, heads=True),
        *(Column(name, words=name in _WORDS, long=name in _LONG) for name, _ in columns),
    )
    cells = zip(names, *(values for _, values in columns), strict=True)
    dimmed = muted or [False] * len(names)
    rows = tuple(Row(row, dim) for row, dim in zip(cells, dimmed, strict=True))
    return Table(title, caption, heads, rows, dense=columns[-1][0] == _FIGURES[-1])
