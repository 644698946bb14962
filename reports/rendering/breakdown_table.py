"""Builds the table of the latency breakdown: the figures of its chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.charts.breakdown_components import LatencyComponent, select_components, select_shares
from reports.figures.latency_breakdown import LatencyBreakdown, LatencyComposition
from reports.figures.summary import Summary
from reports.rendering.columns import TableColumn, format_aligned, format_each
from reports.rendering.page_table import PageTable, build_table


class _Request(NamedTuple):
    """The request at a percentile of the whole run or of a stage."""

    share: LatencyBreakdown
    percentile: str
    composition: LatencyComposition


def build_breakdown_table(summary: Summary) -> PageTable | None:
    """The p50 and the p99 request of the run and of each stage; None if the service reports no times."""
    found = summary.latency_breakdown
    if found is None:
        return None
    return build_table(
        "",
        "What the p50 and the p99 request are made of; the probe is the median round trip of a readiness "
        "probe, the replies are those that stand for the percentile.",
        _list_columns(select_components(found)),
        [
            _Request(share, percentile, composition)
            for share in select_shares(found)
            for percentile, composition in (("p50", share.p50), ("p99", share.p99))
        ],
    )


def _list_columns(components: Sequence[LatencyComponent]) -> tuple[TableColumn[_Request], ...]:
    return (
        TableColumn("Stage", format_each(lambda request: request.share.name), kind="row heading"),
        TableColumn("Request", format_each(lambda request: request.percentile), kind="words"),
        TableColumn("Latency", format_aligned(lambda request: request.composition.latency_ms), "ms"),
        *map(_build_column, components),
        TableColumn("Probe", format_aligned(lambda request: request.share.floor_ms), "ms"),
        TableColumn("Replies", format_each(lambda request: f"{request.composition.replies:,}")),
    )


def _build_column(component: LatencyComponent) -> TableColumn[_Request]:
    title = f"{component.name[0].upper()}{component.name[1:]}"
    return TableColumn(title, format_aligned(lambda request: component.of(request.composition)), "ms")
