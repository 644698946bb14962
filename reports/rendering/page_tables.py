"""Builds the page's tables of stages, endpoints and failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reports.charts.formatting import format_ms, format_share
from reports.data.failed_requests import FailedRequest, FailedRequests
from reports.data.quantities import NOTHING, format_count
from reports.figures.figures import Figures, StageFigures
from reports.figures.reasons import describe_failure
from reports.figures.summary import EndpointFigures, Failure, Summary
from reports.judging.stages import StageJudgement
from reports.judging.verdict import Verdict
from reports.rendering.columns import Item, TableColumn, format_aligned, format_each
from reports.rendering.page_table import PageTable, TableRow, build_table
from reports.rendering.stages import (
    USER_COLUMNS,
    describe_outcome,
    describe_stage,
    format_known,
    mark_outcome,
)


def format_run_time(t_s: float) -> str:
    """A time of the run: 1:02.345 is a minute and 2.345 s after its start."""
    minutes, seconds = divmod(t_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:06.3f}" if hours else f"{minutes}:{seconds:06.3f}"


def list_figure_columns(figures: Callable[[Item], Figures]) -> tuple[TableColumn[Item], ...]:
    """The columns that several tables have in common; `figures` returns the figures of an item."""

    def latencies(item: Item) -> Sequence[float | None]:
        told = figures(item)
        return told.p50_ms, told.p95_ms, told.p99_ms, told.max_ms

    return (
        TableColumn("Replies/s", format_aligned(lambda item: figures(item).throughput_rps)),
        TableColumn("Requests", format_each(lambda item: f"{figures(item).requests:,}")),
        TableColumn("Errors", format_each(lambda item: f"{figures(item).errors:,}")),
        TableColumn("p50", format_aligned(lambda item: figures(item).p50_ms, latencies), "ms"),
        TableColumn("p95", format_aligned(lambda item: figures(item).p95_ms, latencies), "ms"),
        TableColumn("p99", format_aligned(lambda item: figures(item).p99_ms, latencies), "ms"),
        TableColumn("max", format_aligned(lambda item: figures(item).max_ms, latencies), "ms"),
    )


def _number_stages(stages: Sequence[StageJudgement]) -> list[str]:
    """The names with the numbers that the plots use."""
    return [f"{place}. {describe_stage(judged.stage)}" for place, judged in enumerate(stages, 1)]


_STAGE_COLUMNS: tuple[TableColumn[StageJudgement], ...] = (
    TableColumn("Stage", _number_stages, kind="row heading"),
    TableColumn("Outcome", format_each(describe_outcome), kind="outcome"),
    *(replace(column, title=column.title.capitalize()) for column in USER_COLUMNS),
    TableColumn("Planned/s", format_each(lambda judged: format_known(judged.stage.rate)), optional=True),
    *list_figure_columns(lambda judged: judged.stage.figures),
)
_ENDPOINT_COLUMNS: tuple[TableColumn[EndpointFigures], ...] = (
    TableColumn("Endpoint", format_each(lambda endpoint: endpoint.endpoint), kind="row heading"),
    *list_figure_columns(lambda endpoint: endpoint.figures),
)
_FAILURE_COLUMNS: tuple[TableColumn[Failure], ...] = (
    TableColumn(
        "Reason",
        format_each(lambda failure: failure.reason + (" (expected)" if failure.expected else "")),
        kind="row heading",
    ),
    TableColumn("Requests", format_each(lambda failure: f"{failure.count:,}")),
    TableColumn("Share of all", format_each(lambda failure: format_share(failure.share))),
    TableColumn("First at", format_each(lambda failure: format_run_time(failure.first_s))),
    TableColumn("Last at", format_each(lambda failure: format_run_time(failure.last_s))),
)


_KEPT_COLUMNS: tuple[TableColumn[FailedRequest], ...] = (
    TableColumn("Started", format_each(lambda kept: format_run_time(kept.at_s)), kind="row heading"),
    TableColumn(
        "Reason", format_each(lambda kept: describe_failure(kept.outcome, kept.status)), kind="words"
    ),
    TableColumn("Request", format_each(lambda kept: kept.request), kind="long words"),
    TableColumn("Reply", format_each(lambda kept: kept.reply or NOTHING), kind="long words", optional=True),
    TableColumn(
        "What is wrong",
        format_each(lambda kept: kept.explanation if kept.status else NOTHING),
        kind="long words",
        optional=True,
    ),
)


def build_stage_table(verdict: Verdict) -> PageTable | None:
    """The stages in order; None if there are none."""
    if not verdict.stages:
        return None
    stages = [judged.stage for judged in verdict.stages]
    caption = "Requests by the stage they were meant to start in; latencies of answered requests."
    if any(not stage.judged for stage in stages):
        caption += (
            " Warm-up is hatched in the plots and not judged, but for requests that were under way when it "
            "ended: they are in the stage after it."
        )
    caption += (
        " A stage is kept or missed by its own requests, mostly too few to prove it; the verdict is "
        "on the run as a whole."
    )
    return build_table(
        _compose_title(stages),
        caption,
        _STAGE_COLUMNS,
        verdict.stages,
        describe_row=lambda judged: TableRow(muted=not judged.stage.judged, outcome=mark_outcome(judged)),
        dense=True,
    )


def _compose_title(stages: Sequence[StageFigures]) -> str:
    counted_in = [stage for stage in stages if stage.judged]
    slow = [stage for stage in counted_in if stage.figures.p99_ms is not None]
    if not slow:
        return format_count(len(stages), "stage")
    worst = max(slow, key=lambda stage: stage.figures.p99_ms or 0.0)
    p99 = format_ms(worst.figures.p99_ms)
    return f"p99 was highest in “{worst.name}”: {p99}" if len(counted_in) > 1 else f"p99 was {p99}"


def build_endpoint_table(summary: Summary) -> PageTable | None:
    """The endpoints; None if there is only one, because its figures are the totals."""
    endpoints = summary.endpoints
    if len(endpoints) < 2:
        return None
    slow = max(endpoints, key=lambda endpoint: endpoint.figures.p99_ms or 0.0)
    return build_table(
        f"p99 was highest on “{slow.endpoint}”: {format_ms(slow.figures.p99_ms)}",
        "All that is judged, by endpoint; latencies of answered requests.",
        _ENDPOINT_COLUMNS,
        endpoints,
        dense=True,
    )


def build_failure_table(summary: Summary) -> PageTable | None:
    """The reasons of failures, the most frequent first; None if nothing failed."""
    if not summary.failures:
        return None
    return build_table(
        "",
        "Requests that did not succeed, by reason; times are of the intended start.",
        _FAILURE_COLUMNS,
        summary.failures,
    )


def build_kept_table(failed: FailedRequests) -> PageTable | None:
    """The first failed requests of each reason, with their replies; None if none was kept."""
    if not failed.kept:
        return None
    caption = "The first failed requests of each reason and process; credentials are taken out."
    if failed.reasons_left_out:
        caption += f" Of {format_count(failed.reasons_left_out, 'more reason')} none was kept."
    return build_table("", caption, _KEPT_COLUMNS, failed.kept)
