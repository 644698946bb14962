"""What a metric measures: a figure in the metric's base unit, and how many samples it is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats, Mask
from reports.data.percentiles import compute_percentile
from reports.data.samples import Samples
from reports.objectives.growth import Growth

_BLOCK = 1 << 20
"""Replies processed together, so that the memory needed doesn't grow with the run."""


class _Traits:
    """Properties that all kinds of measurements have, with their defaults."""

    reachable: bool = False
    """Whether a run that was cut short might still have reached a minimum for it, as for a peak."""
    rising: bool = False
    """Whether it never falls as more requests come: a maximum, a count, a peak."""
    falling: bool = False
    """Whether it never rises as the run goes on."""
    at_s: float | None = None
    """Where the worst window begins, in s since the run's start; None if it isn't about windows."""


@dataclass(frozen=True)
class Percentile(_Traits):
    """The nearest-rank percentile `quantile` (0 to 1) of `values`, which are in order of time."""

    values: Floats
    quantile: Fraction

    @property
    def value(self) -> float | None:
        """The percentile; None without values."""
        return compute_percentile(self.values, self.quantile)

    @property
    def samples(self) -> int:
        """The number of values."""
        return len(self.values)


@dataclass(frozen=True)
class Proportion(_Traits):
    """The share of true values among `hits`, which are in order of time."""

    hits: Mask

    @property
    def value(self) -> float | None:
        """The proportion, 0 to 1; None without trials."""
        return int(np.count_nonzero(self.hits)) / len(self.hits) if len(self.hits) else None

    @property
    def samples(self) -> int:
        """The number of trials."""
        return len(self.hits)


@dataclass(frozen=True)
class Mean(_Traits):
    """The arithmetic mean of `values`."""

    values: Floats

    @property
    def value(self) -> float | None:
        """The mean; None without values."""
        return float(self.values.mean()) if len(self.values) else None

    @property
    def samples(self) -> int:
        """The number of values."""
        return len(self.values)


@dataclass(frozen=True)
class Maximum(_Traits):
    """The greatest of `values`."""

    values: Floats
    rising = True

    @property
    def value(self) -> float | None:
        """The maximum; None without values."""
        return float(self.values.max()) if len(self.values) else None

    @property
    def samples(self) -> int:
        """The number of values."""
        return len(self.values)


@dataclass(frozen=True)
class Count(_Traits):
    """The number of true values among `hits`."""

    hits: Mask
    reachable = rising = True

    @property
    def value(self) -> float | None:
        """The number; None without requests."""
        return float(np.count_nonzero(self.hits)) if len(self.hits) else None

    @property
    def samples(self) -> int:
        """The number of requests among which it was counted."""
        return len(self.hits)


@dataclass(frozen=True)
class Rate(_Traits):
    """A `count` per second of the planned duration, over `samples` requests."""

    count: int
    duration_s: float
    samples: int
    reachable = True

    @property
    def value(self) -> float | None:
        """The rate; None without a planned duration."""
        return self.count / self.duration_s if self.duration_s > 0 else None


@dataclass(frozen=True)
class Peak(_Traits):
    """The greatest sum of weights in any second [t, t + 1), of replies that end at `end_us`."""

    end_us: NDArray[np.int64]
    weights: NDArray[np.int64] | None
    """None if each reply has weight one."""
    samples: int
    reachable = rising = True

    @classmethod
    def from_samples(cls, samples: Samples, weights: NDArray[np.integer[Any]] | None = None) -> Peak:
        """The peak of the successful replies among `samples`.

        Times are compared in whole microseconds, so that replies exactly a second apart share no second.
        """
        ok = samples.ok & np.isfinite(samples.latency_ms)
        end_us = np.rint(samples.end_s[ok] * 1e6).astype(np.int64)
        return cls(end_us, None if weights is None else weights[ok].astype(np.int64), len(samples))

    @property
    def value(self) -> float:
        """The greatest sum in any sliding second; 0 without replies."""
        if self.weights is None:
            end_us, before = np.sort(self.end_us), None
        else:
            order = np.argsort(self.end_us)
            end_us, before = self.end_us[order], np.concatenate(([0], np.cumsum(self.weights[order])))
        most = 0
        for first in range(0, len(end_us), _BLOCK):
            starts = np.arange(first, min(first + _BLOCK, len(end_us)))
            ends = np.searchsorted(end_us, end_us[starts] + 1_000_000, side="left")
            inside = ends - starts if before is None else before[ends] - before[starts]
            most = max(most, int(inside.max()))
        return float(most)


@dataclass(frozen=True)
class PointEstimate(_Traits):
    """A figure without an interval that is none of the other kinds."""

    value: float | None
    samples: int
    rising: bool = False
    reachable: bool = False
    falling: bool = False
    at_s: float | None = None


Provable: TypeAlias = Percentile | Proportion
"""Measurements with a confidence interval, for which enough samples prove a limit."""
Measurement: TypeAlias = Provable | Mean | Maximum | Count | Rate | Peak | Growth | PointEstimate
