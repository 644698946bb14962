"""Computes with counters and histograms as Prometheus does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BucketQuantile:
    """A quantile in seconds that is interpolated between the bounds of its bucket."""

    value_s: float
    low_s: float
    high_s: float


def compute_increase(values: Sequence[float]) -> float:
    """How much a counter increased from its first value to its last; after a decrease it counts from zero."""
    steps = np.diff(values)
    return float(np.where(steps < 0, np.asarray(values)[1:], steps).sum())


def interpolate_quantile(share: float, buckets: Sequence[tuple[float, float]]) -> BucketQuantile | None:
    """The quantile as Prometheus' `histogram_quantile` computes it; None if nothing was counted.

    `buckets` are pairs of an upper bound in seconds and a cumulative count, in rising order; the last bound
    is infinity. In the last bucket the quantile is its lower bound.
    """
    if not buckets or not buckets[-1][1]:
        return None
    rank = share * buckets[-1][1]
    place = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    low_s, below = buckets[place - 1] if place else (0.0, 0.0)
    high_s, count = buckets[place]
    if math.isinf(high_s):
        return BucketQuantile(low_s, low_s, high_s)
    return BucketQuantile(low_s + (high_s - low_s) * (rank - below) / (count - below), low_s, high_s)
