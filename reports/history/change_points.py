"""Finds where the level of a series changed, by E-divisive means.

The method is that of Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of
Multivariate Data", *Journal of the American Statistical Association* 109 (2014), with distances of power 1,
as MongoDB and Apache Otava use it for performance tests (Daly et al., ICPE 2020; Fleming et al., ICPE 2023).
Of all ways to cut X from the Y after it, the one that maximises

    q(X, Y) = m n / (m + n) * (2 E|X - Y| - E|X - X'| - E|Y - Y'|),   m = len(X), n = len(Y)

is a change if fewer than `SIGNIFICANCE` of the random orders of the same values reach its q. Then the parts
on both sides are searched in the same way, until no further change is found.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from reports.data.columns import Floats

SIGNIFICANCE: Final = 0.01
"""How often at most a series without any change is said to have one."""
PERMUTATIONS: Final = 999
SHORTEST: Final = 2
"""Values on either side of a change; a level can't be told from less."""
LEAST_VALUES: Final = 10
"""With fewer values, even the clearest step is one of fewer than 1 / `SIGNIFICANCE` orders."""
_SEED: Final = 20140331
_ROUNDING: Final = 1e-9


class ChangePoint(NamedTuple):
    """A change of level: the first value of the new level, and the means on both sides of it."""

    place: int
    before: float
    after: float
    p_value: float


class _Cut(NamedTuple):
    place: int
    strength: float


def find_change_points(values: Floats, significance: float = SIGNIFICANCE) -> tuple[ChangePoint, ...]:
    """The changes of level in a series of finite values, in its order; the same ones for the same values."""
    random = np.random.default_rng(_SEED)
    edges, p_values = [0, len(values)], dict[int, float]()
    while True:
        clusters = [values[first:last] for first, last in pairwise(edges)]
        cuts = [_find_cut(cluster) for cluster in clusters]
        strongest = max(range(len(cuts)), key=lambda place: cuts[place].strength)
        cut = cuts[strongest]
        if cut.strength <= 0:
            break
        p_value = _compute_p_value(clusters, cut.strength, significance, random)
        if p_value > significance:
            break
        place = edges[strongest] + cut.place
        p_values[place] = p_value
        edges = sorted([*edges, place])
    means = [float(values[first:last].mean()) for first, last in pairwise(edges)] if len(values) else []
    return tuple(
        ChangePoint(place, before, after, p_values[place])
        for place, (before, after) in zip(edges[1:-1], pairwise(means), strict=True)
    )


def _compute_p_value(
    clusters: list[Floats], strength: float, significance: float, random: np.random.Generator
) -> float:
    """The share of random orders within the clusters that have a cut as strong; at least this if it is large.

    Counting ends when the share can no longer be as small as `significance`.
    """
    reached = 0
    for _ in range(PERMUTATIONS):
        strongest = max(_find_cut(random.permutation(cluster)).strength for cluster in clusters)
        reached += strongest >= strength * (1 - _ROUNDING)
        if (reached + 1) / (PERMUTATIONS + 1) > significance:
            break
    return (reached + 1) / (PERMUTATIONS + 1)


def _find_cut(values: Floats) -> _Cut:
    """The strongest cut of X = values[:place] from Y = values[place:end], over all places and ends.

    All sums of distances come from their cumulative sums along both axes. The strength is at least 0.
    """
    count = len(values)
    if count < 2 * SHORTEST:
        return _Cut(0, 0.0)
    sums = np.zeros((count + 1, count + 1))
    sums[1:, 1:] = np.abs(values[:, np.newaxis] - values).cumsum(axis=0).cumsum(axis=1)
    squares = np.diagonal(sums)
    weights = _weigh_sums(count)
    strength = weights.crossing * sums[SHORTEST : count - SHORTEST + 1, 2 * SHORTEST :]
    strength -= weights.first * squares[SHORTEST : count - SHORTEST + 1, np.newaxis]
    strength -= weights.both * squares[2 * SHORTEST :]
    row, column = np.unravel_index(int(np.argmax(strength)), strength.shape)
    return _Cut(SHORTEST + int(row), max(0.0, float(strength[row, column])))


class _Weights(NamedTuple):
    """What q takes of the sums of distances: a row a place, a column an end; 0 where Y is too short."""

    crossing: Floats
    """Of the sum over values[:place] and values[:end]."""
    first: Floats
    """Of the sum over values[:place] and itself."""
    both: Floats
    """Of the sum over values[:end] and itself."""


@lru_cache(maxsize=256)
def _weigh_sums(count: int) -> _Weights:
    m = np.arange(SHORTEST, count - SHORTEST + 1, dtype=np.float64)[:, np.newaxis]
    lengths = np.arange(2 * SHORTEST, count + 1, dtype=np.float64) - m
    n = np.maximum(lengths, SHORTEST)
    factor = np.where(lengths >= SHORTEST, m * n / (m + n), 0.0)
    across, within_x, within_y = 2 / (m * n), 1 / (m * (m - 1)), 1 / (n * (n - 1))
    return _Weights(
        factor * (across + 2 * within_y), factor * (across + within_x + within_y), factor * within_y
    )
