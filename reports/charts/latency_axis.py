"""The latency axis: from zero, or logarithmic if the figures differ too much for a linear axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reports.charts.canvas import PageFormat, add_caption
from reports.charts.chart_data import LatencyLimit
from reports.charts.labels import clean_label, spread_positions
from reports.charts.palette import colour_for
from reports.data.quantities import format_number

_HEADROOM = 0.09
_FAR_APART = 25
"""The ratio of the highest to a typical value above which the axis is logarithmic."""


def set_latency_axis(
    axes: Axes,
    page: PageFormat,
    typical_ms: float,
    lowest_ms: float,
    highest_ms: float,
    *,
    caption_px: float = 28,
) -> None:
    """Set scale, limits, ticks and caption for values between `lowest_ms` and `highest_ms`."""
    logarithmic = bool(typical_ms > 0 and highest_ms / typical_ms > _FAR_APART)
    if logarithmic:
        low, high = find_log_limits(lowest_ms, highest_ms)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(FixedLocator(find_log_ticks(low, high, 8)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, highest_ms * 1.15 or 1)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    words = "latency, ms (logarithmic)" if logarithmic else "latency, ms"
    add_caption(axes, page, words, above_px=caption_px)


def find_log_limits(lowest: float, highest: float) -> tuple[float, float]:
    """The limits of a logarithmic axis: the next lower 1, 2 or 5, and space for a label at the top."""
    low = max(lowest, highest / 1e7, 1e-6)
    power = 10.0 ** np.floor(np.log10(low))
    floor = max(step * power for step in (1, 2, 5) if step * power <= low * (1 + 1e-9))
    top = max(highest, floor * 10)
    return float(floor), float(top * (top / floor) ** _HEADROOM)


def find_log_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` ticks: 1, 2 and 5 of each decade, or powers of ten alone."""
    powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        ticks = [
            float(step * 10**power)
            for power in powers
            for step in steps
            if low * (1 - 1e-9) <= step * 10**power <= high
        ]
        if len(ticks) <= most:
            break
    return ticks


def draw_limits(axes: Axes, page: PageFormat, limits: Sequence[LatencyLimit]) -> None:
    """Draw each limit as a dashed line over the time it applies to, with a label above its left end."""
    if not limits:
        return
    heights = [axes.transData.transform((0, limit.limit_ms))[1] for limit in limits]
    box = axes.get_window_extent()
    places = spread_positions([height + 4 for height in heights], page.font_px * 1.3, box.y0, box.y1 - 8)
    for limit, place in zip(limits, places, strict=True):
        axes.plot(
            (limit.start_s, limit.end_s),
            (limit.limit_ms, limit.limit_ms),
            color=colour_for("missed"),
            linewidth=1.4,
            dashes=(5, 3),
            zorder=3,
        )
        axes.annotate(
            clean_label(limit.text),
            (limit.start_s, limit.limit_ms),
            xytext=(5, place - axes.transData.transform((0, limit.limit_ms))[1]),
            textcoords="offset pixels",
            fontsize=page.font_px,
            color=colour_for("missed-text"),
            zorder=6,
        )


def label_line_ends(axes: Axes, page: PageFormat, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write the names of lines at the right edge, at the heights where the lines end.

    `ends` are tuples of height (in data units), text and colour role.
    """
    box = axes.get_window_extent()
    heights = [float(axes.transData.transform((0, height))[1]) for height, _, _ in ends]
    places = spread_positions(heights, page.font_px * 1.2, box.y0 + 4, box.y1)
    for place, (_, text, role) in zip(places, ends, strict=True):
        axes.annotate(
            text,
            (1, 0),
            xycoords="axes fraction",
            xytext=(6, place - box.y0),
            textcoords="offset pixels",
            va="center",
            fontsize=page.font_px,
            color=colour_for(role),
        )
