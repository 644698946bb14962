"""A trend is found where there is one, with its slope; dependent values don't feign one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.columns import Floats
from reports.figures.trend import mann_kendall

VALUES = st.lists(st.integers(-1000, 1000), min_size=4, max_size=40)


def count_orders(values: int) -> dict[int, int]:
    """How many orders of so many different values have each S: Kendall's exact distribution."""
    counts = {0: 1}
    for placed in range(1, values):
        grown: dict[int, int] = {}
        for statistic, orders in counts.items():
            for falls in range(placed + 1):
                reached = statistic + placed - 2 * falls
                grown[reached] = grown.get(reached, 0) + orders
        counts = grown
    return counts


@pytest.mark.parametrize(
    ("order", "statistic"),
    [
        pytest.param((1, 2, 3, 4, 5, 6, 7, 8, 10, 9), 43, id="all pairs but one rise"),
        pytest.param((3, 1, 2, 7, 4, 5, 6, 8, 10, 9), 33, id="most pairs rise"),
        pytest.param((7, 6, 2, 3, 1, 8, 5, 4, 10, 9), 11, id="some more rise than fall"),
    ],
)
def test_s_counts_pairs_and_p_is_near_the_exact_one(order: tuple[int, ...], statistic: int) -> None:
    found, orders = mann_kendall(order), count_orders(10)
    exact = sum(count for reached, count in orders.items() if abs(reached) >= statistic) / sum(
        orders.values()
    )
    assert (found.statistic, found.correction) == (statistic, 1)
    assert found.p_value == pytest.approx(exact, abs=0.01)


def test_the_exact_distribution_is_that_of_the_tables() -> None:
    """Ten values: P(S >= 21) = 0.036; five: P(S >= 8) = 0.042. Gilbert, 1987, table A18."""
    for values, statistic, share in ((10, 21, 0.036), (5, 8, 0.042)):
        orders = count_orders(values)
        above = sum(count for reached, count in orders.items() if reached >= statistic)
        assert above / sum(orders.values()) == pytest.approx(share, abs=0.0005)


def test_equal_values_take_from_the_variance() -> None:
    """Three equal of eight: (8*7*21 - 3*2*11) / 18 = 1110/18, and S = 25 - 2 = 23."""
    found = mann_kendall((1, 2, 2, 2, 3, 4, 6, 5))
    assert found.statistic == 23
    z = 22 / sqrt(1110 / 18 * found.correction)
    assert found.p_value == pytest.approx(2 * NormalDist().cdf(-z))


def test_the_slope_is_the_median_of_the_slopes_of_all_pairs() -> None:
    """By hand: (3-1)/1, (2-1)/2, (8-1)/3, (2-3)/1, (8-3)/2, (8-2)/1: their median is (2 + 2.3333) / 2."""
    assert mann_kendall((1, 3, 2, 8)).slope == pytest.approx((2 + 7 / 3) / 2)


def test_a_straight_line_has_its_own_slope_and_no_doubt() -> None:
    found = mann_kendall([3 + 0.25 * place for place in range(50)])
    assert (found.slope, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert found.p_value < 1e-9
    assert found.correction == 1


def test_equal_values_have_no_trend() -> None:
    found = mann_kendall([7.0] * 10)
    assert (found.p_value, found.slope, found.low, found.high) == (1, 0, 0, 0)


def test_one_outlier_changes_little() -> None:
    values = [0.5 * place for place in range(40)]
    values[20] = 1e6
    assert mann_kendall(values).slope == pytest.approx(0.5, abs=0.01)


@given(VALUES)
def test_a_reversed_series_has_the_opposite_trend(values: list[int]) -> None:
    there, back = mann_kendall(values), mann_kendall(values[::-1])
    assert back.statistic == -there.statistic
    assert back.slope == pytest.approx(-there.slope)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.p_value == pytest.approx(there.p_value)


@given(VALUES, st.integers(1, 50), st.integers(-500, 500), st.sampled_from([0.5, 2.0, 60.0]))
def test_units_scale_the_slope_and_change_no_doubt(
    values: list[int], factor: int, offset: int, step: float
) -> None:
    plain = mann_kendall(values)
    times = step * np.arange(len(values))
    other = mann_kendall([factor * value + offset for value in values], times)
    scale = factor / step
    assert (other.slope, other.low, other.high) == pytest.approx(
        (scale * plain.slope, scale * plain.low, scale * plain.high)
    )
    assert other.p_value == pytest.approx(plain.p_value)


@given(VALUES)
def test_the_slope_lies_in_its_interval_and_more_confidence_widens_it(values: list[int]) -> None:
    usual, sure = mann_kendall(values), mann_kendall(values, confidence=0.999)
    assert sure.low <= usual.low <= usual.slope <= usual.high <= sure.high
    assert 0 <= usual.p_value <= 1
    assert usual.correction >= 1


def draw_dependent(keeps: float, slope: float, count: int, random: np.random.Generator) -> Floats:
    """Values that keep a share of their predecessor's deviation, around a line."""
    values, noise = np.zeros(count), random.normal(size=count)
    for place in range(1, count):
        values[place] = keeps * values[place - 1] + noise[place]
    return values + slope * np.arange(count)


@pytest.mark.parametrize("keeps", [0.0, 0.5, 0.8])
def test_dependent_values_without_a_trend_rarely_feign_one(keeps: float) -> None:
    """Without the correction 22 of these 100 do at 0.5, and 43 at 0.8; 5 are promised."""
    random = np.random.default_rng(3)
    found = [mann_kendall(draw_dependent(keeps, 0, 200, random)) for _ in range(100)]
    assert sum(each.p_value < 0.05 for each in found) <= 13
    assert sum(each.low <= 0 <= each.high for each in found) >= 87


def test_a_trend_is_found_in_dependent_values() -> None:
    random = np.random.default_rng(4)
    found = [mann_kendall(draw_dependent(0.5, 0.03, 200, random)) for _ in range(50)]
    assert all(each.p_value < 0.01 for each in found)
    assert sum(each.low <= 0.03 <= each.high for each in found) >= 42


@pytest.mark.parametrize(
    ("values", "times", "said"),
    [
        ([1.0, 2.0, 3.0], None, "4 to 4000 values, not 3"),
        (np.zeros(4001), None, "not 4001"),
        ([1.0, float("nan"), 3.0, 4.0], None, "finite"),
        ([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 2.0], "have to rise"),
        ([1.0, 2.0, 3.0, 4.0], [0.0, 1.0], "4 values, but 2 times"),
    ],
)
def test_what_has_no_trend_is_refused(values: list[float], times: list[float] | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mann_kendall(values, times)


def test_a_confidence_is_a_share() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        mann_kendall([1.0, 2.0, 3.0, 4.0], confidence=95)
