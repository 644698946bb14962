"""The latency axis: from zero, or logarithmic where the figures are too far apart to be seen together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reports.charts.canvas import Format, caption, label, spread
from reports.charts.chart_data import Limit
from reports.charts.palette import mark
from reports.data.quantities import number

_HEADROOM = 0.09
_FAR_APART = 25
"""Beyond this ratio of the highest to a typical value a linear axis would press the typical one flat."""


def set_latency_axis(
    axes: Axes,
    page: Format,
    typical_ms: float,
    lowest_ms: float,
    highest_ms: float,
    *,
    caption_px: float = 28,
) -> None:
    """Scale, limits, ticks and the axis' caption for values between `lowest_ms` and `highest_ms`."""
    logarithmic = bool(typical_ms > 0 and highest_ms / typical_ms > _FAR_APART)
    if logarithmic:
        low, high = decades(lowest_ms, highest_ms)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(FixedLocator(log_ticks(low, high, 8)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(0, highest_ms * 1.15 or 1)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    words = "latency, ms (logarithmic)" if logarithmic else "latency, ms"
    caption(axes, page, words, above_px=caption_px)


def decades(lowest: float, highest: float) -> tuple[float, float]:
    """Limits of a logarithmic axis: the next 1, 2 or 5 below, some room for a label above."""
    low = max(lowest, highest / 1e7, 1e-6)
    power = 10.0 ** np.floor(np.log10(low))
    floor = max(step * power for step in (1, 2, 5) if step * power <= low * (1 + 1e-9))
    top = max(highest, floor * 10)
    return float(floor), float(top * (top / floor) ** _HEADROOM)


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between the limits: 1, 2, 5 a decade, or only powers of ten where those are too many."""
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


def draw_limits(axes: Axes, page: Format, limits: Sequence[Limit]) -> None:
    """Each limit as a dashed line over the time it holds for, its words above its left end."""
    if not limits:
        return
    heights = [axes.transData.transform((0, limit.limit_ms))[1] for limit in limits]
    box = axes.get_window_extent()
    places = spread([height + 4 for height in heights], page.font_px * 1.3, box.y0, box.y1 - 8)
    for limit, place in zip(limits, places, strict=True):
        axes.plot(
            (limit.start_s, limit.end_s),
            (limit.limit_ms, limit.limit_ms),
            color=mark("missed"),
            linewidth=1.4,
            dashes=(5, 3),
            zorder=3,
        )
        axes.annotate(
            label(limit.text),
            (limit.start_s, limit.limit_ms),
            xytext=(5, place - axes.transData.transform((0, limit.limit_ms))[1]),
            textcoords="offset pixels",
            fontsize=page.font_px,
            color=mark("missed-text"),
            zorder=6,
        )


def label_ends(axes: Axes, page: Format, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names beside the right edge at the height (in data units) where each line ends, kept apart.

    `ends` holds height, text and colour role of each.
    """
    box = axes.get_window_extent()
    heights = [float(axes.transData.transform((0, height))[1]) for height, _, _ in ends]
    places = spread(heights, page.font_px * 1.2, box.y0 + 4, box.y1)
    for place, (_, text, role) in zip(places, ends, strict=True):
        axes.annotate(
            text,
            (1, 0),
            xycoords="axes fraction",
            xytext=(6, place - box.y0),
            textcoords="offset pixels",
            va="center",
            fontsize=page.font_px,
            color=mark(role),
        )
