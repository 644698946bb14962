"""Computes confidence intervals for percentiles and proportions, and decides whether a limit is proven.

Percentiles get the order-statistic interval (David and Nagaraja, "Order Statistics", 2003, section 7.1),
proportions that of Clopper and Pearson (Biometrika 26, 1934). Both assume independent requests. If the data
are autocorrelated, the effective number of samples is used instead (`reports.judging.effective`); for a
percentile, through the proportion of values above it (Woodruff, JASA 47, 1952).

A limit is proven by the early-stopping rule of MLPerf's LoadGen with d = 0 ("MLPerf Inference Rules",
appendix "Early Stopping Criterion"): of all samples, t beyond the limit, at least h must be within it, h
being the smallest with I(p; h, t + 1) <= 1 - c, where p is the share that must be within. The same rule has
to hold for the effective samples, by the block bootstrap and by overlapping batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.percentiles import Quantile, compute_percentiles
from reports.judging.effective import DependenceMethod, NearMisses, measure_effective_samples
from reports.judging.special import (
    compute_beta_cdf,
    compute_binomial_cdf,
    compute_binomial_tail,
    invert_beta_cdf,
)


@dataclass(frozen=True)
class Proof:
    """Whether a met limit is proven; if not, how many more samples would prove it, None if unknown.

    `doubted_by` is the method by which a limit isn't proven that is by the other; None where they agree.
    """

    proven: bool
    needed: int | None = None
    doubted_by: DependenceMethod | None = None


def compute_percentile_interval(
    values: Floats, quantile: Quantile, confidence: float
) -> tuple[float, float] | None:
    """The interval of the percentile `quantile`, from `values` in order of time.

    None if there are too few values to bound it on both sides.
    """
    ranks = compute_interval_ranks(len(values), float(quantile), confidence)
    if ranks is None:
        return None
    places = [rank - 1 for rank in ranks]
    low, high = (float(value) for value in np.partition(values, places)[places])
    (observed,) = compute_percentiles(values, (quantile,))
    bounds = compute_dependent_bounds(values > observed, confidence)
    if bounds is not None:
        above = np.clip(1.0 - np.array([bounds[1], bounds[0]]), 0.0, 1.0).tolist()
        wide = compute_percentiles(values, above)
        low, high = min(low, wide[0]), max(high, wide[1])
    return low, high


@lru_cache(maxsize=256)
def compute_interval_ranks(samples: int, q: float, confidence: float) -> tuple[int, int] | None:
    """The ranks, from 1, of the values between which the percentile lies; None if there are too few samples.

    With B ~ Binomial(samples, q) values below the percentile, P(B < low) and P(B >= high) are each at most
    (1 - confidence) / 2.
    """
    tail = (1.0 - confidence) / 2
    low = _search_last(lambda rank: compute_binomial_cdf(rank - 1, samples, q) <= tail, 0, samples)
    high = 1 + _search_last(lambda rank: compute_binomial_tail(rank - 1, samples, q) > tail, 0, samples)
    return (low, high) if low >= 1 and high <= samples else None


def compute_share_interval(hits: Mask, confidence: float) -> tuple[float, float] | None:
    """The interval of the proportion of `hits`, in order of time; None without any."""
    if not len(hits):
        return None
    low, high = compute_clopper_pearson(int(np.count_nonzero(hits)), len(hits), confidence)
    bounds = compute_dependent_bounds(hits, confidence)
    return (low, high) if bounds is None else (min(low, bounds[0]), max(high, bounds[1]))


def compute_clopper_pearson(hits: float, samples: float, confidence: float) -> tuple[float, float]:
    """The exact interval of a proportion in independent trials; both numbers may be effective ones."""
    tail = (1.0 - confidence) / 2
    low = invert_beta_cdf(hits, samples - hits + 1, tail) if hits else 0.0
    high = invert_beta_cdf(hits + 1, samples - hits, 1.0 - tail) if hits < samples else 1.0
    return low, high


def compute_dependent_bounds(hits: Mask, confidence: float) -> tuple[float, float] | None:
    """The interval of a proportion by its effective samples; None if the trials are independent."""
    size = measure_effective_samples(hits, (1.0 + confidence) / 2).fewest
    if size == len(hits):
        return None
    share = int(np.count_nonzero(hits)) / len(hits)
    return compute_clopper_pearson(share * size, size, confidence)


def prove(over: Mask, budget: float, confidence: float, near: NearMisses | None = None) -> Proof:
    """Whether requests, in order of time, prove that at most a share `budget` of them is `over` the limit."""
    samples, count = len(over), int(np.count_nonzero(over))
    required = compute_required_samples(budget, count, confidence)
    missing = max(0, required - samples)
    share = count / samples if samples else 0.0
    if not samples or share >= budget:
        return Proof(proven=False, needed=missing or None)
    sizes = measure_effective_samples(over, confidence, near)
    proves = [
        compute_beta_cdf(size * (1.0 - share), size * share + 1.0, 1.0 - budget) <= 1.0 - confidence
        for size in (sizes.by_bootstrap, sizes.by_batches)
    ]
    if not missing and all(proves):
        return Proof(proven=True)
    growth = sizes.find_growth(_compute_enough(share, budget, confidence))
    return Proof(
        proven=False,
        needed=max(missing, 1, int(np.ceil(samples * (growth - 1.0) - 1e-6))),
        doubted_by=sizes.cautious_method if any(proves) and not all(proves) else None,
    )


@lru_cache(maxsize=4_096)
def _compute_enough(share: float, budget: float, confidence: float) -> float:
    """How many effective samples would prove `budget` if the `share` over the limit stays the same."""
    fewest = _search_last(
        lambda size: (
            compute_beta_cdf(size * (1.0 - share), size * share + 1.0, 1.0 - budget) > 1.0 - confidence
        ),
        0,
        1 << 50,
    )
    return fewest + 1.0


@lru_cache(maxsize=4_096)
def compute_required_samples(budget: float, over: int, confidence: float) -> int:
    """How many samples prove a limit that a share `budget` may exceed, if `over` of them do: h + over."""
    within = 1.0 - budget
    doubt = 1.0 - confidence
    high = 1
    while compute_beta_cdf(high, over + 1, within) > doubt:
        high *= 2
    return over + 1 + _search_last(lambda h: compute_beta_cdf(h, over + 1, within) > doubt, 0, high)


def _search_last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The last whole number in (low, high] for which `holds`, by bisection; `low` if there is none."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
