"""Draws latency by percentile, up to the slowest answers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.canvas import BOTTOM_PX, PageFormat, add_panel, draw_picture, set_height
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms, format_share
from reports.charts.labels import clean_label
from reports.charts.latency_axis import label_line_ends, set_latency_axis
from reports.charts.palette import colour_for
from reports.charts.share_axis import draw_share_axis
from reports.data.columns import Floats
from reports.data.percentiles import compute_rank
from reports.data.quantities import format_count

_TOP_PX = 32
_DOTS = (0.5, 0.95, 0.99)
_APART = 0.02
"""Latency and service time are shown separately if a percentile differs by more than this share."""


def draw_percentiles(data: ChartData) -> Chart:
    """Latency over the share of judged answers that were at least as fast."""
    question = "Latency by percentile"
    answered = data.judged_answers
    latency_ms = answered.ordered_ms
    if not len(latency_ms):
        return Chart("percentiles", question, "No judged request succeeded, so there are no percentiles", "")
    service_ms = answered.ordered_service_ms
    parted = _differ(latency_ms, service_ms)
    return Chart(
        "percentiles",
        question,
        _compose_title(latency_ms, service_ms, parted),
        _compose_figures(latency_ms, service_ms, parted),
        draw_picture(
            "percentiles",
            lambda figure, page: _paint(figure, page, data, latency_ms, service_ms if parted else None),
        ),
        "Each nine to the right leaves a tenth of the answers; the line ends at the slowest one.",
    )


def read_percentile(ordered_ms: Floats, quantile: float) -> float:
    """The nearest-rank percentile of values in ascending order."""
    return float(ordered_ms[compute_rank(quantile, len(ordered_ms)) - 1])


def _differ(latency_ms: Floats, service_ms: Floats) -> bool:
    if not len(service_ms):
        return False
    pairs = [
        (read_percentile(latency_ms, quantile), read_percentile(service_ms, quantile))
        for quantile in (0.5, 0.9, 0.95, 0.99, 0.999)
    ]
    return any(abs(one - other) > _APART * max(one, other) for one, other in pairs)


def _compose_title(latency_ms: Floats, service_ms: Floats, parted: bool) -> str:
    if len(latency_ms) < 10:
        slowest = format_ms(float(latency_ms[-1]))
        if len(latency_ms) == 1:
            return f"The only answer took {slowest}"
        return f"The slowest of {format_count(len(latency_ms), 'answer')} took {slowest}"
    last = 0.99 if len(latency_ms) >= 100 else 0.9
    if parted:
        due, sent = format_ms(read_percentile(latency_ms, last)), format_ms(read_percentile(service_ms, last))
        told = f"{format_share(last)} of answers came within {due} of when they were due"
        return f"{told}, within {sent} of when they were sent"
    within, slowest = format_ms(read_percentile(latency_ms, last)), format_ms(float(latency_ms[-1]))
    return f"{format_share(last)} of answers came within {within}, the slowest took {slowest}"


def _compose_figures(latency_ms: Floats, service_ms: Floats, parted: bool) -> str:
    names = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)]
    names = [
        (name, quantile) for name, quantile in names if len(latency_ms) * (1 - quantile) >= 0.99
    ] or names[:1]

    def told(ordered_ms: Floats) -> str:
        return ", ".join(
            f"{name} {format_ms(read_percentile(ordered_ms, quantile))}" for name, quantile in names
        )

    slowest = format_ms(float(latency_ms[-1]))
    text = f"Latency: {told(latency_ms)}, slowest {slowest}, of {format_count(len(latency_ms), 'answer')}."
    if parted:
        text += (
            f" Service time: {told(service_ms)}. Latency counts from when a request was due, "
            "service time from when it was sent; between them it waited in the load generator."
        )
    return text


def _paint(
    figure: Figure, page: PageFormat, data: ChartData, latency_ms: Floats, service_ms: Floats | None
) -> None:
    height_px = 300 if page.wide else 240
    set_height(figure, page, _TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px, top_px=_TOP_PX)
    nines = max(1.0, float(np.log10(len(latency_ms))))
    draw_share_axis(axes, page, nines)
    limits = [limit for limit in data.limits if limit.everywhere and np.isfinite(limit.quantile)]
    highest = max(float(latency_ms[-1]), *(limit.limit_ms for limit in limits), 0)
    lowest = min(float(latency_ms[0]), *(limit.limit_ms for limit in limits), np.inf)
    set_latency_axis(axes, page, read_percentile(latency_ms, 0.5), lowest, highest, caption_px=12)
    ends = []
    if service_ms is not None:
        draw_curve(axes, service_ms, "service", nines)
        ends.append((float(service_ms[-1]), "service" if page.wide else "serv.", "service-text"))
    draw_curve(axes, latency_ms, "p95", nines)
    ends.append((float(latency_ms[-1]), "latency" if page.wide else "lat.", "p95-text"))
    for quantile in _DOTS:
        if len(latency_ms) * (1 - quantile) >= 1:
            near = [limit.limit_ms for limit in limits if limit.quantile == quantile]
            _draw_dot(axes, page, quantile, read_percentile(latency_ms, quantile), near)
    for limit in limits:
        place = -np.log10(1 - limit.quantile) if limit.quantile < 1 else nines
        if place <= nines:
            _draw_limit(axes, page, float(place), limit.limit_ms, limit.text)
    label_line_ends(axes, page, ends)


def draw_curve(axes: Axes, ordered_ms: Floats, role: str, nines: float) -> None:
    """Draw latencies in ascending order over the share of answers, in the colour of `role`."""
    places = np.linspace(0, min(nines, max(np.log10(len(ordered_ms)), 0.0)), 400)
    ranks = [compute_rank(share, len(ordered_ms)) for share in (1 - 10.0**-places).tolist()]
    values = ordered_ms[np.array(ranks) - 1]
    axes.plot(
        np.append(places, nines),
        np.append(values, ordered_ms[-1]),
        color=colour_for(role),
        linewidth=1.8,
        zorder=4,
    )


def _draw_dot(axes: Axes, page: PageFormat, quantile: float, value_ms: float, limits_ms: list[float]) -> None:
    role = f"p{quantile * 100:.0f}"
    place = -np.log10(1 - quantile)
    height = axes.transData.transform((0, value_ms))[1]
    rises = [axes.transData.transform((0, limit_ms))[1] - height for limit_ms in limits_ms]
    crowded = any(0 <= rise < 2.6 * page.font_px for rise in rises)
    axes.plot([place], [value_ms], "o", color=colour_for(role), markersize=6, mew=0, zorder=5)
    axes.annotate(
        f"{role} {format_ms(value_ms)}" if page.wide else role,
        (place, value_ms),
        xytext=(6, -page.font_px - 4) if crowded else (-4, 8),
        textcoords="offset pixels",
        ha="left" if crowded or place < 0.15 * axes.get_xlim()[1] else "right",
        fontsize=page.font_px,
        color=colour_for(f"{role}-text"),
        zorder=6,
    )


def _draw_limit(axes: Axes, page: PageFormat, place: float, limit_ms: float, text: str) -> None:
    axes.plot(
        (place, place),
        (axes.get_ylim()[0], limit_ms),
        color=colour_for("missed"),
        linewidth=1,
        dashes=(1, 3),
        zorder=3,
    )
    box = axes.get_window_extent()
    half = 18 / box.width * (axes.get_xlim()[1] - axes.get_xlim()[0])
    axes.plot(
        (place - half, min(place + half, axes.get_xlim()[1])),
        (limit_ms, limit_ms),
        color=colour_for("missed"),
        linewidth=2.2,
        zorder=3,
    )
    axes.annotate(
        clean_label(text),
        (place, limit_ms),
        xytext=(0, 6),
        textcoords="offset pixels",
        ha="center" if place < axes.get_xlim()[1] * 0.75 else "right",
        fontsize=page.font_px,
        color=colour_for("missed-text"),
        zorder=6,
    )
