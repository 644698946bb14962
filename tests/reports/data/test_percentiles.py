"""Nearest-rank percentiles, against their definition in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.data.percentiles import compute_percentile, compute_percentiles, compute_rank

TENTHS = [Fraction(tenths, 1000) for tenths in range(1001)]
"""Every percentile from p0 to p100 in steps of 0.1."""


def is_nearest_rank(rank: int, quantile: Fraction, count: int) -> bool:
    """The definition: the first place at which at least the share `quantile` has been reached."""
    reached, before = Fraction(rank, count), Fraction(rank - 1, count)
    return reached >= quantile and (before < quantile or rank == 1)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 99, 100, 101, 999, 1000, 1001, 12_345, 10**7])
def test_every_percentile_has_its_rank(count: int) -> None:
    for quantile in TENTHS:
        assert is_nearest_rank(compute_rank(quantile, count), quantile, count), (quantile, count)


@given(tenths=st.integers(0, 1000), count=st.integers(1, 10**9))
@example(tenths=70, count=100)
@example(tenths=140, count=50)
@example(tenths=280, count=25)
@example(tenths=550, count=100)
@example(tenths=560, count=25)
def test_a_float_and_a_text_mean_the_decimal_number_they_are_written_as(tenths: int, count: int) -> None:
    """0.07 × 100 is more than 7 in floating point: p7 of a hundred values is the seventh all the same."""
    exact = Fraction(tenths, 1000)
    rank = compute_rank(exact, count)
    assert is_nearest_rank(rank, exact, count)
    assert compute_rank(tenths / 1000, count) == rank
    assert compute_rank(np.float64(tenths / 1000), count) == rank
    assert compute_rank(f"{tenths / 1000}", count) == rank


@given(
    digits=st.integers(1, 10**12 - 1),
    count=st.integers(1, 10**7),
)
def test_a_percentile_of_many_digits_has_its_rank_too(digits: int, count: int) -> None:
    exact = Fraction(digits, 10**12)
    assert is_nearest_rank(compute_rank(float(exact), count), exact, count)


@pytest.mark.parametrize(("quantile", "count"), [(0.5, 0), (-0.1, 5), (1.01, 5), ("1.0001", 5)])
def test_what_has_no_rank_is_refused(quantile: float | str, count: int) -> None:
    with pytest.raises(ValueError, match="there is no rank of quantile"):
        compute_rank(quantile, count)


VALUES = st.lists(st.floats(0.0, 1e5), min_size=1, max_size=300).map(np.array)
QUANTILES = st.lists(st.sampled_from(TENTHS), min_size=1, max_size=6)


@given(values=VALUES, quantiles=QUANTILES)
def test_a_percentile_is_the_value_at_its_rank(values: np.ndarray, quantiles: list[Fraction]) -> None:
    ordered = np.sort(values)
    expected = tuple(float(ordered[compute_rank(quantile, len(values)) - 1]) for quantile in quantiles)
    before = values.copy()
    assert compute_percentiles(values, quantiles) == expected
    assert tuple(compute_percentile(values, quantile) for quantile in quantiles) == expected
    assert np.array_equal(values, before), "what was given stays in its order"
    assert compute_percentiles(values, quantiles, overwrite=True) == expected
    assert np.array_equal(np.sort(values), ordered)


def test_no_value_has_no_percentile() -> None:
    assert compute_percentile(np.empty(0), 0.5) is None


def test_a_fraction_is_taken_as_it_is() -> None:
    """The binary value of 0.07 is a little more than 7/100; only a Fraction can mean that."""
    assert compute_rank(0.07, 100) == 7
    assert compute_rank(Fraction.from_float(0.07), 100) == 8
    assert compute_rank(0.07, 100) == 7
