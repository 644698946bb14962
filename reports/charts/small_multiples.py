"""Small multiples: what was observed beside the requests, one thin panel a quantity, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.canvas import BOTTOM_PX, TOP_PX, Format, caption, panel, resize
from reports.charts.chart_data import POINTS
from reports.charts.palette import mark
from reports.charts.time_axis import TimeAxis
from reports.charts.windows import thin
from reports.data.quantities import number
from reports.data.run import Run
from reports.data.samples import Floats

_GAP_PX = 38
_MISSING = 2.5
"""Times the usual distance of two observations after which some are missing, so that no line joins them."""
_THINNEST_PX = 3


@dataclass(frozen=True)
class Series:
    """Observations of one quantity in order of time, the role that colours them, and how they are drawn."""

    t_s: Floats
    value: Floats
    role: str
    steps: bool = False
    """Whether a value holds until the next, as a count of things does."""
    dashed: bool = False

    def __len__(self) -> int:
        return len(self.t_s)

    @classmethod
    def observed(cls, run: Run, name: str, source: str, role: str, end_s: float) -> Series:
        """What was observed of `name` at `source` from the run's start to `end_s`; before it was no load."""
        t_s, value = run.telemetry.series(name, source)
        inside = (t_s >= 0) & (t_s <= end_s)
        return cls(t_s[inside], value[inside], role)


@dataclass(frozen=True)
class Panel:
    """One quantity: what is counted and in which unit, its series, and up to where its axis goes at least."""

    caption: str
    series: tuple[Series, ...]
    reach: float = 1.0
    limit: float | None = None


@dataclass(frozen=True)
class Marked:
    """Stretches of time, from and to in s, that are shaded in every panel and named in the first."""

    name: str
    spans: Sequence[tuple[float, float]] = ()


def paint_panels(
    figure: Figure, page: Format, axis: TimeAxis, panels: Sequence[Panel], marked: Marked | None = None
) -> None:
    """The panels below each other."""
    height_px = 58 if page.wide else 52
    total_px = len(panels) * (height_px + _GAP_PX) - _GAP_PX
    resize(figure, page, TOP_PX + total_px + BOTTOM_PX)
    for place, shown in enumerate(panels):
        first, last = place == 0, place == len(panels) - 1
        axes = panel(figure, page, height_px, top_px=TOP_PX + place * (height_px + _GAP_PX))
        axis.apply(axes, page, ticks=last, names_px=6 if first else None)
        if marked and marked.spans:
            _mark(axes, page, axis.end_s, marked, named=first)
        _paint(axes, axis.end_s, shown)
        caption(axes, page, shown.caption, above_px=28 if first else 8)


def _paint(axes: Axes, end_s: float, shown: Panel) -> None:
    highest = max(float(series.value.max()) for series in shown.series)
    axes.set_ylim(0, max(highest, shown.reach, shown.limit or 0.0) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick))
    if shown.limit is not None:
        axes.plot((0, end_s), (shown.limit,) * 2, color=mark("missed"), linewidth=1.2, dashes=(5, 3))
    for series in shown.series:
        t_s, value = _joined(series)
        (line,) = axes.plot(
            t_s, value, color=mark(series.role), linewidth=1.6, solid_joinstyle="round", zorder=4
        )
        if series.steps:
            line.set_drawstyle("steps-post")
        if series.dashed:
            line.set_linestyle((0, (4, 2.5)))
        if len(series) == 1:
            axes.plot(t_s, value, "o", color=mark(series.role), markersize=5, mew=0, zorder=4)


def _tick(value: float, _: int | None) -> str:
    """A figure narrow enough for the margin: 900, 9,000, 90k."""
    return number(value) if value < 10_000 else f"{number(value / 1000)}k"


def _joined(series: Series) -> tuple[Floats, Floats]:
    """The series thinned to what can be seen, with a NaN wherever observations are missing."""
    if len(series) < 2:
        return series.t_s, series.value
    gaps_s = np.diff(series.t_s)
    breaks = np.flatnonzero(gaps_s > _MISSING * np.median(gaps_s)) + 1
    parts_t, parts_value = [], []
    for t_s, value in zip(np.split(series.t_s, breaks), np.split(series.value, breaks), strict=True):
        kept_t, kept = thin(t_s, value, max(2 * POINTS * len(t_s) // len(series), 4))
        parts_t += [kept_t, kept_t[-1:]]
        parts_value += [kept, np.array([np.nan])]
    return np.concatenate(parts_t[:-1]), np.concatenate(parts_value[:-1])


def _mark(axes: Axes, page: Format, end_s: float, marked: Marked, *, named: bool) -> None:
    thinnest_s = _THINNEST_PX * end_s / page.plot_px
    for start_s, stop_s in marked.spans:
        length_s = max(stop_s - start_s, thinnest_s)
        axes.axvspan(start_s, start_s + length_s, color=mark("missed"), alpha=0.3, linewidth=0, zorder=1)
    if named:
        first_s, last_s = marked.spans[0]
        early = first_s < end_s / 2
        axes.annotate(
            marked.name,
            (last_s if early else first_s, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5 if early else -5, -1.9 * page.font_px),  # below a limit at the top
            textcoords="offset pixels",
            ha="left" if early else "right",
            fontsize=page.font_px,
            color=mark("missed-text"),
            zorder=6,
        )
