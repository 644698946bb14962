"""Draws how latency depends on the size of requests."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reports.charts.canvas import BOTTOM_PX, PageFormat, add_panel, draw_picture, set_height
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms
from reports.charts.labels import clean_label
from reports.charts.latency_axis import find_log_ticks, label_line_ends, set_latency_axis
from reports.charts.palette import colour_for
from reports.data.quantities import format_count, format_number
from reports.figures.sizes import LatencyBySize, SizeClass

_TOP_PX = 32
_HARDLY = 1.2
"""Latencies whose ratio is smaller than this are told as the same."""
_ENOUGH = 20
"""Requests that a class needs for its 95th percentile."""
_WIDE_RANGE = 10
"""The ratio of the largest to the smallest size above which the axis is logarithmic."""


def draw_sizes(data: ChartData) -> Chart | None:
    """p50 and p95 by the size of requests; None where sizes don't differ."""
    if not data.summary.sizes:
        return None
    told = data.summary.sizes[0]
    answered = [each for each, _ in _known(told, "p50")]
    several = len(data.summary.endpoints) > 1
    on = f", on “{clean_label(told.endpoint)}”" if several else ""
    if len(answered) < 2:
        title = f"No request was answered{on}"
        if answered:
            title = f"Requests of {answered[0].name(told.quantity)} were answered, and no others{on}"
        return Chart("sizes", "Latency by size", title, "")
    return Chart(
        "sizes",
        "Latency by size",
        _compose_title(told) + on,
        _compose_figures(told, several),
        draw_picture("sizes", lambda figure, page: _paint(figure, page, told)),
        f"Each point holds requests of similar size; p95 is shown where there are at least {_ENOUGH}."
        + (" The table has the other endpoints, too." if len(data.summary.sizes) > 1 else ""),
    )


def _known(told: LatencyBySize, name: str) -> list[tuple[SizeClass, float]]:
    """The classes with a percentile, 'p50' or 'p95', and its value in ms."""
    least = _ENOUGH if name == "p95" else 1
    values = [(each, getattr(each.figures, f"{name}_ms")) for each in told.classes]
    return [(each, ms) for each, ms in values if ms is not None and each.figures.requests >= least]


def _compose_title(told: LatencyBySize) -> str:
    name = "p95" if len(_known(told, "p95")) > 1 else "p50"
    known = _known(told, name)
    (small, small_ms), (large, large_ms) = known[0], known[-1]
    ends = small.name(told.quantity), large.name(told.quantity)
    if max(small_ms, large_ms) < _HARDLY * min(small_ms, large_ms):
        return f"{name} hardly depended on the size: {format_ms(small_ms)} at {ends[0]}, " + (
            f"{format_ms(large_ms)} at {ends[1]}"
        )
    word = "rose" if large_ms > small_ms else "fell"
    return f"{name} {word} from {format_ms(small_ms)} at {ends[0]} to {format_ms(large_ms)} at {ends[1]}"


def _compose_figures(told: LatencyBySize, several: bool) -> str:
    known = _known(told, "p50")
    (small, small_ms), (large, large_ms) = known[0], known[-1]
    text = f"{format_count(told.requests, 'request')}{' to ' + told.endpoint if several else ''}"
    if large.median > small.median:
        slope = (large_ms - small_ms) / (large.median - small.median)
        per, noun = (1, "row") if told.quantity == "rows" else (1_000, "1,000 bytes")
        more = f"{format_number(abs(slope) * per)} ms {'longer' if slope >= 0 else 'shorter'}"
        text += f"; between the smallest and the largest, each further {noun} took {more} at the median"
    return f"{text}."


def _paint(figure: Figure, page: PageFormat, told: LatencyBySize) -> None:
    height_px = 240 if page.wide else 200
    set_height(figure, page, _TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px, top_px=_TOP_PX)
    curves = {name: _known(told, name) for name in ("p50", "p95")}
    values = [ms for known in curves.values() for _, ms in known]
    set_latency_axis(axes, page, float(np.median(values)), min(values), max(values), caption_px=12)
    _draw_size_axis(axes, page, told)
    ends = []
    for name, known in curves.items():
        if known:
            places, heights = [each.median for each, _ in known], [ms for _, ms in known]
            axes.plot(places, heights, color=colour_for(name), linewidth=1.8, marker="o", markersize=4.5)
            if known[-1][0] is told.classes[-1]:
                ends.append((heights[-1], name, f"{name}-text"))
            else:
                _label_point(axes, page, (places[-1], heights[-1]), name)
    label_line_ends(axes, page, ends)


def _label_point(axes: Axes, page: PageFormat, point: tuple[float, float], name: str) -> None:
    """Name a line that ends before the right edge, above its last point."""
    axes.annotate(
        name,
        point,
        xytext=(0, 8),
        textcoords="offset pixels",
        ha="center",
        fontsize=page.font_px,
        color=colour_for(f"{name}-text"),
    )


def _draw_size_axis(axes: Axes, page: PageFormat, told: LatencyBySize) -> None:
    least, most = told.classes[0].median, told.classes[-1].median
    if most / least > _WIDE_RANGE:
        axes.set_xscale("log")
        axes.set_xlim(least / 1.1, most * 1.1)
        axes.xaxis.set_major_locator(FixedLocator(find_log_ticks(least / 1.1, most * 1.1, page.ticks)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, most * 1.05)
        axes.xaxis.set_major_locator(MaxNLocator(page.ticks, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.annotate(
        "rows of a request" if told.quantity == "rows" else "bytes of a request",
        (1, 0),
        xycoords="axes fraction",
        xytext=(0, -33),
        textcoords="offset pixels",
        ha="right",
        fontsize=page.font_px,
        color=colour_for("muted"),
    )
