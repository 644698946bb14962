"""A block bootstrap: measures how much autocorrelation widens the uncertainty of a proportion.

Under load, slow requests come in bursts, because a queue that is long for one request is long for the next.
Formulas for independent requests then give intervals that are too narrow. The circular block bootstrap
(Politis and Romano 1992) resamples whole blocks instead. The block length is chosen from the data by the rule
of Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric Reviews 23
(2004), as corrected by Patton, Politis and White, Econometric Reviews 28 (2009).

The series is first counted in at most `BINS` bins, so that the cost doesn't grow with the samples. The result
is the design effect: the variance of the proportion, divided by that of as many independent requests (Kish,
"Survey Sampling", 1965). The number of samples divided by it is the effective number, for which the exact
formulas for independent requests hold (Korn and Graubard, Survey Methodology 24, 1998). Three measures keep
the design effect from being underestimated: blocks twice and four times as long are tried too and the largest
variance counts; few blocks widen it by Student's t; few bursts by one standard error of the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats, Mask
from reports.judging.special import invert_student_cdf

BINS = 1_000
REPLICATES = 1_000
FEWEST_BLOCKS = 6
SEED = 20_040_601
"""Fixed, so that judging a run again gives the same verdict."""


@dataclass(frozen=True)
class Bins:
    """A series counted in consecutive bins: the number of hits, and the size, of each."""

    hits: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Dependence:
    """How dependent the trials of a series are, as far as their proportion of hits is concerned.

    `effect` is the design effect, 1 for independent trials; `bursts` is the number of independent events that
    the hits are equivalent to.
    """

    effect: float
    bursts: float

    def compute_effective_samples(self, samples: int) -> float:
        """How many independent samples give as much certainty as `samples` of this series."""
        if self.effect == 1.0:
            return float(samples)
        return samples / (self.effect * (1.0 + float(np.sqrt(2.0 / max(self.bursts, 0.5)))))

    def __or__(self, other: Dependence) -> Dependence:
        """The greater effect of both, with the greater number of bursts."""
        return Dependence(max(self.effect, other.effect), max(self.bursts, other.bursts))


def measure_dependence(series: Mask, confidence: float) -> Dependence:
    """The dependence of `series`, in order of time, for one-sided bounds at `confidence`."""
    hits = int(np.count_nonzero(series))
    if hits in (0, len(series)):
        return Dependence(1.0, hits)
    bins = count_in_bins(series)
    count, share = len(bins.hits), hits / len(series)
    independent = share * (1.0 - share) / len(series)
    length = choose_block_length(bins.hits / bins.sizes)
    if length == 1 and _compute_dispersion(bins, share) <= 1.0 + 2.0 * np.sqrt(2.0 / (count - 1)):
        return Dependence(1.0, hits)
    longest = max(1, count // FEWEST_BLOCKS)
    shortest = max(length, int(np.ceil(count ** (1 / 3))))
    lengths = {min(times * shortest, longest) for times in (1, 2, 4)}
    effect = max(1.0, *(_estimate_variance(bins, each, confidence) / independent for each in lengths))
    return Dependence(effect, hits / effect)


def count_in_bins(series: Mask, bins: int = BINS) -> Bins:
    """The series in at most `bins` bins whose sizes differ by at most one."""
    count = min(bins, len(series))
    edges = np.linspace(0, len(series), count + 1).astype(np.int64)
    return Bins(np.add.reduceat(series, edges[:-1], dtype=np.int64), np.diff(edges))


def choose_block_length(series: Floats) -> int:
    """The block length for the circular block bootstrap of `series`; 1 if it isn't autocorrelated.

    Politis and White's rule: the flat-top lag window is twice as wide as the last significant lag, and the
    length minimises the mean squared error of the variance that the bootstrap estimates.
    """
    count = len(series)
    centred = series - series.mean()
    if count < 4 or not centred.any():
        return 1
    in_a_row = max(5, int(np.sqrt(np.log10(count))))
    longest = min(int(np.ceil(np.sqrt(count))) + in_a_row, count - 1)
    covariance = np.array([centred[: count - lag] @ centred[lag:] for lag in range(longest + 1)]) / count
    noise = 2.0 * np.sqrt(np.log10(count) / count)
    significant = np.abs(covariance[1:] / covariance[0]) >= noise
    reach = _find_reach(significant, in_a_row)
    if reach == 0:
        return 1
    window = min(2 * reach, longest)
    lags = np.arange(-window, window + 1)
    weights = np.clip(2.0 * (1.0 - np.abs(lags) / window), 0.0, 1.0)
    weighted = weights * covariance[np.abs(lags)]
    bias, spectrum = float(np.abs(lags) @ weighted), float(weighted.sum())
    if spectrum <= 0:
        return 1
    length = (2.0 * bias**2 / (4.0 / 3.0 * spectrum**2)) ** (1 / 3) * count ** (1 / 3)
    return int(np.clip(np.ceil(length), 1, np.ceil(min(3 * np.sqrt(count), count / 3))))


def resample_shares(bins: Bins, length: int) -> Floats:
    """The proportion of hits in each of `REPLICATES` resamples made of blocks of `length` bins."""
    count = len(bins.hits)
    first = _draw_blocks(count, -(-count // length))
    hits, sizes = _sum_blocks(bins.hits, length), _sum_blocks(bins.sizes, length)
    alike = sizes.min() == sizes.max()
    total = first.shape[1] * sizes[0] if alike else sizes[first].sum(axis=1)
    shares: Floats = hits[first].sum(axis=1) / total
    return shares


@lru_cache(maxsize=64)
def _draw_blocks(count: int, blocks: int) -> NDArray[np.int64]:
    """The bins in which the blocks of each resample begin: the same ones for series of the same length."""
    return np.random.default_rng(SEED).integers(0, count, size=(REPLICATES, blocks))


def _estimate_variance(bins: Bins, length: int, confidence: float) -> float:
    """The variance of the resampled shares, without the bias of few blocks, widened by Student's t."""
    blocks = len(bins.hits) / length
    variance = float(resample_shares(bins, length).var()) * blocks / (blocks - 1)
    level = max(confidence, 0.75)  # the ratio is undefined at 0.5 and hardly changes below
    wider = invert_student_cdf(blocks - 1, level) / NormalDist().inv_cdf(level)
    return variance * wider**2


def _compute_dispersion(bins: Bins, share: float) -> float:
    """The dispersion of the bins' counts: 1 for independent trials (Pearson's chi-square by its degrees)."""
    expected = share * bins.sizes
    return float(((bins.hits - expected) ** 2 / (expected * (1.0 - share))).sum() / (len(bins.hits) - 1))


def _sum_blocks(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    total = np.concatenate(([0], np.cumsum(np.concatenate((values, values[: length - 1])))))
    sums: NDArray[np.int64] = total[length:] - total[:-length]
    return sums


def _find_reach(significant: Mask, in_a_row: int) -> int:
    quiet = 0
    for lag, correlated in enumerate(significant, start=1):
        quiet = 0 if correlated else quiet + 1
        if quiet == in_a_row:
            return lag - in_a_row
    return int(np.flatnonzero(significant)[-1]) + 1 if significant.any() else 0
