"""The time axis that the charts share: ticks, and the stages as labelled bands."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from reports.charts.canvas import PageFormat
from reports.charts.labels import clean_label, estimate_width_px
from reports.charts.palette import colour_for
from reports.data.facts import Stage

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
"""Usual distances between the ticks of a time axis."""
_HATCH_PX = 9
_BAND_PX = 6
"""Narrower bands are not drawn: they would only disturb."""


@dataclass(frozen=True)
class TimeAxis:
    """From the start of the run to `end_s`, with its stages."""

    end_s: float
    stages: tuple[Stage, ...]

    def draw_on(
        self, axes: Axes, page: PageFormat, *, ticks: bool = True, names_px: float | None = 6
    ) -> None:
        """Set the limits and draw bands, ticks and, `names_px` above the axes, the names of the stages.

        Of several panels below each other, the first has the names and the last has the ticks.
        """
        axes.set_xlim(0, self.end_s)
        self._draw_bands(axes, page, names_px)
        step_s = choose_tick_step_s(self.end_s, page.ticks)
        places = np.arange(0, self.end_s + step_s / 1000, step_s)
        axes.set_xticks(places, [format_tick(place, self.end_s) for place in places] if ticks else [])
        if ticks:
            axes.annotate(
                f"time since the start, {describe_time_unit(self.end_s)}",
                (1, 0),
                xycoords="axes fraction",
                xytext=(0, -33),
                textcoords="offset pixels",
                ha="right",
                fontsize=page.font_px,
                color=colour_for("muted"),
            )

    def _draw_bands(self, axes: Axes, page: PageFormat, names_px: float | None) -> None:
        pixels = page.plot_px / self.end_s
        shown = [stage for stage in self.stages if stage.start_s < self.end_s]
        for number, stage in enumerate(shown):
            start_s, end_s = stage.start_s, min(stage.end_s, self.end_s)
            if number % 2 == 1 and (end_s - start_s) * pixels >= _BAND_PX:
                axes.axvspan(start_s, end_s, color=colour_for("band"), linewidth=0, zorder=0)
            if not stage.judged:
                _hatch(axes, start_s, end_s)
        if names_px is not None:
            for middle_s, text in place_band_labels(self.stages, self.end_s, page):
                axes.annotate(
                    text,
                    (middle_s, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, names_px),
                    textcoords="offset pixels",
                    ha="center",
                    fontsize=page.font_px,
                    color=colour_for("muted"),
                )


def place_band_labels(stages: tuple[Stage, ...], end_s: float, page: PageFormat) -> list[tuple[float, str]]:
    """The labels above the bands, with their positions in seconds: names, or numbers as in the stage table.

    Names are used if those that fit cover most of the time. Otherwise as many numbers as fit.
    """
    spans = [(max(stage.start_s, 0.0), min(stage.end_s, end_s)) for stage in stages]
    shown = [(number, start, end) for number, (start, end) in enumerate(spans) if end > start]
    pixels = page.plot_px / end_s
    named = [
        (start, end, clean_label(stages[number].name, 24))
        for number, start, end in shown
        if estimate_width_px(clean_label(stages[number].name, 24), page.font_px) + 6 <= (end - start) * pixels
    ]
    if sum(end - start for start, end, _ in named) >= 0.6 * sum(end - start for _, start, end in shown):
        return [((start + end) / 2, text) for start, end, text in named]
    numbers = [((start + end) / 2, number + 1) for number, start, end in shown]
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        labels = [(middle, str(number)) for middle, number in numbers if number % step == 0]
        if _fit(labels, pixels, page.font_px):
            break
    return labels


def _fit(labels: list[tuple[float, str]], pixels: float, font_px: float) -> bool:
    edges = [(middle * pixels, estimate_width_px(text, font_px) / 2 + 3) for middle, text in labels]
    return all(left + half <= right - other for (left, half), (right, other) in itertools.pairwise(edges))


def choose_tick_step_s(end_s: float, most: int) -> float:
    """The smallest usual step that gives at most `most` ticks."""
    return float(
        next((step for step in STEPS_S if end_s / step < most), 86400 * np.ceil(end_s / 86400 / most))
    )


def describe_time_unit(end_s: float) -> str:
    """The unit of the ticks of an axis that ends at `end_s`."""
    return "s" if end_s <= 120 else "min:s" if end_s < 2 * 3600 else "h:min"


def format_tick(t_s: float, end_s: float) -> str:
    """The label of a tick, on an axis that ends at `end_s`."""
    whole = round(t_s)
    if end_s <= 120:
        return str(whole)
    small, large = (whole % 60, whole // 60) if end_s < 2 * 3600 else (whole % 3600 // 60, whole // 3600)
    return f"{large}:{small:02d}"


def _hatch(axes: Axes, start_s: float, end_s: float) -> None:
    """Draw diagonal lines over a time range that is shown but not judged."""
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
            lines,
            colors=colour_for("hatch"),
            linewidths=0.8,
            transform=axes.get_xaxis_transform(),
            zorder=0.5,
        ),
        autolim=False,
    )
