"""Bounds by ranks: counted over every order that chance can give, and infinite where these are too few."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.comparison.rank_bounds import RankBounds, rank_pairs, rank_sides

SIZES = st.floats(0.01, 100.0)


@given(st.lists(SIZES, min_size=5, max_size=9), st.floats(0.8, 0.96))
def test_no_pattern_of_disturbances_misleads_more_often_than_stated(
    sizes: list[float], confidence: float
) -> None:
    """Equal versions, whatever the sizes of the differences of rounds: every order they can be run in."""
    signs = list(product((-1.0, 1.0), repeat=len(sizes)))
    misled = sum(rank_pairs(np.array(sizes) * each).compute_bound("lower", confidence) > 0 for each in signs)
    assert misled <= (1 - confidence) * len(signs) + 1e-9


@given(st.lists(SIZES, min_size=6, max_size=7, unique=True))
def test_no_choice_of_runs_misleads_more_often_than_stated(figures: list[float]) -> None:
    """Three runs against the others, all of one version: every way to choose the three."""
    ways = list(combinations(range(len(figures)), 3))
    misled = 0
    for chosen in ways:
        sides = [[each for place, each in enumerate(figures) if (place in chosen) == one] for one in (1, 0)]
        misled += rank_sides(*map(np.array, sides)).compute_bound("lower", 0.95) > 0
    assert misled <= 0.05 * len(ways) + 1e-9


@pytest.mark.parametrize(
    ("count", "missing"), [(2, 3), (3, 2), (4, 1), (5, 0), (6, 0)], ids=lambda count: str(count)
)
def test_fewer_than_five_rounds_bound_nothing(count: int, missing: int) -> None:
    """All of them on one side have a chance of one in 2 to the number of rounds: 1/16, then 1/32."""
    bounds = rank_pairs(np.arange(1.0, count + 1))
    assert (bounds.compute_bound("lower", 0.95) == -inf) == (missing > 0)
    assert (bounds.compute_bound("upper", 0.95) == inf) == (missing > 0)
    assert bounds.count_missing(0.95) == missing


@pytest.mark.parametrize(
    ("sizes", "missing"), [((3, 3), 0), ((2, 5), 0), ((1, 19), 0), ((2, 4), 1), ((1, 18), 1), ((2, 2), 1)]
)
def test_runs_bound_something_where_one_order_in_twenty_is_as_extreme(
    sizes: tuple[int, int], missing: int
) -> None:
    bounds = rank_sides(np.arange(sizes[0]) + 0.0, np.arange(sizes[1]) + 100.0)
    assert (bounds.compute_bound("lower", 0.95) == -inf) == (missing > 0)
    assert bounds.count_missing(0.95) == missing


def test_six_rounds_bound_as_the_tables_of_wilcoxon_say() -> None:
    """Of 21 sums of ranks, 0, 1 and 2 have a probability of 3/64 together: the third smallest mean."""
    found = rank_pairs(np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]))
    assert found.compute_bound("lower", 0.95) == 2.0
    assert found.compute_bound("upper", 0.95) == 20.0


def test_four_runs_against_five_bound_as_the_tables_of_mann_and_whitney_say() -> None:
    """The critical value of U for 4 and 5 at 5 %, one-sided, is 2: the third smallest difference."""
    found = rank_sides(np.array([1.0, 2.0, 4.0, 8.0]), np.array([10.0, 20.0, 30.0, 40.0, 50.0]))
    assert found.compute_bound("lower", 0.95) == sorted(found.values)[2]


@given(st.lists(SIZES, min_size=5, max_size=8), st.lists(SIZES, min_size=5, max_size=8))
def test_the_opposite_difference_has_the_opposite_bounds(
    one: Sequence[float], other: Sequence[float]
) -> None:
    found: RankBounds = rank_sides(np.array(one), np.array(other))
    assert found.negate().compute_bound("upper", 0.95) == -found.compute_bound("lower", 0.95)
