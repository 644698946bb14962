"""Decides whether a limit is proven or broken in a way that holds however often one looks during a run.

The bound is a test martingale: the likelihood of the requests over the limit, averaged over shares on one
side of the budget, divided by that at the budget. If the budget is just used up, it ever exceeds 1 / doubt
with at most this probability (Ville's inequality; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49, 2021, arXiv:1810.08240; for
quantiles Howard and Ramdas, Bernoulli 28, 2022, arXiv:1906.09712). With shares farther on the other side it
is a supermartingale, so that the same holds.

The shares have a beta distribution whose mean is the budget, truncated at it. Dependent requests count as so
many as they are worth (`reports.judging.effective`). That number is an estimate, so for them the error is not
bounded but simulated (`benchmarks/judge`).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, lgamma, log, log1p
from typing import Final

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.percentiles import Quantile, compute_percentiles
from reports.judging.confidence import Proof
from reports.judging.effective import NearMisses, measure_effective_samples
from reports.judging.special import compute_log_beta_cdf

WEIGHT: Final = 0.5
"""The first parameter of the beta distribution: small, so that shares near 0 count much."""
_STEPS: Final = 50
"""Of a bisection."""
_NEAREST: Final = 1e-6
"""Bounds nearer to 0 or 1 than this part of the way are told as 0 or 1: few hits can't exclude any."""


def is_proven_by_now(over: Mask, budget: float, confidence: float, near: NearMisses | None = None) -> bool:
    """Whether requests, in order of time, prove that at most a share `budget` of them is `over` the limit."""
    return _is_beyond_doubt(over, budget, confidence, near, above=False)


def is_broken_by_now(over: Mask, budget: float, confidence: float) -> bool:
    """Whether requests, in order of time, prove that more than a share `budget` is `over` the limit."""
    return _is_beyond_doubt(over, budget, confidence, None, above=True)


def prove_by_now(over: Mask, budget: float, confidence: float, near: NearMisses | None = None) -> Proof:
    """As `is_proven_by_now`, with how many more samples would prove the limit."""
    if is_proven_by_now(over, budget, confidence, near):
        return Proof(proven=True)
    samples, hits = len(over), int(np.count_nonzero(over))
    if not samples or hits / samples >= budget:
        return Proof(proven=False)
    sizes = measure_effective_samples(over, confidence, near)
    growth = sizes.find_growth(_compute_enough(hits / samples, budget, confidence))
    return Proof(proven=False, needed=max(1, ceil(samples * (growth - 1.0) - 1e-6)))


def compute_percentile_interval_by_now(
    values: Floats, quantile: Quantile, confidence: float
) -> tuple[float, float] | None:
    """The interval of the percentile `quantile`, from `values` in order of time, at any moment of a run.

    None if there are too few values to bound it on both sides.
    """
    budget = float(1 - Fraction(str(quantile)))
    if not len(values) or not 0.0 < budget < 1.0:
        return None
    (observed,) = compute_percentiles(values, (quantile,))
    size, doubt = _measure_size(values > observed, confidence)

    def is_excluded(share: float, *, above: bool) -> bool:
        return compute_log_evidence(share * size, size, budget, above=above) >= -log(doubt)

    if not is_excluded(0.0, above=False) or not is_excluded(1.0, above=True):
        return None
    few = _bisect(lambda share: is_excluded(share, above=False), budget, 0.0)
    many = _bisect(lambda share: is_excluded(share, above=True), budget, 1.0)
    low, high = compute_percentiles(values, (1.0 - many, 1.0 - few))
    return low, high


def compute_share_interval_by_now(hits: Mask, confidence: float) -> tuple[float, float] | None:
    """The interval of the proportion of `hits`, in order of time, at any moment; None without any."""
    return _compute_bounds(hits, confidence) if len(hits) else None


def compute_log_evidence(hits: float, samples: float, budget: float, *, above: bool) -> float:
    """The logarithm of the martingale for a share below `budget`, or `above` it, against `budget` itself.

    0 < `budget` < 1; both numbers may be effective ones.
    """
    other = WEIGHT * (1.0 - budget) / budget
    after = _integrate_likelihood(hits + WEIGHT, samples - hits + other, budget, above)
    before = _integrate_likelihood(WEIGHT, other, budget, above)
    return after - before - hits * log(budget) - (samples - hits) * log1p(-budget)


def _compute_bounds(over: Mask, confidence: float) -> tuple[float, float]:
    """The shares that the evidence doesn't exclude, half of the doubt a side: a confidence sequence."""
    (size, doubt), share = _measure_size(over, confidence), float(np.mean(over))

    def is_excluded(budget: float, *, above: bool) -> bool:
        return compute_log_evidence(share * size, size, budget, above=above) >= -log(doubt)

    low, high = 0.0, 1.0
    least, most = share * _NEAREST, 1.0 - (1.0 - share) * _NEAREST
    if share > 0.0 and is_excluded(least, above=True):
        low = _bisect(lambda budget: is_excluded(budget, above=True), share, least)
    if share < 1.0 and is_excluded(most, above=False):
        high = _bisect(lambda budget: is_excluded(budget, above=False), share, most)
    return low, high


def _measure_size(over: Mask, confidence: float) -> tuple[float, float]:
    """The effective number of samples, and the doubt of each side of an interval."""
    doubt = (1.0 - confidence) / 2.0
    return measure_effective_samples(over, 1.0 - doubt).fewest, doubt


def _compute_enough(share: float, budget: float, confidence: float) -> float:
    """How many effective samples would prove `budget` if the `share` over the limit stays the same."""
    enough = -log(1.0 - confidence)

    def proves(size: float) -> bool:
        return compute_log_evidence(share * size, size, budget, above=False) >= enough

    size = 1.0
    while not proves(size):
        size *= 2.0
    return _bisect(proves, size / 2.0, size)


def _bisect(holds: Callable[[float], bool], before: float, after: float) -> float:
    """Where a condition begins to hold on the way from `before` to `after`, where it does hold."""
    for _ in range(_STEPS):
        middle = (before + after) / 2.0
        before, after = (before, middle) if holds(middle) else (middle, after)
    return after


def _integrate_likelihood(a: float, b: float, budget: float, above: bool) -> float:
    """The logarithm of the integral of x^(a-1) (1-x)^(b-1) below `budget`, or above it."""
    complete = lgamma(a) + lgamma(b) - lgamma(a + b)
    share = compute_log_beta_cdf(b, a, 1.0 - budget) if above else compute_log_beta_cdf(a, b, budget)
    return complete + share


def _is_beyond_doubt(
    over: Mask, budget: float, confidence: float, near: NearMisses | None, *, above: bool
) -> bool:
    samples, hits = len(over), int(np.count_nonzero(over))
    if not samples or hits / samples == budget or (hits / samples > budget) is not above:
        return False
    if budget >= 1.0:
        return True
    enough = -log(1.0 - confidence)
    # The evidence is a convex function of the number of samples at one share: fewer can't tell more.
    if compute_log_evidence(hits, samples, budget, above=above) < enough:
        return False
    size = measure_effective_samples(over, confidence, near).fewest
    return compute_log_evidence(hits * size / samples, size, budget, above=above) >= enough
