"""Finds how many independent requests tell as much as the recorded ones, by two methods of different kinds.

The block bootstrap takes the length of its blocks from the data; overlapping batches are a fixed share of the
run. The smaller number counts, so that a limit is proven only if both methods agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.percentiles import compute_percentiles
from reports.judging.bootstrap import measure_dependence
from reports.judging.overlapping import measure_batch_effect

_STEPS = 50
"""Of a fixed-point iteration whose error at least halves with each."""
DependenceMethod: TypeAlias = Literal["block bootstrap", "overlapping batches"]


@dataclass(frozen=True)
class NearMisses:
    """Requests that came near the limit: if few exceed it, these show how dependent slow requests are.

    `close` are for the bootstrap, `further` for overlapping batches, which need more of them.
    """

    close: Mask
    further: Mask


@dataclass(frozen=True)
class EffectiveSamples:
    """The effective number of samples by each method."""

    by_bootstrap: float
    by_batches: float
    bursts: float
    """The effective number of bursts, by the bootstrap; infinite for independent samples."""

    @property
    def fewest(self) -> float:
        """The number that counts."""
        return min(self.by_bootstrap, self.by_batches)

    def find_growth(self, enough: float) -> float:
        """How many times as many samples of this kind are worth `enough` independent ones.

        The bootstrap's number grows faster than the samples: more bursts make it more certain. So the growth
        g solves g (1 + sqrt(2 / bursts)) / (1 + sqrt(2 / (g bursts))) = enough / by_bootstrap.
        """
        doubt = math.sqrt(2.0 / self.bursts)
        least = enough / self.by_bootstrap / (1.0 + doubt)
        growth = enough / self.by_bootstrap
        for _ in range(_STEPS):
            growth = least * (1.0 + doubt / math.sqrt(growth))
        return max(growth, enough / self.by_batches)

    @property
    def cautious_method(self) -> DependenceMethod:
        """The method whose number counts."""
        return "block bootstrap" if self.by_bootstrap <= self.by_batches else "overlapping batches"


def measure_effective_samples(
    series: Mask, confidence: float, near: NearMisses | None = None
) -> EffectiveSamples:
    """The effective number of samples of `series`, in order of time, for one-sided bounds at `confidence`.

    `near` may only reduce it. It is the number of samples where they are independent.
    """
    found, effect = measure_dependence(series, confidence), measure_batch_effect(series, confidence)
    if near is not None:
        found |= measure_dependence(near.close, confidence)
        effect = max(effect, measure_batch_effect(near.further, confidence))
    bursts = math.inf if found.effect == 1.0 else max(found.bursts, 0.5)
    return EffectiveSamples(found.compute_effective_samples(len(series)), len(series) / effect, bursts)


def mark_near_misses(values: Floats, limit: float, budget: float) -> NearMisses:
    """The slowest of `values` that are near `limit`, which a share `budget` may exceed.

    `close`: five times as many as may exceed it, but only those above half of it. `further`: ten times as
    many, above a third of it.
    """
    return NearMisses(
        _mark_slowest(values, 5, budget, limit / 2.0), _mark_slowest(values, 10, budget, limit / 3.0)
    )


def _mark_slowest(values: Floats, times: int, budget: float, least: float) -> Mask:
    share = min(times * Fraction(repr(budget)), Fraction(1, 2))
    (level,) = compute_percentiles(values, (1 - share,))
    return np.asarray(values > max(least, level), dtype=np.bool_)
