"""Differences from blocks: known answers of Student's and Welch's t, and bounds without failures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.comparison.estimates import (
    DifferenceEstimate,
    FailureCounts,
    estimate_paired,
    estimate_unpaired,
)

FIGURES = st.lists(st.floats(-10, 10), min_size=3, max_size=12)


def test_a_paired_estimate_is_students_t() -> None:
    """Differences 1, 2, 3: mean 2, standard error 1/√3, t(0.95; 2) = 2.920 (any table)."""
    found = estimate_paired(np.array([10.0, 10.0, 10.0]), np.array([11.0, 12.0, 13.0]))
    assert found.difference == pytest.approx(2.0)
    assert found.degrees == 2
    plain = replace(found, ranks=None)
    assert plain.compute_bound("lower", 0.95) == pytest.approx(2 - 2.919986 / math.sqrt(3), abs=1e-5)
    assert plain.compute_bound("upper", 0.95) == pytest.approx(2 + 2.919986 / math.sqrt(3), abs=1e-5)


def test_the_wider_of_students_t_and_the_ranks_counts() -> None:
    """Five differences: their least is the rank bound, below that of t, because the largest lies far out."""
    zeros = np.zeros(5)
    found = estimate_paired(zeros, np.array([1.0, 1.1, 1.2, 1.3, 1.4]))
    assert found.compute_bound("lower", 0.95) == 1.0 < replace(found, ranks=None).compute_bound("lower", 0.95)
    spread = estimate_paired(zeros, np.array([1.0, 1.1, 1.2, 1.3, 9.0]))
    assert spread.compute_bound("lower", 0.95) == replace(spread, ranks=None).compute_bound("lower", 0.95)


def test_among_others_only_students_t_needs_more() -> None:
    found = estimate_paired(np.zeros(5), np.array([1.0, 1.1, 1.2, 1.3, 1.4]))
    assert found.compute_bound("lower", 0.95, among=5) == pytest.approx(
        replace(found, ranks=None).compute_bound("lower", 0.99)
    )


def test_an_unpaired_estimate_is_welchs_t() -> None:
    """Variances 1 and 4 of three blocks each: 5/3 of squared error, 25/17 × 2 degrees of freedom."""
    found = estimate_unpaired(np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0, 8.0]))
    assert found.difference == pytest.approx(4.0)
    assert found.error == pytest.approx(math.sqrt(5 / 3))
    assert found.degrees == pytest.approx(2 * 25 / 17)


def test_a_single_block_is_taken_to_scatter_like_the_other_side() -> None:
    found = estimate_unpaired(np.array([1.0, 2.0, 3.0]), np.array([5.0]))
    assert (found.difference, found.degrees) == (3.0, 2)
    assert found.error == pytest.approx(math.sqrt(1 + 1 / 3))


def test_successive_differences_that_resemble_each_other_widen_the_bounds() -> None:
    """The same differences in another order tell less if they come in two halves."""
    mixed, halves = np.array([1.0, 2.0] * 6), np.array([1.0] * 6 + [2.0] * 6)
    zeros = np.zeros(12)
    plain = estimate_paired(zeros, mixed, in_time=True)
    assert plain.error == estimate_paired(zeros, mixed).error
    assert estimate_paired(zeros, halves, in_time=True).error > 2 * plain.error


def test_without_any_failure_the_upper_bound_is_the_rule_of_three() -> None:
    """No failure in 3,000 requests on either side: the difference may still be 3/3000."""
    zeros = np.zeros(10)
    found = estimate_paired(zeros, zeros, FailureCounts(0, 3000, 0, 3000))
    assert found.compute_bound("upper", 0.95) == pytest.approx(0.001, rel=0.01)
    assert found.compute_bound("lower", 0.95) == pytest.approx(-0.001, rel=0.01)


def test_failures_that_do_not_happen_to_scatter_are_no_certainty() -> None:
    """One failure in each block of both sides has no scatter, and still bounds as wide as the exact ones."""
    ones = np.full(5, 0.01)
    found = estimate_paired(ones, ones, FailureCounts(5, 500, 5, 500))
    assert found.compute_bound("upper", 0.95) > 0.008


@given(FIGURES, FIGURES, st.floats(0.6, 0.99))
def test_swapping_the_sides_turns_the_bounds_around(
    one: list[float], other: list[float], confidence: float
) -> None:
    forth = estimate_unpaired(np.array(one), np.array(other))
    back = estimate_unpaired(np.array(other), np.array(one))
    assert forth.compute_bound("lower", confidence) == pytest.approx(
        -back.compute_bound("upper", confidence), abs=1e-9
    )


@given(FIGURES, FIGURES)
def test_more_confidence_widens_and_the_difference_lies_between(one: list[float], other: list[float]) -> None:
    size = min(len(one), len(other))
    found = estimate_paired(np.array(one[:size]), np.array(other[:size]))
    low, high = (found.compute_bound(side, 0.95) for side in ("lower", "upper"))
    assert low <= found.difference <= high
    assert found.compute_bound("lower", 0.99) <= low
    assert found.compute_bound("upper", 0.99) >= high


def test_the_predicted_number_of_blocks_would_decide() -> None:
    """With 80 % power: with so many blocks, four of five draws have their bound within the distance."""
    found = DifferenceEstimate(0.0, 1 / math.sqrt(5), 4, 5)
    needed = found.predict_needed(0.5, 0.95)
    assert needed is not None
    count = 5 + needed
    draws = np.random.default_rng(1).normal(size=(4000, count))
    errors = draws.std(axis=1, ddof=1) / math.sqrt(count)
    reach = DifferenceEstimate(0.0, 1.0, count - 1, count).compute_bound("upper", 0.95)
    assert np.mean(draws.mean(axis=1) + reach * errors <= 0.5) == pytest.approx(0.82, abs=0.05)


def test_no_number_of_blocks_is_predicted_where_none_would_decide() -> None:
    assert DifferenceEstimate(0.0, 1.0, 4, 5).predict_needed(0.0, 0.95) is None
    assert DifferenceEstimate(0.0, 1.0, 4, 5).predict_needed(1e-6, 0.95) is None
