"""The table of the slowest requests: when, how long, where the time went, and in which trace to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.charts.formatting import column, into_run, ms
from reports.data.quantities import counted, duration, number
from reports.data.traces import link
from reports.figures.slowest import MOST_TRACED, Slow
from reports.figures.summary import Summary
from reports.rendering.page_tables import Table, clock, table_of

TRACE = "Trace"


def slowest_table(summary: Summary, trace_link: str = "") -> Table | None:
    """The slowest answered requests; None where none was answered.

    Where few requests are traced, the slowest of these follow. By `trace_link`, the address of a trace store,
    each of them leads to its trace.
    """
    if not summary.slowest:
        return None
    further = _further(summary)
    rows = [*summary.slowest, *further]
    table = table_of(
        _title(summary.slowest),
        _caption(summary, len(further)),
        "Started",
        [clock(slow.intended_s) for slow in rows],
        [(name, cells) for name, cells in _columns(rows, summary) if any(cell != "–" for cell in cells)],
    )
    return _linked(table, [link(trace_link, slow.trace_id) for slow in rows])


def _further(summary: Summary) -> list[Slow]:
    """The slowest of the traced, unless enough of the slowest of all are traced."""
    among = sum(slow.trace_id is not None for slow in summary.slowest)
    if summary.traced is None or among >= MOST_TRACED:
        return []
    return [slow for slow in summary.traced.slowest if slow not in summary.slowest]


def _title(slowest: Sequence[Slow]) -> str:
    first, last = min(slow.intended_s for slow in slowest), max(slow.intended_s for slow in slowest)
    worst = slowest[0]
    title = f"The slowest request took {ms(worst.latency_ms)}, {into_run(worst.intended_s)}"
    if len(slowest) > 1 and last - first <= 10:
        title += f"; the {len(slowest)} slowest all started within {duration(max(last - first, 0.1))}"
    return title


def _caption(summary: Summary, further: int) -> str:
    caption = "Answered requests and timeouts, the slowest first, by when they were meant to start."
    if summary.traced is None or not further:
        return caption
    told = f"{summary.traced.count:,} of {counted(summary.traced.of, 'request')}"
    which = "row is the slowest" if further == 1 else f"{further} rows are the slowest"
    return f"{caption} Traces were kept of {told}; the last {which} of these."


def _columns(rows: Sequence[Slow], summary: Summary) -> list[tuple[str, list[str]]]:
    waited = any(slow.service_ms != slow.latency_ms for slow in rows)
    return [
        ("Latency, ms", column([slow.latency_ms for slow in rows])),
        ("Service time, ms", column([slow.service_ms if waited else None for slow in rows])),
        ("Queue, ms", column([slow.queue_ms for slow in rows])),
        ("Inference, ms", column([slow.inference_ms for slow in rows])),
        ("Batch", ["–" if slow.batch_size is None else number(slow.batch_size) for slow in rows]),
        ("Outcome", [f"{slow.outcome}, {slow.status}" if slow.status else slow.outcome for slow in rows]),
        ("Stage", [slow.stage if len(summary.stages) > 1 else "–" for slow in rows]),
        ("Endpoint", [slow.endpoint if len(summary.endpoints) > 1 else "–" for slow in rows]),
        (TRACE, [slow.trace_id or "–" for slow in rows]),
    ]


def _linked(table: Table, links: Sequence[str]) -> Table:
    columns = tuple(replace(each, linked=each.title == TRACE) for each in table.columns)
    rows = tuple(replace(row, link=link) for row, link in zip(table.rows, links, strict=True))
    return replace(table, columns=columns, rows=rows)
