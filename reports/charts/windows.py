"""Requests cut into windows of equal length along the run: counts and latency percentiles of each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.charts.time_axis import STEPS_S
from reports.data.quantities import duration
from reports.data.samples import Floats

QUANTILES = (0.5, 0.95, 0.99)
_SLIVER = 0.25
"""Share of a window; what is left of a run that is shorter makes no window of its own."""
_ENOUGH = 20
"""Answers a window should hold so that its percentiles say something."""


@dataclass(frozen=True)
class Windows:
    """Percentiles of the requests that started in each window; NaN where none did.

    All are `width_s` long, except that the last one ends with the run: a sliver goes to the window before.
    """

    width_s: float
    start_s: Floats
    length_s: Floats
    answers: NDArray[np.int64]
    percentiles_ms: dict[float, Floats]

    @property
    def middle_s(self) -> Floats:
        """Where to draw each window."""
        return self.start_s + self.length_s / 2

    def worst(self, quantile: float) -> tuple[float, float]:
        """The highest value of that percentile in any window, and when that window began."""
        values = self.percentiles_ms[quantile]
        if np.isnan(values).all():
            return float("nan"), 0.0
        index = int(np.nanargmax(values))
        return float(values[index]), float(self.start_s[index])

    @property
    def name(self) -> str:
        """What one window is called: 'second', '10 s window'."""
        return "second" if self.width_s == 1 else f"{duration(self.width_s)} window"


def window_s(end_s: float, answers: int, points: int) -> float:
    """The shortest usual window that leaves at most `points` of them and fills each.

    Sparse runs get longer windows, yet never fewer than ten or so.
    """
    return usual_s(max(1.0, end_s / points, min(_ENOUGH * end_s / max(answers, 1), end_s / 10)))


def usual_s(needed_s: float) -> float:
    """The shortest usual stretch of time that is at least `needed_s`."""
    if needed_s < 1:
        power = 10.0 ** np.floor(np.log10(needed_s))
        return float(next(step * power for step in (1, 2, 5, 10) if step * power >= needed_s * (1 - 1e-9)))
    return float(next((step for step in STEPS_S if step >= needed_s), np.ceil(needed_s / 86400) * 86400))


def latency_windows(intended_s: Floats, latency_ms: Floats, end_s: float, width: float) -> Windows:
    """Nearest-rank percentiles per window; `intended_s` is sorted, both in the order of the samples."""
    starts_s: Floats = np.arange(max(1, int(np.ceil(end_s / width - _SLIVER))), dtype=np.float64) * width
    edges = np.append(np.searchsorted(intended_s, starts_s, side="left"), len(intended_s))
    edges[0] = 0
    percentiles = {quantile: np.full(len(starts_s), np.nan) for quantile in QUANTILES}
    for index, (first, last) in enumerate(itertools.pairwise(edges)):
        if last > first:
            ranks = [int(np.ceil(quantile * (last - first) - 1e-9)) - 1 for quantile in QUANTILES]
            ordered = np.partition(latency_ms[first:last], ranks)
            for quantile, rank in zip(QUANTILES, ranks, strict=True):
                percentiles[quantile][index] = ordered[rank]
    lengths_s: Floats = np.diff(np.append(starts_s, end_s))
    return Windows(width, starts_s, lengths_s, np.diff(edges), percentiles)


def per_window(
    counts: NDArray[np.int64], end_s: float, width: float
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Counts per second summed to windows of whole seconds: when each begins, its sum, its length in s.

    The last window is as long as the run reaches into it; a sliver goes to the window before.
    """
    step = max(1, int(width))
    seconds = max(1, int(np.ceil(end_s)))
    starts = np.arange(0, seconds, step)
    if len(starts) > 1 and end_s - starts[-1] < step * _SLIVER:
        starts = starts[:-1]
    counted = np.zeros(seconds, dtype=np.int64)
    kept = counts[:seconds]
    counted[: len(kept)] = kept
    lengths_s = np.diff(np.append(starts, max(end_s, 1e-3)))
    return starts.astype(np.float64), np.add.reduceat(counted, starts), lengths_s


def thin(t_s: Floats, values: Floats, most: int) -> tuple[Floats, Floats]:
    """At most about `most` points of a series; of each stretch left out, its lowest and highest stay."""
    if len(t_s) <= most:
        return t_s, values
    edges = np.linspace(0, len(t_s), most // 2 + 1).astype(int)
    kept = {0, len(t_s) - 1}
    for first, last in itertools.pairwise(edges):
        kept |= {first + int(np.argmin(values[first:last])), first + int(np.argmax(values[first:last]))}
    rows = sorted(kept)
    return t_s[rows], values[rows]
