"""Divides a run into windows of equal length: the counts and latency percentiles of each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.charts.time_axis import STEPS_S
from reports.data.columns import Floats
from reports.data.percentiles import compute_percentiles
from reports.data.quantities import format_duration

PERCENTILE_NAMES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}
QUANTILES = tuple(PERCENTILE_NAMES)
_LEAST_REST = 0.25
"""A rest of the run that is shorter than this share of a window is added to the window before."""
_ENOUGH = 20
"""Answers that a window should hold, so that its percentiles mean something."""


@dataclass(frozen=True)
class LatencyWindows:
    """Percentiles of the requests that started in each window; NaN if none did.

    All windows are `width_s` long, except the last one: it ends with the run.
    """

    width_s: float
    start_s: Floats
    length_s: Floats
    answers: NDArray[np.int64]
    percentiles_ms: dict[float, Floats]

    @property
    def middle_s(self) -> Floats:
        """The middle of each window: where its percentiles are drawn."""
        return self.start_s + self.length_s / 2

    def find_worst(self, quantile: float) -> tuple[float, float]:
        """The highest value of the percentile in any window, and the start of that window."""
        values = self.percentiles_ms[quantile]
        if np.isnan(values).all():
            return float("nan"), 0.0
        index = int(np.nanargmax(values))
        return float(values[index]), float(self.start_s[index])

    @property
    def name(self) -> str:
        """The name of a window: 'second', '10 s window'."""
        return "second" if self.width_s == 1 else f"{format_duration(self.width_s)} window"


def choose_window_s(end_s: float, answers: int, points: int) -> float:
    """The shortest usual length that gives at most `points` windows with enough answers in each.

    Runs with few answers get longer windows, but always about ten of them.
    """
    return round_up_s(max(1.0, end_s / points, min(_ENOUGH * end_s / max(answers, 1), end_s / 10)))


def round_up_s(needed_s: float) -> float:
    """The next usual length of time that is not shorter than `needed_s`."""
    if needed_s < 1:
        power = 10.0 ** np.floor(np.log10(needed_s))
        return float(next(step * power for step in (1, 2, 5, 10) if step * power >= needed_s * (1 - 1e-9)))
    return float(next((step for step in STEPS_S if step >= needed_s), np.ceil(needed_s / 86400) * 86400))


def compute_latency_windows(
    intended_s: Floats, latency_ms: Floats, end_s: float, width: float
) -> LatencyWindows:
    """Nearest-rank percentiles of each window; `intended_s` is in ascending order."""
    starts_s: Floats = np.arange(max(1, int(np.ceil(end_s / width - _LEAST_REST))), dtype=np.float64) * width
    edges = np.append(np.searchsorted(intended_s, starts_s, side="left"), len(intended_s))
    edges[0] = 0
    percentiles = {quantile: np.full(len(starts_s), np.nan) for quantile in QUANTILES}
    for index, (first, last) in enumerate(itertools.pairwise(edges)):
        if last > first:
            found = compute_percentiles(latency_ms[first:last], QUANTILES)
            for quantile, value_ms in zip(QUANTILES, found, strict=True):
                percentiles[quantile][index] = value_ms
    lengths_s: Floats = np.diff(np.append(starts_s, end_s))
    return LatencyWindows(width, starts_s, lengths_s, np.diff(edges), percentiles)


def sum_per_window(
    counts: NDArray[np.int64], end_s: float, width: float
) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Counts per second summed over windows of whole seconds: the start, the sum and the length of each.

    The last window ends with the run.
    """
    step = max(1, int(width))
    seconds = max(1, int(np.ceil(end_s)))
    starts = np.arange(0, seconds, step)
    if len(starts) > 1 and end_s - starts[-1] < step * _LEAST_REST:
        starts = starts[:-1]
    counted = np.zeros(seconds, dtype=np.int64)
    kept = counts[:seconds]
    counted[: len(kept)] = kept
    lengths_s = np.diff(np.append(starts, max(end_s, 1e-3)))
    return starts.astype(np.float64), np.add.reduceat(counted, starts), lengths_s


def thin_series(t_s: Floats, values: Floats, most: int) -> tuple[Floats, Floats]:
    """At most about `most` points of a series: the lowest and the highest of each section."""
    if len(t_s) <= most:
        return t_s, values
    edges = np.linspace(0, len(t_s), most // 2 + 1).astype(int)
    kept = {0, len(t_s) - 1}
    for first, last in itertools.pairwise(edges):
        kept |= {first + int(np.argmin(values[first:last])), first + int(np.argmax(values[first:last]))}
    rows = sorted(kept)
    return t_s[rows], values[rows]
