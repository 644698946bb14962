"""Paints the percentiles of latency along the run, with limits, worst windows and the limit crossing."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.canvas import BOTTOM_PX, TOP_PX, PageFormat, add_panel, set_height
from reports.charts.chart_data import ChartData, WorstWindow
from reports.charts.formatting import format_ms
from reports.charts.latency_axis import draw_limits, label_line_ends, set_latency_axis
from reports.charts.limit_crossing import describe_place
from reports.charts.palette import colour_for
from reports.charts.trend_lines import draw_latency_trends
from reports.charts.windows import PERCENTILE_NAMES
from reports.data.columns import Floats, Mask
from reports.data.quantities import format_duration
from reports.figures.crossing import LimitCrossing


def paint_latency(figure: Figure, page: PageFormat, data: ChartData, crossing: LimitCrossing | None) -> None:
    """Paint p50, p95 and p99 of each window; `crossing` is where a limit was exceeded for good."""
    height_px = 300 if page.wide else 240
    set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px)
    data.axis.draw_on(axes, page)
    windows = data.windows
    p99 = windows.percentiles_ms[0.99]
    worst = data.worst_windows
    limits_ms = [*(limit.limit_ms for limit in data.limits), *(window.value_ms for window in worst)]
    typical_ms = float(np.nanmedian(windows.percentiles_ms[0.5]))
    lowest_ms = float(np.nanmin(windows.percentiles_ms[0.5]))
    set_latency_axis(
        axes, page, typical_ms, min(lowest_ms, *limits_ms, np.inf), max(np.nanmax(p99), *limits_ms, 0)
    )
    ends = []
    for quantile, role in PERCENTILE_NAMES.items():
        values_ms = windows.percentiles_ms[quantile]
        axes.plot(
            windows.middle_s,
            values_ms,
            color=colour_for(role),
            linewidth=2 if quantile == 0.99 else 1.6,
            solid_joinstyle="round",
            zorder=4,
        )
        alone = _find_alone(values_ms)
        if alone.any():
            axes.plot(
                windows.middle_s[alone],
                values_ms[alone],
                "o",
                color=colour_for(role),
                markersize=5,
                zorder=4,
                mew=0,
            )
        ends.append((float(values_ms[np.flatnonzero(~np.isnan(values_ms))[-1]]), role, f"{role}-text"))
    draw_limits(axes, page, data.limits)
    draw_latency_trends(axes, page, data)
    for window in worst:
        _mark_worst(axes, page, window)
    label_line_ends(axes, page, ends)
    if crossing is not None:
        _mark_crossing(axes, page, crossing)


def _mark_worst(axes: Axes, page: PageFormat, worst: WorstWindow) -> None:
    """Draw a bar from the start to the end of the window, at the value in it; with text on wide pages."""
    role = "met" if worst.kept else "missed"
    place = (worst.start_s, worst.value_ms)
    axes.plot(
        (worst.start_s, min(worst.end_s, axes.get_xlim()[1])),
        (worst.value_ms, worst.value_ms),
        color=colour_for(role),
        linewidth=5,
        solid_capstyle="butt",
        zorder=5,
    )
    if not page.wide:
        return
    late = worst.start_s > axes.get_xlim()[1] * 0.6
    axes.annotate(
        f"{worst.name} {format_ms(worst.value_ms)} in its worst "
        f"{format_duration(worst.end_s - worst.start_s)}",
        (worst.end_s, worst.value_ms) if late else place,
        xytext=(0, 6),
        textcoords="offset pixels",
        ha="right" if late else "left",
        fontsize=page.font_px,
        color=colour_for(f"{role}-text"),
        zorder=6,
    )


def _mark_crossing(axes: Axes, page: PageFormat, crossing: LimitCrossing) -> None:
    axes.axvline(crossing.t_s, color=colour_for("missed"), linewidth=1.2, dashes=(1, 2), zorder=3)
    name = crossing.metric.partition(" ")[0]
    early = crossing.t_s < axes.get_xlim()[1] / 2
    axes.annotate(
        f"{name} > {format_ms(crossing.limit_ms)} {describe_place(crossing)}"
        if page.wide
        else f"{name} > {format_ms(crossing.limit_ms)}",
        (crossing.t_s, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5 if early else -5, -page.font_px),
        textcoords="offset pixels",
        ha="left" if early else "right",
        fontsize=page.font_px,
        color=colour_for("missed-text"),
        zorder=6,
    )


def _find_alone(values: Floats) -> Mask:
    """Values without a neighbour: a line does not show them."""
    empty = np.concatenate(([True], np.isnan(values), [True]))
    return ~empty[1:-1] & empty[:-2] & empty[2:]
