"""Keeps figures up to date while requests come in, from a metric's measurements of consecutive blocks.

The metric alone defines what is counted. A percentile has no counter here, because it needs every value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from reports.data.percentiles import compute_rank
from reports.objectives.measurements import (
    Count,
    Maximum,
    Mean,
    Measurement,
    Peak,
    Proportion,
    Provable,
    Rate,
)
from reports.objectives.objective import Objective

Measured = TypeVar("Measured", contravariant=True)


class FigureCounter(Protocol[Measured]):
    """Computes one figure from all blocks so far."""

    def add(self, seen: Measured) -> None:
        """Count one more block."""

    def compute_value(self, elapsed_s: float, /) -> float | None:
        """The figure, `elapsed_s` seconds into its part of the run; None before the first request."""


class ProportionCounter:
    """Counts a `Proportion`."""

    def __init__(self) -> None:
        self.hits = 0
        self.samples = 0

    def add(self, seen: Proportion) -> None:
        """Count a block."""
        self.hits += int(np.count_nonzero(seen.hits))
        self.samples += len(seen.hits)

    def compute_value(self, _elapsed_s: float) -> float | None:
        """The share of all trials so far."""
        return self.hits / self.samples if self.samples else None


class TotalCounter:
    """Counts a `Count`."""

    def __init__(self) -> None:
        self._hits = 0
        self._samples = 0

    def add(self, seen: Count) -> None:
        """Count a block."""
        self._hits += int(np.count_nonzero(seen.hits))
        self._samples += len(seen.hits)

    def compute_value(self, _elapsed_s: float) -> float | None:
        """The number so far."""
        return float(self._hits) if self._samples else None


class MeanCounter:
    """Counts a `Mean`."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._samples = 0

    def add(self, seen: Mean) -> None:
        """Count a block."""
        self._sum += float(seen.values.sum())
        self._samples += len(seen.values)

    def compute_value(self, _elapsed_s: float) -> float | None:
        """The mean of all values so far."""
        return self._sum / self._samples if self._samples else None


class MaximumCounter:
    """Counts a `Maximum`."""

    def __init__(self) -> None:
        self._highest: float | None = None

    def add(self, seen: Maximum) -> None:
        """Count a block."""
        highest = seen.value
        if highest is not None and (self._highest is None or highest > self._highest):
            self._highest = highest

    def compute_value(self, _elapsed_s: float) -> float | None:
        """The greatest value so far."""
        return self._highest


class RateCounter:
    """Counts a `Rate`, divided by the elapsed time instead of the planned duration."""

    def __init__(self) -> None:
        self._count = 0
        self._samples = 0

    def add(self, seen: Rate) -> None:
        """Count a block."""
        self._count += seen.count
        self._samples += seen.samples

    def compute_value(self, elapsed_s: float) -> float | None:
        """How many per second so far."""
        return self._count / elapsed_s if self._samples and elapsed_s > 0 else None


class PeakCounter:
    """Counts a `Peak` over the whole seconds of the run only, not over any second as the metric does.

    A sliding second can't be counted block by block, because it may lie in several blocks.
    """

    def __init__(self) -> None:
        self._by_second: defaultdict[int, int] = defaultdict(int)
        self._samples = 0

    def add(self, seen: Peak) -> None:
        """Count a block."""
        seconds, places = np.unique(seen.end_us // 1_000_000, return_inverse=True)
        counts = np.bincount(places, weights=seen.weights, minlength=len(seconds))
        for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
            self._by_second[second] += int(count)
        self._samples += seen.samples

    def compute_value(self, _elapsed_s: float) -> float | None:
        """The most in one of the run's seconds so far."""
        return float(max(self._by_second.values(), default=0)) if self._samples else None


_COUNTERS: Final[Mapping[type[Any], Callable[[], FigureCounter[Any]]]] = {
    Proportion: ProportionCounter,
    Count: TotalCounter,
    Mean: MeanCounter,
    Maximum: MaximumCounter,
    Rate: RateCounter,
    Peak: PeakCounter,
}


def start_counter(seen: Measurement) -> FigureCounter[Any] | None:
    """A new counter for this kind of measurement; None if it can't be counted block by block."""
    counter = _COUNTERS.get(type(seen))
    return counter() if counter else None


class ExceedanceCounter:
    """Counts how many of the requests that an objective is about exceed its limit."""

    def __init__(self, objective: Objective) -> None:
        self.requests = 0
        self.exceeding = 0
        self._objective = objective

    def add(self, seen: Provable | Maximum | Count) -> None:
        """Count a block."""
        exceeding = self._objective.mark_exceeding(seen)
        self.requests += len(exceeding)
        self.exceeding += int(np.count_nonzero(exceeding))

    def is_broken(self) -> bool:
        """Whether a limit for a percentile or a maximum is exceeded by more requests than it allows."""
        if not self.requests:
            return False
        quantile = self._objective.quantile
        allowed = 0 if quantile is None else self.requests - compute_rank(quantile, self.requests)
        return self.exceeding > allowed
