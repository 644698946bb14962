"""How fast a figure grows during a run: its values in consecutive windows, and their slope."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Final, NamedTuple

import numpy as np

from reports.data.columns import Floats
from reports.data.percentiles import compute_percentile

LEAST_WINDOWS: Final = 10
"""With fewer, no slope is told from none."""
MOST_WINDOWS: Final = 60
HOUR_S: Final = 3600.0
_LEAST_IN_WINDOW: Final = 5
_BEYOND: Final = 2
"""Values that lie beyond the quantile of a window on average: 2 of 200 at p99."""


class WindowedValues(NamedTuple):
    """The middle of each window in s since the run's start, and the quantile of the values in it."""

    t_s: Floats
    values: Floats


@dataclass(frozen=True)
class Growth:
    """The slope per hour of a quantile of `values`, observed at `t_s` in ascending order, over equal windows.

    The part of a run from `start_s` to `end_s` is divided into at most `MOST_WINDOWS` of them. A `relative`
    slope is a share of the median window. `resolution` is the change from beginning to end that would not
    show, in the unit of the values.
    """

    t_s: Floats
    values: Floats
    start_s: float
    end_s: float
    quantile: Fraction
    relative: bool = False
    resolution: float = 0.0
    reachable: bool = False
    rising: bool = False
    falling: bool = False
    at_s: float | None = None

    @property
    def samples(self) -> int:
        """The number of values."""
        return len(self.values)

    @property
    def needed_in_window(self) -> int:
        """How many values a window should hold, so that its quantile means something."""
        return max(_LEAST_IN_WINDOW, ceil(_BEYOND / min(self.quantile, 1 - self.quantile)))

    @cached_property
    def windows(self) -> WindowedValues:
        """The windows with values; none if there are not enough of them."""
        count = min(MOST_WINDOWS, len(self.values) // self.needed_in_window)
        if count < LEAST_WINDOWS:
            return WindowedValues(np.empty(0), np.empty(0))
        edges = np.linspace(self.start_s, self.end_s, count + 1)
        parts = np.split(self.values, np.searchsorted(self.t_s, edges[1:-1]))
        found = [compute_percentile(part, self.quantile) for part in parts]
        filled = np.array([value is not None for value in found])
        if np.count_nonzero(filled) < LEAST_WINDOWS:
            return WindowedValues(np.empty(0), np.empty(0))
        middles = (edges[:-1] + edges[1:]) / 2
        return WindowedValues(middles[filled], np.array([value for value in found if value is not None]))

    @property
    def level(self) -> float:
        """What a slope is told as a share of: the median window, or 1."""
        return float(np.median(self.windows.values)) if self.relative else 1.0

    @property
    def value(self) -> float | None:
        """The median of the slopes of all pairs of windows (Sen, *JASA* 63, 1968); None without windows."""
        t_s, values = self.windows
        if not len(values) or not self.level:
            return None
        first, second = np.triu_indices(len(values), 1)
        slope = float(np.median((values[second] - values[first]) / (t_s[second] - t_s[first])))
        return slope * HOUR_S / self.level

    def compute_line(self) -> WindowedValues:
        """The line of this slope through the windows, at half of which it lies above; as long as they are."""
        t_s, values = self.windows
        risen = (self.value or 0.0) * self.level / HOUR_S * t_s
        return WindowedValues(t_s, risen + np.median(values - risen))
