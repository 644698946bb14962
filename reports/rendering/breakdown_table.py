"""The table beside the plot of where the time goes: the same figures, to be read off."""

from __future__ import annotations

from reports.charts.breakdown import rows, shown_parts
from reports.charts.formatting import column
from reports.figures.summary import Summary
from reports.rendering.page_tables import Column, Row, Table


def where_table(summary: Summary) -> Table | None:
    """The p50 and the p99 request of the whole and of each stage; None where the service doesn't tell."""
    found = summary.where
    if found is None:
        return None
    parts = shown_parts(found)
    titles = [
        "Stage",
        "Request",
        "Latency, ms",
        *(f"{part.name[0].upper()}{part.name[1:]}, ms" for part in parts),
        "Probe, ms",
        "Replies",
    ]
    lines = [(share, name, getattr(share, name)) for share in rows(found) for name in ("p50", "p99")]
    cells = [
        [share.name for share, _, _ in lines],
        [name for _, name, _ in lines],
        column([composition.latency_ms for _, _, composition in lines]),
        *(column([part.of(composition) for _, _, composition in lines]) for part in parts),
        column([share.floor_ms for share, _, _ in lines]),
        [f"{composition.replies:,}" for _, _, composition in lines],
    ]
    return Table(
        "",
        "What the p50 and the p99 request are made of; the probe is the median round trip of a readiness "
        "probe, the replies are those that stand for the percentile.",
        tuple(Column(title, words=place < 2, heads=place == 0) for place, title in enumerate(titles)),
        tuple(Row(row) for row in zip(*cells, strict=True)),
    )
