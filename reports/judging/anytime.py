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

from math import lgamma, log, log1p
from typing import Final

import numpy as np

from reports.data.columns import Mask
from reports.judging.effective import NearMisses, measure_effective_samples
from reports.judging.special import compute_log_beta_cdf

WEIGHT: Final = 0.5
"""The first parameter of the beta distribution: small, so that shares near 0 count much."""


def is_proven_by_now(over: Mask, budget: float, confidence: float, near: NearMisses | None = None) -> bool:
    """Whether requests, in order of time, prove that at most a share `budget` of them is `over` the limit."""
    return _is_beyond_doubt(over, budget, confidence, near, above=False)


def is_broken_by_now(over: Mask, budget: float, confidence: float) -> bool:
    """Whether requests, in order of time, prove that more than a share `budget` is `over` the limit."""
    return _is_beyond_doubt(over, budget, confidence, None, above=True)


def compute_log_evidence(hits: float, samples: float, budget: float, *, above: bool) -> float:
    """The logarithm of the martingale for a share below `budget`, or `above` it, against `budget` itself.

    0 < `budget` < 1; both numbers may be effective ones.
    """
    other = WEIGHT * (1.0 - budget) / budget
    after = _integrate_likelihood(hits + WEIGHT, samples - hits + other, budget, above)
    before = _integrate_likelihood(WEIGHT, other, budget, above)
    return after - before - hits * log(budget) - (samples - hits) * log1p(-budget)


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
