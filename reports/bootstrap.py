"""A block bootstrap for the share of true ones in a series whose neighbours resemble each other.

Under load, slow requests come in bursts: a queue that is long now is long for the next request too. Formulas
that take requests as independent are then too sure of themselves. The circular block bootstrap (Politis and
Romano 1992) resamples whole stretches instead. The length of a stretch is chosen from the data by the rule of
Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric Reviews 23
(2004), as corrected by Patton, Politis and White, Econometric Reviews 28 (2009).

The series is first counted in at most `BINS` bins of neighbours, so the cost doesn't grow with the samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.samples import Floats, Mask

BINS = 1_000
REPLICATES = 2_000
SEED = 20_040_601
"""Fixed, so that a run judged again gets the same verdict."""


@dataclass(frozen=True)
class Bins:
    """A series counted in stretches of neighbours: how many true ones, of how many."""

    hits: NDArray[np.int64]
    sizes: NDArray[np.int64]


def binned(series: Mask, bins: int = BINS) -> Bins:
    """The series in `bins` stretches whose sizes differ by one at most; one each where it is shorter."""
    count = min(bins, len(series))
    edges = np.linspace(0, len(series), count + 1).astype(np.int64)
    return Bins(np.add.reduceat(series, edges[:-1], dtype=np.int64), np.diff(edges))


def block_length(series: Floats) -> int:
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
    reach = _reach(significant, in_a_row)
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


def bootstrapped_shares(bins: Bins, length: int) -> Floats:
    """The share of true ones in each of `REPLICATES` resamples made of blocks of `length` bins."""
    count = len(bins.hits)
    blocks = -(-count // length)
    first = np.random.default_rng(SEED).integers(0, count, size=(REPLICATES, blocks))
    hits, sizes = _block_sums(bins.hits, length), _block_sums(bins.sizes, length)
    shares: Floats = hits[first].sum(axis=1) / sizes[first].sum(axis=1)
    return shares


def _block_sums(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    total = np.concatenate(([0], np.cumsum(np.concatenate((values, values[: length - 1])))))
    sums: NDArray[np.int64] = total[length:] - total[:-length]
    return sums


def _reach(significant: Mask, in_a_row: int) -> int:
    quiet = 0
    for lag, correlated in enumerate(significant, start=1):
        quiet = 0 if correlated else quiet + 1
        if quiet == in_a_row:
            return lag - in_a_row
    return int(np.flatnonzero(significant)[-1]) + 1 if significant.any() else 0
