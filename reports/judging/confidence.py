"""How sure a figure is: intervals for percentiles and shares, and whether a limit is proven or broken.

Percentiles get the order-statistic interval (David and Nagaraja, "Order Statistics", 2003, section 7.1),
shares that of Clopper and Pearson (Biometrika 26, 1934). Both take requests as independent; where the data
say they are not, as many samples count as the block bootstrap says are worth it
(`reports.judging.bootstrap`), for a percentile carried over from the share above it (Woodruff, JASA 47,
1952).

A limit is proven by the early-stopping rule of MLPerf's LoadGen with d = 0 ("MLPerf Inference Rules",
appendix "Early Stopping Criterion"): of all samples, t beyond the limit, at least h must be within it, h
being the smallest with I(p; h, t + 1) <= 1 - c, where p is the share that must be within. The bootstrap must
agree: the same rule has to hold for the effective samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import special

from reports.data.columns import Floats, Mask
from reports.data.percentiles import Quantile, compute_percentiles
from reports.judging.bootstrap import measure_dependence


@dataclass(frozen=True)
class Proof:
    """Whether a met limit is proven; if not, how many more samples would, None where no number is known."""

    proven: bool
    needed: int | None = None


def compute_percentile_interval(
    values: Floats, quantile: Quantile, confidence: float
) -> tuple[float, float] | None:
    """Bounds of the percentile `quantile` of what `values` (in order of time) are drawn from.

    None where there are too few values to bound it on both sides.
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


def compute_interval_ranks(samples: int, q: float, confidence: float) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics between which the percentile lies; None if there aren't any.

    With B ~ Binomial(samples, q) values below the percentile, P(B < low) and P(B >= high) are each at most
    (1 - confidence) / 2.
    """
    tail = (1.0 - confidence) / 2
    low = _search_last(lambda rank: float(special.bdtr(rank - 1, samples, q)) <= tail, 0, samples)
    high = 1 + _search_last(lambda rank: float(special.bdtrc(rank - 1, samples, q)) > tail, 0, samples)
    return (low, high) if low >= 1 and high <= samples else None


def compute_share_interval(hits: Mask, confidence: float) -> tuple[float, float] | None:
    """Bounds of the share of true ones of what `hits` (in order of time) are drawn from; None without any."""
    if not len(hits):
        return None
    low, high = compute_clopper_pearson(int(np.count_nonzero(hits)), len(hits), confidence)
    bounds = compute_dependent_bounds(hits, confidence)
    return (low, high) if bounds is None else (min(low, bounds[0]), max(high, bounds[1]))


def compute_clopper_pearson(hits: float, samples: float, confidence: float) -> tuple[float, float]:
    """The exact interval of a share, from `hits` in `samples` independent trials, effective ones too."""
    tail = (1.0 - confidence) / 2
    low = special.betaincinv(hits, samples - hits + 1, tail) if hits else 0.0
    high = special.betaincinv(hits + 1, samples - hits, 1.0 - tail) if hits < samples else 1.0
    return float(low), float(high)


def compute_dependent_bounds(hits: Mask, confidence: float) -> tuple[float, float] | None:
    """Bounds of a share by its effective samples; None where neighbours don't resemble each other."""
    found = measure_dependence(hits, (1.0 + confidence) / 2)
    if found.effect == 1.0:
        return None
    size = found.compute_effective_samples(len(hits))
    share = int(np.count_nonzero(hits)) / len(hits)
    return compute_clopper_pearson(share * size, size, confidence)


def prove(over: Mask, budget: float, confidence: float, near: Mask | None = None) -> Proof:
    """Whether requests, in order of time, prove that at most the share `budget` is `over` the limit.

    `near` are those that came near the limit or passed it (`near_misses`): where few pass it, they tell
    better how slow requests hang together.
    """
    samples, count = len(over), int(np.count_nonzero(over))
    required = compute_required_samples(budget, count, confidence)
    if samples < required:
        return Proof(proven=False, needed=required - samples)
    found = measure_dependence(over, confidence)
    if near is not None:
        found |= measure_dependence(near, confidence)
    size, share = found.compute_effective_samples(samples), count / samples
    if share >= budget:
        return Proof(proven=False)
    if special.betainc(size * (1.0 - share), size * share + 1.0, 1.0 - budget) <= 1.0 - confidence:
        return Proof(proven=True)
    return Proof(
        proven=False, needed=int(np.ceil(samples * (_compute_enough(share, budget, confidence) / size - 1)))
    )


def mark_near_misses(values: Floats, limit: float, budget: float) -> Mask:
    """The slowest of `values`: five times as many as the `budget` allows, but none within half the limit."""
    (level,) = compute_percentiles(values, (1 - min(5 * Fraction(repr(budget)), Fraction(1, 2)),))
    return np.asarray(values > max(limit / 2.0, level), dtype=np.bool_)


def is_broken(over: Mask, budget: float, confidence: float) -> bool:
    """Whether requests, in order of time, show beyond doubt that more than the share `budget` is `over`."""
    samples, count = len(over), int(np.count_nonzero(over))
    if not samples or count / samples <= budget:
        return False
    size = measure_dependence(over, confidence).compute_effective_samples(samples)
    hits = size * count / samples
    low = special.betaincinv(hits, size - hits + 1.0, 1.0 - confidence)
    return bool(low > budget)


def _compute_enough(share: float, budget: float, confidence: float) -> float:
    """How many effective samples prove `budget` if the `share` over the limit stays what it is."""
    fewest = _search_last(
        lambda size: (
            float(special.betainc(size * (1.0 - share), size * share + 1.0, 1.0 - budget)) > 1.0 - confidence
        ),
        0,
        1 << 50,
    )
    return fewest + 1.0


def compute_required_samples(budget: float, over: int, confidence: float) -> int:
    """How many samples prove a limit that the share `budget` may pass, when `over` of them do: h + over."""
    within = 1.0 - budget
    doubt = 1.0 - confidence
    high = 1
    while special.betainc(high, over + 1, within) > doubt:
        high *= 2
    return over + 1 + _search_last(lambda h: float(special.betainc(h, over + 1, within)) > doubt, 0, high)


def _search_last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The last whole number in (low, high] for which `holds`, which holds up to some point; else `low`."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
