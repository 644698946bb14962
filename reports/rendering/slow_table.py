"""Builds the table of slow requests by threshold, where somebody asked what is slow."""

from __future__ import annotations

from typing import Final

from reports.charts.formatting import format_ms, format_share
from reports.data.quantities import NOTHING, format_count
from reports.data.run import Run
from reports.figures.slow import SlowCount, count_slow
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.page_table import PageTable, build_table
from reports.rendering.page_tables import format_run_time

_STAGE: Final[TableColumn[SlowCount]] = TableColumn(
    "Most in stage", format_each(lambda slow: slow.stage or NOTHING), kind="words", optional=True
)
_ENDPOINT: Final[TableColumn[SlowCount]] = TableColumn(
    "Most to endpoint", format_each(lambda slow: slow.endpoint or NOTHING), kind="long words", optional=True
)
_COLUMNS: Final[tuple[TableColumn[SlowCount], ...]] = (
    TableColumn("Took at least", format_each(lambda slow: format_ms(slow.threshold_ms)), kind="row heading"),
    TableColumn("Requests", format_each(lambda slow: f"{slow.count:,}")),
    TableColumn("Share", format_each(lambda slow: _format_share_of_sent(slow))),
    TableColumn("Failed", format_each(lambda slow: f"{slow.failed:,}")),
    TableColumn("First started", format_each(lambda slow: _format_time(slow.first_s))),
    TableColumn("Last started", format_each(lambda slow: _format_time(slow.last_s))),
    _STAGE,
    _ENDPOINT,
)


def build_slow_table(run: Run) -> PageTable | None:
    """How many requests were slow; None if nobody said what is slow."""
    slow_ms = run.facts.slow_ms
    if slow_ms is None:
        return None
    counts = count_slow(run.samples, slow_ms)
    left_out = [
        column
        for column, labels in ((_STAGE, run.samples.stage), (_ENDPOINT, run.samples.endpoint))
        if len(set(labels.codes.tolist())) < 2
    ]
    return build_table(
        _compose_title(counts[0]),
        "Every request that was sent counts, whatever its outcome, warm-up included. Each threshold is twice "
        "the one before; a request counts at each that it reaches.",
        [column for column in _COLUMNS if column not in left_out],
        counts,
    )


def _compose_title(asked: SlowCount) -> str:
    limit = format_ms(asked.threshold_ms)
    if not asked.count:
        return f"No request took {limit} or more"
    share = _format_share_of_sent(asked)
    return f"{asked.count:,} of {format_count(asked.sent, 'request')}, {share}, took {limit} or more"


def _format_share_of_sent(slow: SlowCount) -> str:
    return format_share(slow.count / slow.sent) if slow.sent else NOTHING


def _format_time(t_s: float | None) -> str:
    return NOTHING if t_s is None else format_run_time(t_s)
