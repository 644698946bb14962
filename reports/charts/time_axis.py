"""The time axis all plots share: the same ticks at the same places, stages as labelled bands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from reports.charts.canvas import Format, label, width_px
from reports.charts.palette import mark
from reports.data.facts import Stage

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
"""Distances at which people expect ticks on a clock."""
_HATCH_PX = 9
_BAND_PX = 6
"""Narrower bands would be a flicker behind the lines; they are left out."""


@dataclass(frozen=True)
class TimeAxis:
    """From the run's start to `end_s`, with the stages in between."""

    end_s: float
    stages: tuple[Stage, ...]

    def apply(self, axes: Axes, page: Format, *, ticks: bool = True, names_px: float | None = 6) -> None:
        """Limits, bands, ticks, and the stages' names `names_px` above.

        Of stacked panels the first has the names, the last the ticks.
        """
        axes.set_xlim(0, self.end_s)
        self._bands(axes, page, names_px)
        step_s = tick_step_s(self.end_s, page.ticks)
        places = np.arange(0, self.end_s + step_s / 1000, step_s)
        axes.set_xticks(places, [clock(place, self.end_s) for place in places] if ticks else [])
        if ticks:
            axes.annotate(
                f"time since the start, {unit(self.end_s)}",
                (1, 0),
                xycoords="axes fraction",
                xytext=(0, -33),
                textcoords="offset pixels",
                ha="right",
                fontsize=page.font_px,
                color=mark("muted"),
            )

    def _bands(self, axes: Axes, page: Format, names_px: float | None) -> None:
        pixels = page.plot_px / self.end_s
        shown = [stage for stage in self.stages if stage.start_s < self.end_s]
        for number, stage in enumerate(shown):
            start_s, end_s = stage.start_s, min(stage.end_s, self.end_s)
            if number % 2 == 1 and (end_s - start_s) * pixels >= _BAND_PX:
                axes.axvspan(start_s, end_s, color=mark("band"), linewidth=0, zorder=0)
            if not stage.judged:
                _hatch(axes, start_s, end_s)
        if names_px is not None:
            for middle_s, text in band_labels(self.stages, self.end_s, page):
                axes.annotate(
                    text,
                    (middle_s, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, names_px),
                    textcoords="offset pixels",
                    ha="center",
                    fontsize=page.font_px,
                    color=mark("muted"),
                )


def band_labels(stages: tuple[Stage, ...], end_s: float, page: Format) -> list[tuple[float, str]]:
    """Where to write what above the bands so that nothing overlaps: names, or else numbers as in the table.

    Names win if those with enough room cover most of the time; numbers are thinned out until they fit.
    """
    spans = [(max(stage.start_s, 0.0), min(stage.end_s, end_s)) for stage in stages]
    shown = [(number, start, end) for number, (start, end) in enumerate(spans) if end > start]
    pixels = page.plot_px / end_s
    named = [
        (start, end, label(stages[number].name, 24))
        for number, start, end in shown
        if width_px(label(stages[number].name, 24), page.font_px) + 6 <= (end - start) * pixels
    ]
    if sum(end - start for start, end, _ in named) >= 0.6 * sum(end - start for _, start, end in shown):
        return [((start + end) / 2, text) for start, end, text in named]
    numbers = [((start + end) / 2, number + 1) for number, start, end in shown]
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        labels = [(middle, str(number)) for middle, number in numbers if number % step == 0]
        if _apart(labels, pixels, page.font_px):
            break
    return labels


def _apart(labels: list[tuple[float, str]], pixels: float, font_px: float) -> bool:
    edges = [(middle * pixels, width_px(text, font_px) / 2 + 3) for middle, text in labels]
    return all(left + half <= right - other for (left, half), (right, other) in itertools.pairwise(edges))


def tick_step_s(end_s: float, most: int) -> float:
    """The smallest usual step that makes at most `most` ticks."""
    return float(
        next((step for step in STEPS_S if end_s / step < most), 86400 * np.ceil(end_s / 86400 / most))
    )


def unit(end_s: float) -> str:
    """How the ticks of an axis that long are written."""
    return "s" if end_s <= 120 else "min:s" if end_s < 2 * 3600 else "h:min"


def clock(t_s: float, end_s: float) -> str:
    """A tick of an axis that ends at `end_s`."""
    whole = round(t_s)
    if end_s <= 120:
        return str(whole)
    small, large = (whole % 60, whole // 60) if end_s < 2 * 3600 else (whole % 3600 // 60, whole // 3600)
    return f"{large}:{small:02d}"


def _hatch(axes: Axes, start_s: float, end_s: float) -> None:
    """Diagonal lines over a stretch of time: it is shown, and not judged."""
    box = axes.get_window_extent()
    left_s, right_s = axes.get_xlim()
    scale = box.width / (right_s - left_s)
    width, height = (end_s - start_s) * scale, box.height
    lines = []
    for offset in np.arange(-height, width, _HATCH_PX):
        low, high = max(0.0, offset), min(width, offset + height)
        if high > low:
            ends = ((low, low - offset), (high, high - offset))
            lines.append([(start_s + x / scale, y / height) for x, y in ends])
    axes.add_collection(
        LineCollection(
            lines, colors=mark("hatch"), linewidths=0.8, transform=axes.get_xaxis_transform(), zorder=0.5
        ),
        autolim=False,
    )
