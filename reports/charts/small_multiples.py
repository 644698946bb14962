"""Draws small multiples: a low panel for each observed quantity, all on the same time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.canvas import BOTTOM_PX, TOP_PX, PageFormat, add_caption, add_panel, set_height
from reports.charts.chart_data import MAX_POINTS
from reports.charts.palette import colour_for
from reports.charts.time_axis import TimeAxis
from reports.charts.windows import thin_series
from reports.data.columns import Floats
from reports.data.quantities import format_number
from reports.data.run import Run

_GAP_PX = 38
_GAP_RATIO = 2.5
"""A gap of more than so many usual intervals means that observations are missing; no line crosses it."""
_THINNEST_PX = 3


@dataclass(frozen=True)
class TimeSeries:
    """The observations of a quantity in order of time, and how they are drawn."""

    t_s: Floats
    value: Floats
    role: str
    steps: bool = False
    """Whether each value holds until the next one, as a count does."""
    dashed: bool = False

    def __len__(self) -> int:
        return len(self.t_s)

    @classmethod
    def read(cls, run: Run, name: str, source: str, role: str, end_s: float) -> TimeSeries:
        """The observations of `name` at `source` from the start of the load to `end_s`."""
        t_s, value = run.telemetry.select_series(name, source)
        inside = (t_s >= 0) & (t_s <= end_s)
        return cls(t_s[inside], value[inside], role)


@dataclass(frozen=True)
class SmallMultiple:
    """The panel of a quantity: its caption with the unit, its series and its limit, if it has one."""

    caption: str
    series: tuple[TimeSeries, ...]
    least_maximum: float = 1.0
    """The minimum maximum of the axis, so that small values aren't magnified."""
    limit: float | None = None


@dataclass(frozen=True)
class ShadedSpans:
    """Time ranges (start and end in seconds) that are shaded in all panels and named in the first."""

    name: str
    spans: Sequence[tuple[float, float]] = ()


def draw_small_multiples(
    figure: Figure,
    page: PageFormat,
    axis: TimeAxis,
    panels: Sequence[SmallMultiple],
    shaded: ShadedSpans | None = None,
) -> None:
    """Draw the panels below each other."""
    height_px = 58 if page.wide else 52
    total_px = len(panels) * (height_px + _GAP_PX) - _GAP_PX
    set_height(figure, page, TOP_PX + total_px + BOTTOM_PX)
    for place, shown in enumerate(panels):
        first, last = place == 0, place == len(panels) - 1
        axes = add_panel(figure, page, height_px, top_px=TOP_PX + place * (height_px + _GAP_PX))
        axis.draw_on(axes, page, ticks=last, names_px=6 if first else None)
        if shaded and shaded.spans:
            _shade(axes, page, axis.end_s, shaded, named=first)
        _paint(axes, axis.end_s, shown)
        add_caption(axes, page, shown.caption, above_px=28 if first else 8)


def _paint(axes: Axes, end_s: float, shown: SmallMultiple) -> None:
    highest = max(float(series.value.max()) for series in shown.series)
    axes.set_ylim(0, max(highest, shown.least_maximum, shown.limit or 0.0) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_format_tick))
    if shown.limit is not None:
        axes.plot((0, end_s), (shown.limit,) * 2, color=colour_for("missed"), linewidth=1.2, dashes=(5, 3))
    for series in shown.series:
        t_s, value = _simplify(series)
        (line,) = axes.plot(
            t_s, value, color=colour_for(series.role), linewidth=1.6, solid_joinstyle="round", zorder=4
        )
        if series.steps:
            line.set_drawstyle("steps-post")
        if series.dashed:
            line.set_linestyle((0, (4, 2.5)))
        if len(series) == 1:
            axes.plot(t_s, value, "o", color=colour_for(series.role), markersize=5, mew=0, zorder=4)


def _format_tick(value: float, _: int | None) -> str:
    """A tick that fits into the margin: 900, 9,000, 90k."""
    return format_number(value) if value < 10_000 else f"{format_number(value / 1000)}k"


def _simplify(series: TimeSeries) -> tuple[Floats, Floats]:
    """The series with fewer points, as many as can be seen, and a NaN where observations are missing."""
    if len(series) < 2:
        return series.t_s, series.value
    gaps_s = np.diff(series.t_s)
    breaks = np.flatnonzero(gaps_s > _GAP_RATIO * np.median(gaps_s)) + 1
    parts_t, parts_value = [], []
    for t_s, value in zip(np.split(series.t_s, breaks), np.split(series.value, breaks), strict=True):
        kept_t, kept = thin_series(t_s, value, max(2 * MAX_POINTS * len(t_s) // len(series), 4))
        parts_t += [kept_t, kept_t[-1:]]
        parts_value += [kept, np.array([np.nan])]
    return np.concatenate(parts_t[:-1]), np.concatenate(parts_value[:-1])


def _shade(axes: Axes, page: PageFormat, end_s: float, shaded: ShadedSpans, *, named: bool) -> None:
    thinnest_s = _THINNEST_PX * end_s / page.plot_px
    for start_s, stop_s in shaded.spans:
        length_s = max(stop_s - start_s, thinnest_s)
        axes.axvspan(
            start_s, start_s + length_s, color=colour_for("missed"), alpha=0.3, linewidth=0, zorder=1
        )
    if named:
        first_s, last_s = shaded.spans[0]
        early = first_s < end_s / 2
        axes.annotate(
            shaded.name,
            (last_s if early else first_s, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5 if early else -5, -1.9 * page.font_px),  # below a limit line at the top
            textcoords="offset pixels",
            ha="left" if early else "right",
            fontsize=page.font_px,
            color=colour_for("missed-text"),
            zorder=6,
        )
