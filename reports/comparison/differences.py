"""Decides each difference: worse, proven not worse by more than a margin, or undecided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.comparison.blocks import BlockFigures, summarise_blocks
from reports.comparison.compared_metrics import ComparedMetric
from reports.comparison.estimates import DifferenceEstimate

DifferenceOutcome: TypeAlias = Literal["worse", "not worse", "undecided"]


@dataclass(frozen=True)
class Margins:
    """How much worse still counts as not worse."""

    ratio: float = 0.05
    """Of latency, throughput, processor time: 0.05 is 5 %."""
    share: float = 0.001
    """Of error rates and other shares, as a difference: 0.001 is 0.1 percentage points."""


@dataclass(frozen=True)
class FigureDifference:
    """A metric on both sides. Figures are in `compared.unit`.

    `change` and its bounds are how much worse the candidate is: relative where ratios are compared (0.1 is
    10 % more latency, or 10 % less throughput), else percentage points. `bounds` are one-sided, each at
    `confidence`; None if there are too few blocks for any. All are None if nothing was compared; `absence`
    says why.
    """

    compared: ComparedMetric
    figures: BlockFigures
    baseline: float | None
    candidate: float | None
    outcome: DifferenceOutcome
    margin: float
    confidence: float
    change: float | None = None
    bounds: tuple[float, float] | None = None
    needed: int | None = None
    """How many more blocks would probably decide; None if unknown or decided."""

    @property
    def text(self) -> str:
        """What is compared."""
        return self.compared.text

    @property
    def absence(self) -> str:
        """Why there is no change; empty if there is one."""
        return self.figures.absence


def decide_differences(
    compared: Sequence[ComparedMetric],
    figures: Sequence[BlockFigures],
    margins: Margins,
    confidence: float,
) -> tuple[FigureDifference, ...]:
    """The outcome of each difference.

    `not worse`: the upper bound at `confidence` lies below the margin. That all are not worse holds at the
    same confidence, because each of them is needed for it (Berger, Technometrics 24 (1982)).
    `worse`: of the others, the lower bound lies above 0 at a confidence that Holm's procedure
    (Scandinavian Journal of Statistics 6 (1979)) raises with the number of differences, so that a service
    that is nowhere worse is called worse in at most 1 - `confidence` of comparisons. Each bound holds by
    Student's t and, where the order of blocks was drawn or runs are the blocks, by their ranks.
    """
    worsening = [_orient(metric, found.estimate) for metric, found in zip(compared, figures, strict=True)]
    limits = [_transform_margin(metric, margins) for metric in compared]
    proven = {
        place
        for place, (found, limit) in enumerate(zip(worsening, limits, strict=True))
        if found is not None and found.compute_bound("upper", confidence) <= limit
    }
    rejected = _reject(worsening, confidence)
    return tuple(
        _describe(
            metric,
            found,
            worsening[place],
            "not worse" if place in proven else "worse" if place in rejected else "undecided",
            limits[place],
            confidence,
        )
        for place, (metric, found) in enumerate(zip(compared, figures, strict=True))
    )


def _reject(worsening: Sequence[DifferenceEstimate | None], confidence: float) -> set[int]:
    """The places of differences above 0 by Holm's step-down procedure."""
    known = {place: found for place, found in enumerate(worsening) if found is not None}
    rejected: set[int] = set()
    while len(rejected) < len(known):
        left = len(known) - len(rejected)
        more = {
            place
            for place, found in known.items()
            if place not in rejected and found.compute_bound("lower", confidence, among=left) > 0
        }
        if not more:
            break
        rejected |= more
    return rejected


def _orient(compared: ComparedMetric, estimate: DifferenceEstimate | None) -> DifferenceEstimate | None:
    """The estimate of how much worse the candidate is: the difference, or its opposite if more is better."""
    if estimate is None or compared.metric.better == "lower":
        return estimate
    return estimate.negate()


def _transform_margin(compared: ComparedMetric, margins: Margins) -> float:
    if compared.scale == "share":
        return margins.share
    return math.log1p(margins.ratio) if compared.metric.better == "lower" else -math.log1p(-margins.ratio)


def _describe(
    compared: ComparedMetric,
    figures: BlockFigures,
    worsening: DifferenceEstimate | None,
    outcome: DifferenceOutcome,
    limit: float,
    confidence: float,
) -> FigureDifference:
    baseline, candidate = (
        None if (value := summarise_blocks(compared, side)) is None else compared.convert_to_unit(value)
        for side in (figures.baseline, figures.candidate)
    )
    margin = _tell(compared, limit)
    if worsening is None:
        return FigureDifference(compared, figures, baseline, candidate, outcome, margin, confidence)
    lower, upper = (worsening.compute_bound(side, confidence) for side in ("lower", "upper"))
    needed = None
    if outcome == "undecided":
        distances = (limit - worsening.difference, worsening.difference)
        counts = [count for each in distances if (count := worsening.predict_needed(each, confidence))]
        needed = min(counts, default=None)
    return FigureDifference(
        compared,
        figures,
        baseline,
        candidate,
        outcome,
        margin,
        confidence,
        _tell(compared, worsening.difference),
        (_tell(compared, lower), _tell(compared, upper)) if math.isfinite(lower + upper) else None,
        needed,
    )


def _tell(compared: ComparedMetric, worsening: float) -> float:
    """A relative change, or percentage points, from a difference on the scale of the estimate."""
    if compared.scale == "share":
        return worsening * 100.0
    return math.expm1(worsening) if compared.metric.better == "lower" else -math.expm1(-worsening)
