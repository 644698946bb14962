"""A block bootstrap: how much a series whose neighbours resemble each other tells of the share of true ones.

Under load, slow requests come in bursts: a queue that is long now is long for the next request too. Formulas
that take requests as independent are then too sure of themselves. The circular block bootstrap (Politis and
Romano 1992) resamples whole stretches instead. The length of a stretch is chosen from the data by the rule of
Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric Reviews 23
(2004), as corrected by Patton, Politis and White, Econometric Reviews 28 (2009).

The series is first counted in at most `BINS` bins of neighbours, so the cost doesn't grow with the samples.
What comes out is the design effect: how many times wider the share spreads than that of independent requests
would (Kish, "Survey Sampling", 1965). Samples divided by it are the effective ones, with which the exact
formulas for independent requests stay honest (Korn and Graubard, Survey Methodology 24, 1998). Three things
keep it from coming out too small: blocks twice and four times as long are tried too and the widest spread
counts, few blocks are paid for by Student's t, few bursts by one standard error of the spread itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from reports.data.columns import Floats, Mask

BINS = 1_000
REPLICATES = 1_000
FEWEST_BLOCKS = 6
SEED = 20_040_601
"""Fixed, so that a run judged again gets the same verdict."""


@dataclass(frozen=True)
class Bins:
    """A series counted in stretches of neighbours: how many true ones, of how many."""

    hits: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Dependence:
    """How a series' neighbours hang together, as far as its share of true ones is concerned.

    `effect` is the design effect, 1 for independent trials; `bursts` is how many independent events the true
    ones amount to.
    """

    effect: float
    bursts: float

    def compute_effective_samples(self, samples: int) -> float:
        """How many independent samples tell as much as `samples` of this series."""
        if self.effect == 1.0:
            return float(samples)
        return samples / (self.effect * (1.0 + float(np.sqrt(2.0 / max(self.bursts, 0.5)))))

    def __or__(self, other: Dependence) -> Dependence:
        """What both tell: the greater effect, by the bursts of the one that has more of them."""
        return Dependence(max(self.effect, other.effect), max(self.bursts, other.bursts))


def measure_dependence(series: Mask, confidence: float) -> Dependence:
    """How the neighbours of `series` hang together; bounds with it hold at `confidence`, one-sided."""
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
    """The series in `bins` stretches whose sizes differ by one at most; one each where it is shorter."""
    count = min(bins, len(series))
    edges = np.linspace(0, len(series), count + 1).astype(np.int64)
    return Bins(np.add.reduceat(series, edges[:-1], dtype=np.int64), np.diff(edges))


def choose_block_length(series: Floats) -> int:
    """The length that suits the circular block bootstrap of `series`; 1 where neighbours don't correlate.

    Politis and White's rule: the flat-top lag window reaches twice as far as the autocorrelation is told from
    noise, and the length minimises the mean squared error of the variance that the bootstrap estimates.
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
    """The share of true ones in each of `REPLICATES` resamples made of blocks of `length` bins."""
    count = len(bins.hits)
    blocks = -(-count // length)
    first = np.random.default_rng(SEED).integers(0, count, size=(REPLICATES, blocks))
    hits, sizes = _sum_blocks(bins.hits, length), _sum_blocks(bins.sizes, length)
    shares: Floats = hits[first].sum(axis=1) / sizes[first].sum(axis=1)
    return shares


def _estimate_variance(bins: Bins, length: int, confidence: float) -> float:
    """Of the resampled shares, without the bias of few blocks, and wider by Student's t for them."""
    blocks = len(bins.hits) / length
    variance = float(resample_shares(bins, length).var()) * blocks / (blocks - 1)
    level = max(confidence, 0.75)  # the ratio is undefined at 0.5 and hardly changes below
    wider = float(special.stdtrit(blocks - 1, level) / special.ndtri(level))
    return variance * wider**2


def _compute_dispersion(bins: Bins, share: float) -> float:
    """How far the bins' counts spread, by how far independent trials would (Pearson's chi-square)."""
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
