"""Bounds on a difference that hold however blocks scatter: they use only the order of differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, inf
from typing import Final, Literal

import numpy as np

from reports.data.columns import Floats

_ROUNDING: Final = 1e-12
"""Added to probabilities before they are compared: one in 20 is just rare enough for 95 %."""


@dataclass(frozen=True)
class RankBounds:
    """The values that bound a difference, in ascending order, and how many of them chance leaves below it.

    `chances[k]` is the probability that at most k values lie below the true difference, and also that at most
    k lie above it.
    """

    values: Floats
    chances: Floats
    blocks: tuple[int, ...]
    """Of pairs, their number; otherwise the number of blocks of each side."""

    def compute_bound(self, side: Literal["lower", "upper"], confidence: float) -> float:
        """The one-sided bound; infinite where there are too few blocks for any at this confidence."""
        place = int(np.searchsorted(self.chances, 1.0 - confidence + _ROUNDING, side="right")) - 1
        if place < 0:
            return -inf if side == "lower" else inf
        return float(self.values[place] if side == "lower" else self.values[-1 - place])

    def count_missing(self, confidence: float) -> int:
        """How many more blocks (of each side) any bound at this confidence needs."""
        missing = 0
        while _compute_least_chance([each + missing for each in self.blocks]) > 1.0 - confidence + _ROUNDING:
            missing += 1
        return missing

    def negate(self) -> RankBounds:
        """Of the opposite difference."""
        return RankBounds(-self.values[::-1], self.chances, self.blocks)


def rank_pairs(differences: Floats) -> RankBounds:
    """From the differences of pairs whose order was drawn: bounds by Wilcoxon's signed ranks.

    If nothing differs but the order, each difference is as likely to be positive as negative, whatever its
    size: a machine that is slow at the same place of each round can't mislead more often than stated, as it
    does with Student's t and few blocks. The values are the means of each two differences, and of each with
    itself (Hodges and Lehmann, Annals of Mathematical Statistics 34 (1963)).
    """
    first, second = np.triu_indices(len(differences))
    means = np.sort((differences[first] + differences[second]) / 2)
    return RankBounds(means, _accumulate_signed(len(differences)), (len(differences),))


def rank_sides(baseline: Floats, candidate: Floats) -> RankBounds:
    """From independent blocks of two sides: bounds by the ranks of Mann and Whitney.

    If the sides are equal, each order of all blocks is as likely as any other. The values are the differences
    of each block of the candidate to each of the baseline (Hodges and Lehmann, 1963).
    """
    sizes = len(baseline), len(candidate)
    return RankBounds(
        np.sort(np.subtract.outer(candidate, baseline).ravel()), _accumulate_sides(*sizes), sizes
    )


@lru_cache(maxsize=64)
def _accumulate_signed(count: int) -> Floats:
    """The distribution function of the sum of those ranks 1 to `count` whose differences are positive."""
    chances = np.ones(1)
    for rank in range(1, count + 1):
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    return np.cumsum(chances)


@lru_cache(maxsize=64)
def _accumulate_sides(baseline: int, candidate: int) -> Floats:
    """The distribution function of the number of pairs in which the candidate's block is greater.

    By the block that is greatest: it is one of the candidate's with their share of all blocks, and then
    exceeds every block of the baseline.
    """
    rows = [np.ones(1)] * (candidate + 1)
    for one in range(1, baseline + 1):
        found = [np.ones(1)]
        for other in range(1, candidate + 1):
            share = other / (one + other)
            found.append(
                share * np.pad(found[other - 1], (one, 0)) + (1 - share) * np.pad(rows[other], (0, other))
            )
        rows = found
    return np.cumsum(rows[candidate])


def _compute_least_chance(blocks: Sequence[int]) -> float:
    """The probability that chance alone orders all blocks in the same way."""
    if len(blocks) == 1:
        return 0.5 ** blocks[0]
    return 1.0 / comb(sum(blocks), blocks[0])
