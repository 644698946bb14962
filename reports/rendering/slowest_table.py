"""Builds the table of the slowest requests: when, how long, the latency breakdown, and the trace."""

from __future__ import annotations

from collections.abc import Sequence

from reports.charts.formatting import describe_moment, format_ms
from reports.data.quantities import NOTHING, format_count, format_duration
from reports.data.traces import build_link
from reports.figures.slowest import MOST_TRACED, SlowRequest
from reports.figures.summary import Summary
from reports.rendering.columns import TableColumn, align_decimals, format_aligned, format_each
from reports.rendering.page_table import PageTable, TableRow, build_table
from reports.rendering.page_tables import format_run_time
from reports.rendering.stages import format_known


def _format_service_times(slowest: Sequence[SlowRequest]) -> list[str]:
    """Service times if a request waited to be sent; otherwise they equal the latencies."""
    waited = any(slow.service_ms != slow.latency_ms for slow in slowest)
    return align_decimals([slow.service_ms if waited else None for slow in slowest])


def _format_outcome(slow: SlowRequest) -> str:
    return f"{slow.outcome}, {slow.status}" if slow.status else slow.outcome


_STAGE: TableColumn[SlowRequest] = TableColumn("Stage", format_each(lambda slow: slow.stage), kind="words")
_ENDPOINT: TableColumn[SlowRequest] = TableColumn(
    "Endpoint", format_each(lambda slow: slow.endpoint), kind="long words"
)
_COLUMNS: tuple[TableColumn[SlowRequest], ...] = (
    TableColumn("Started", format_each(lambda slow: format_run_time(slow.intended_s)), kind="row heading"),
    TableColumn("Latency", format_aligned(lambda slow: slow.latency_ms), "ms"),
    TableColumn("Service time", _format_service_times, "ms", optional=True),
    TableColumn("Queue", format_aligned(lambda slow: slow.queue_ms), "ms", optional=True),
    TableColumn("Inference", format_aligned(lambda slow: slow.inference_ms), "ms", optional=True),
    TableColumn("Batch", format_each(lambda slow: format_known(slow.batch_size)), optional=True),
    TableColumn("Outcome", format_each(_format_outcome), kind="words"),
    _STAGE,
    _ENDPOINT,
    TableColumn("Trace", format_each(lambda slow: slow.trace_id or NOTHING), kind="link", optional=True),
)


def build_slowest_table(summary: Summary, trace_link: str = "") -> PageTable | None:
    """The slowest answered requests; None if no request was answered.

    If few of them were traced, the slowest traced requests follow. `trace_link`, the address of a trace
    store, makes each trace a link.
    """
    if not summary.slowest:
        return None
    further = _select_traced(summary)
    left_out = [
        column
        for column, values in ((_STAGE, summary.stages), (_ENDPOINT, summary.endpoints))
        if len(values) < 2
    ]
    return build_table(
        _compose_title(summary.slowest),
        _compose_caption(summary, len(further)),
        [column for column in _COLUMNS if column not in left_out],
        [*summary.slowest, *further],
        describe_row=lambda slow: TableRow(link=build_link(trace_link, slow.trace_id)),
    )


def _select_traced(summary: Summary) -> list[SlowRequest]:
    """The slowest traced requests, unless enough of the slowest requests were traced."""
    among = sum(slow.trace_id is not None for slow in summary.slowest)
    if summary.traced is None or among >= MOST_TRACED:
        return []
    return [slow for slow in summary.traced.slowest if slow not in summary.slowest]


def _compose_title(slowest: Sequence[SlowRequest]) -> str:
    first, last = min(slow.intended_s for slow in slowest), max(slow.intended_s for slow in slowest)
    worst = slowest[0]
    title = f"The slowest request took {format_ms(worst.latency_ms)}, {describe_moment(worst.intended_s)}"
    if len(slowest) > 1 and last - first <= 10:
        title += f"; the {len(slowest)} slowest all started within {format_duration(max(last - first, 0.1))}"
    return title


def _compose_caption(summary: Summary, further: int) -> str:
    caption = "Answered requests and timeouts, the slowest first, by when they were meant to start."
    if summary.traced is None or not further:
        return caption
    told = f"{summary.traced.count:,} of {format_count(summary.traced.answered, 'request')}"
    which = "row is the slowest" if further == 1 else f"{further} rows are the slowest"
    return f"{caption} Traces were kept of {told}; the last {which} of these."
