"""Each difference is decided: within the margin, worse for all figures together, or open."""

from __future__ import annotations

import numpy as np
import pytest

from reports.comparison.blocks import BlockFigures
from reports.comparison.compared_metrics import ALWAYS, ComparedMetric
from reports.comparison.differences import Margins, decide_differences
from reports.comparison.estimates import DifferenceEstimate
from reports.objectives.parsing import parse_objective

P50, P95, P99, ERRORS, THROUGHPUT = (
    ComparedMetric(each.metric, each.definition, each.argument) for each in map(parse_objective, ALWAYS)
)
BLOCKS = np.ones(1000)


def decide(*scores: float) -> list[str]:
    """Outcomes of latencies whose difference is so many standard errors above 0, far beyond the margin."""
    estimates = [DifferenceEstimate(score, 1.0, 1e6, 1000) for score in scores]
    found = decide_differences(
        [P50, P95, P99][: len(scores)],
        [BlockFigures(BLOCKS, BLOCKS, each) for each in estimates],
        Margins(),
        0.95,
    )
    return [each.outcome for each in found]


def test_alone_a_difference_needs_the_stated_confidence() -> None:
    """One-sided: 1.645 standard errors at 95 %."""
    assert decide(1.7) == ["worse"]
    assert decide(1.6) == ["undecided"]


def test_among_others_it_needs_more() -> None:
    """At 98.33 %, the first of three: 2.128 standard errors."""
    assert decide(1.9, 0.0, 0.0) == ["undecided"] * 3
    assert decide(2.2, 0.0, 0.0) == ["worse", "undecided", "undecided"]


def test_each_one_found_lowers_the_bar_for_the_next() -> None:
    """Holm: 2.128, then 1.960, then 1.645; without the first, the others stay open."""
    assert decide(2.2, 2.0, 1.7) == ["worse"] * 3
    assert decide(2.1, 2.0, 1.7) == ["undecided"] * 3
    assert decide(1.7, 2.2, 1.9) == ["undecided", "worse", "undecided"]


@pytest.mark.parametrize(
    ("metric", "difference", "outcome"),
    [
        (P50, 0.04, "not worse"),
        (P50, 0.06, "worse"),
        (P50, -0.5, "not worse"),
        (ERRORS, 0.0009, "not worse"),
        (ERRORS, 0.0011, "worse"),
        (THROUGHPUT, -0.04, "not worse"),
        (THROUGHPUT, -0.06, "worse"),
        (THROUGHPUT, 0.5, "not worse"),
    ],
)
def test_the_margin_is_relative_or_in_points_and_knows_what_is_better(
    metric: ComparedMetric, difference: float, outcome: str
) -> None:
    estimate = DifferenceEstimate(difference, 1e-6, 10, 11)
    (found,) = decide_differences([metric], [BlockFigures(BLOCKS, BLOCKS, estimate)], Margins(), 0.95)
    assert found.outcome == outcome


def test_a_figure_that_could_not_be_compared_stays_open() -> None:
    (found,) = decide_differences([P50], [BlockFigures(BLOCKS, BLOCKS, None, "why")], Margins(), 0.95)
    assert (found.outcome, found.change, found.absence) == ("undecided", None, "why")
