"""Estimates a difference from blocks: its mean, how far chance moves it, and bounds on both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

import numpy as np

from reports.comparison.rank_bounds import RankBounds, rank_pairs, rank_sides
from reports.data.columns import Floats
from reports.judging.confidence import compute_clopper_pearson
from reports.judging.special import invert_student_cdf

POWER: Final = 0.8
"""The chance with which the predicted number of blocks is to decide."""
_MOST_BLOCKS: Final = 10_000
"""Where the search for a number of blocks that would decide is given up."""
_MOST_RANKED: Final = 100
"""With more blocks of a side their mean is so nearly normal that Student's t alone is exact enough."""


class FailureCounts(NamedTuple):
    """Hits among trials on both sides, all blocks together."""

    baseline_hits: int
    baseline_trials: int
    candidate_hits: int
    candidate_trials: int

    def count_others(self) -> FailureCounts:
        """The trials that are no hits, among the same trials."""
        before, before_of, after, after_of = self
        return FailureCounts(before_of - before, before_of, after_of - after, after_of)


@dataclass(frozen=True)
class DifferenceEstimate:
    """Candidate minus baseline: the mean over `blocks`, with its standard error by Student's t.

    The difference is of logarithms where ratios are compared, else of the figures themselves. `counts`, where
    there are any, widen the bounds to those of independent trials; `ranks` to those that assume nothing of
    how blocks scatter.
    """

    difference: float
    error: float
    degrees: float
    blocks: int
    """Blocks of each side, pairs of blocks, or rounds."""
    counts: FailureCounts | None = None
    ranks: RankBounds | None = None

    def compute_bound(self, side: Literal["lower", "upper"], confidence: float, among: int = 1) -> float:
        """The one-sided bound: the true difference lies beyond it with a probability of 1 - confidence.

        Of `among` such bounds, all hold together with that probability (Bonferroni), as far as Student's t
        holds; the ranks are those of the same blocks for all figures, and bound each alone. Infinite where
        there are too few blocks for ranks to tell anything.
        """
        level = 1.0 - (1.0 - confidence) / among
        reach = self.error * invert_student_cdf(self.degrees, level) if self.error else 0.0
        if self.counts is not None:
            reach = max(reach, _compute_share_reach(self.counts, side, level))
        bound = self.difference + (reach if side == "upper" else -reach)
        if self.ranks is None:
            return bound
        ranked = self.ranks.compute_bound(side, confidence)
        return min(bound, ranked) if side == "lower" else max(bound, ranked)

    def negate(self) -> DifferenceEstimate:
        """The estimate of the opposite difference; trials that were hits are none, and the others are."""
        counts = None if self.counts is None else self.counts.count_others()
        ranks = None if self.ranks is None else self.ranks.negate()
        return replace(self, difference=-self.difference, counts=counts, ranks=ranks)

    def predict_needed(self, distance: float, confidence: float) -> int | None:
        """How many more blocks would tell the difference from a value that lies `distance` above it.

        With a probability of `POWER`, if difference and scatter stay as they are; None for more than 10,000.
        """
        if distance <= 0:
            return None
        deviation = self.error * math.sqrt(self.blocks)

        def decides(count: int) -> bool:
            reach = invert_student_cdf(count - 1, confidence) + invert_student_cdf(count - 1, POWER)
            return reach * deviation <= distance * math.sqrt(count)

        enough = max(self.blocks + 1, math.ceil(self.blocks * self._compute_growth(distance, confidence)))
        while enough <= _MOST_BLOCKS and not decides(enough):
            enough = math.ceil(enough * 1.1)
        if enough > _MOST_BLOCKS:
            return None
        return max(enough - self.blocks, 0 if self.ranks is None else self.ranks.count_missing(confidence))

    def _compute_growth(self, distance: float, confidence: float) -> float:
        """How many times as many trials the exact intervals of shares need: 1 / n without any hit."""
        if self.counts is None:
            return 1.0
        shortfall = _compute_share_reach(self.counts, "upper", confidence) / distance
        return shortfall if self.counts.candidate_hits == 0 else shortfall**2


def estimate_paired(
    baseline: Floats, candidate: Floats, counts: FailureCounts | None = None, *, in_time: bool = False
) -> DifferenceEstimate:
    """From pairs of blocks that met the same conditions; at least two.

    Blocks that follow each other `in_time` may be dependent: a positive autocorrelation r of successive
    differences widens the variance by (1 + r) / (1 - r), which is its effect on a mean of an AR(1) series.
    Of other pairs the order within each was drawn, so that ranks bound the difference, too.
    """
    differences = candidate - baseline
    count = len(differences)
    variance = float(differences.var(ddof=1)) / count
    if in_time and variance:
        dependence = min(max(_compute_autocorrelation(differences), 0.0), 0.9)
        variance *= (1 + dependence) / (1 - dependence)
    ranks = rank_pairs(differences) if not in_time and count <= _MOST_RANKED else None
    return DifferenceEstimate(float(differences.mean()), math.sqrt(variance), count - 1, count, counts, ranks)


def estimate_unpaired(
    baseline: Floats, candidate: Floats, counts: FailureCounts | None = None
) -> DifferenceEstimate:
    """From independent blocks of either side, by Welch's test; at least two blocks on one side.

    A side with a single block is taken to scatter like the other (pooled variance).
    """
    difference = float(candidate.mean() - baseline.mean())
    sizes = np.array([len(baseline), len(candidate)])
    ranks = rank_sides(baseline, candidate) if sizes.max() <= _MOST_RANKED else None
    if sizes.min() == 1:
        several = baseline if len(baseline) > 1 else candidate
        error = math.sqrt(float(several.var(ddof=1)) * float((1 / sizes).sum()))
        return DifferenceEstimate(difference, error, len(several) - 1, 1, counts, ranks)
    shares = np.array([baseline.var(ddof=1), candidate.var(ddof=1)]) / sizes
    total = float(shares.sum())
    degrees = 1.0 / float(((shares / total) ** 2 / (sizes - 1)).sum()) if total else float(sizes.sum() - 2)
    return DifferenceEstimate(difference, math.sqrt(total), degrees, int(sizes.min()), counts, ranks)


def _compute_autocorrelation(values: Floats) -> float:
    """Of successive values; 0 if they don't vary."""
    centred = values - values.mean()
    total = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / total if total else 0.0


def _compute_share_reach(counts: FailureCounts, side: Literal["lower", "upper"], confidence: float) -> float:
    """How far a difference of two shares reaches to one side, from exact intervals of both.

    Newcombe, Statistics in Medicine 17 (1998), method 10, with Clopper-Pearson intervals: it holds where no
    request failed, too, when the failures themselves show no scatter.
    """
    two_sided = 2 * confidence - 1
    before, after = (
        compute_clopper_pearson(hits, trials, two_sided) for hits, trials in (counts[:2], counts[2:])
    )
    baseline = counts.baseline_hits / counts.baseline_trials
    candidate = counts.candidate_hits / counts.candidate_trials
    if side == "upper":
        return math.hypot(after[1] - candidate, baseline - before[0])
    return math.hypot(candidate - after[0], before[1] - baseline)
