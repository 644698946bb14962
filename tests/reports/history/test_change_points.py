"""Change points: known answers, the formula of the paper, and how often one is found where there is none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.data.columns import Floats
from reports.history.change_points import (
    LEAST_VALUES,
    SHORTEST,
    SIGNIFICANCE,
    _find_cut,
    find_change_points,
)

values = st.lists(st.integers(-50, 50).map(float), min_size=2 * SHORTEST, max_size=12).map(np.array)


def draw_levels(*levels: tuple[float, int], seed: int = 1) -> Floats:
    """Normal noise of standard deviation 1 around each level, for so many values."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(mean, 1.0, count) for mean, count in levels])


def compute_divergence(x: Floats, y: Floats) -> float:
    """The statistic q of Matteson and James (2014), as their formula states it."""
    m, n = len(x), len(y)
    across = sum(abs(a - b) for a in x for b in y) / (m * n)
    within = [
        sum(abs(a - b) for a, b in combinations(each, 2)) / (len(each) * (len(each) - 1) / 2)
        for each in (x, y)
    ]
    return float(m * n / (m + n) * (2 * across - sum(within)))


def test_a_step_is_found_where_it_is_with_both_levels() -> None:
    (found,) = find_change_points(np.array([5.0, 6.0] * 8 + [9.0, 10.0] * 5))
    assert (found.place, found.before, found.after) == (16, 5.5, 9.5)
    assert found.p_value <= SIGNIFICANCE


def test_each_of_several_changes_is_found() -> None:
    found = find_change_points(draw_levels((10, 20), (14, 20), (11, 20)))
    assert [abs(change.place - place) <= 1 for change, place in zip(found, (20, 40), strict=True)] == [
        True,
        True,
    ]
    assert found[0].after == found[1].before


def test_an_episode_in_the_middle_is_found_though_its_ends_are_alike() -> None:
    found = find_change_points(draw_levels((10, 25), (16, 6), (10, 25)))
    assert [change.place for change in found] == [25, 31]


def test_one_outlier_is_no_change_of_level() -> None:
    series = draw_levels((10, 30))
    series[17] = 90.0
    assert find_change_points(series) == ()


@pytest.mark.parametrize("count", [0, 1, 3, 30])
def test_a_constant_series_never_changes(count: int) -> None:
    assert find_change_points(np.full(count, 7.0)) == ()


def test_as_many_values_as_said_are_needed() -> None:
    """The clearest step there can be is found in `LEAST_VALUES` values, and never in fewer."""
    for count in (LEAST_VALUES - 1, LEAST_VALUES):
        series = np.where(np.arange(count) < count // 2, 0.0, 100.0) + np.arange(count) / 1000
        assert len(find_change_points(series)) == (count >= LEAST_VALUES)


def test_the_same_values_give_the_same_changes() -> None:
    series = draw_levels((10, 20), (12, 20))
    assert find_change_points(series) == find_change_points(series)


@given(values)
def test_the_cut_is_the_strongest_by_the_formula_of_the_paper(series: Floats) -> None:
    cut = _find_cut(series)
    strengths = {
        (place, end): compute_divergence(series[:place], series[place:end])
        for place in range(SHORTEST, len(series) - SHORTEST + 1)
        for end in range(place + SHORTEST, len(series) + 1)
    }
    best = max(strengths.values())
    assert cut.strength == pytest.approx(max(best, 0.0), abs=1e-9)
    assert best < 1e-9 or any(
        place == cut.place and value == pytest.approx(best, abs=1e-9)
        for (place, _), value in strengths.items()
    )


@settings(max_examples=20)
@given(st.floats(0.01, 1000.0), st.floats(-1e4, 1e4), st.integers(0, 99))
def test_units_and_offsets_change_no_place(scale: float, offset: float, seed: int) -> None:
    series = draw_levels((0, 12), (6, 12), seed=seed)
    places = [change.place for change in find_change_points(series)]
    assert places == [change.place for change in find_change_points(series * scale + offset)]


def test_changes_are_found_where_there_are_none_as_rarely_as_stated() -> None:
    """One in a hundred is stated. All series here meet the same random orders, so more than that may err."""
    random = np.random.default_rng(2)
    alarms = sum(bool(find_change_points(random.standard_t(3, 24))) for _ in range(400))
    assert alarms <= 0.03 * 400
