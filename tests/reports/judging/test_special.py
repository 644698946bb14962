"""The beta distribution and its kin: exact sums, scipy's functions where these are precise, and inverses."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special

from reports.judging.special import (
    compute_beta_cdf,
    compute_binomial_cdf,
    compute_binomial_tail,
    invert_beta_cdf,
    invert_student_cdf,
)

PARAMETERS = (0.05, 0.5, 1.0, 1.5, 2.0, 7.0, 20.0, 99.0, 101.0, 500.0, 3e3, 1e5, 1e6, 1e7)
PROBABILITIES = (1e-9, 1e-4, 0.01, 0.025, 0.05, 0.3, 0.5, 0.7, 0.95, 0.975, 0.99, 0.9999)
UNEVEN = 1e5
"""Beyond this ratio of parameters scipy loses digits; `test_few_hits_in_many_trials` has the exact values."""


@pytest.mark.parametrize("a", PARAMETERS)
def test_the_beta_distribution_is_scipys(a: float) -> None:
    compared = 0
    for b, probability in product(PARAMETERS, PROBABILITIES):
        x = float(special.betaincinv(a, b, probability))
        if not 1e-290 < x < 1.0 - 1e-9 or max(a / b, b / a) > UNEVEN:
            continue
        compared += 1
        assert math.isclose(compute_beta_cdf(a, b, x), special.betainc(a, b, x), rel_tol=1e-10), (b, x)
        assert math.isclose(invert_beta_cdf(a, b, probability), x, rel_tol=1e-10), (b, probability)
    assert compared > 50


def compute_exactly(fewer: int, trials: int, share: float) -> float:
    """P(B >= fewer), B ~ Binomial(trials, share), summed in 60 digits."""
    with localcontext(prec=60):
        x = Decimal(share)
        term, total = (1 - x) ** trials, Decimal(0)
        for k in range(fewer):
            total += term
            term *= Decimal(trials - k) / (k + 1) * x / (1 - x)
        return float(1 - total)


@pytest.mark.parametrize("trials", [1_000, 10_000_000, 1_000_000_000])
@pytest.mark.parametrize("hits", [1, 2, 7, 20, 99, 101])
@pytest.mark.parametrize("times", [0.3, 1.0, 1.3, 2.0])
def test_few_hits_in_many_trials(hits: int, trials: int, times: float) -> None:
    share = times * hits / trials
    expected = compute_exactly(hits, trials, share)
    assert math.isclose(compute_binomial_tail(hits - 1, trials, share), expected, rel_tol=1e-12)
    assert math.isclose(compute_beta_cdf(hits, trials - hits + 1, share), expected, rel_tol=1e-12)


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True), st.floats(1e-6, 1 - 1e-6))
def test_binomial_probabilities_are_scipys_and_sum_to_one(trials: int, part: float, share: float) -> None:
    hits = int(part * trials)
    below = compute_binomial_cdf(hits, trials, share)
    assert math.isclose(below + compute_binomial_tail(hits, trials, share), 1.0, rel_tol=1e-12)
    expected = float(special.betaincc(hits + 1, trials - hits, share))
    assume(expected > 1e-200)
    assert math.isclose(below, expected, rel_tol=1e-10)


@given(
    st.floats(-1.5, 15).map(lambda exponent: 10.0**exponent),
    st.floats(-1.5, 15).map(lambda exponent: 10.0**exponent),
    st.floats(1e-9, 1 - 1e-9),
)
def test_the_quantile_gives_its_probability_back(a: float, b: float, probability: float) -> None:
    """For parameters of up to 1e15, told with the precision that x itself has."""
    x = invert_beta_cdf(a, b, probability)
    assume(1e-290 < x < 1.0)
    step = 8 * max(math.ulp(x), math.ulp(1.0 - x))
    low, high = (compute_beta_cdf(a, b, max(0.0, min(1.0, x + side))) for side in (-step, step))
    assert low <= probability * (1 + 1e-9)
    assert high >= probability * (1 - 1e-9)


@given(
    st.floats(0.1, 1e6),
    st.floats(0.1, 1e6),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_distribution_rises_from_zero_to_one(a: float, b: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert compute_beta_cdf(a, b, 0.0) == 0.0
    assert compute_beta_cdf(a, b, 1.0) == 1.0
    assert compute_beta_cdf(a, b, low) <= compute_beta_cdf(a, b, high) * (1 + 1e-12)


@pytest.mark.parametrize("degrees", [1.0, 2.0, 3.5, 5.0, 10.0, 99.0, 500.0, 1e4, 1e6])
@pytest.mark.parametrize("probability", [0.01, 0.4, 0.5, 0.6, 0.75, 0.9, 0.975, 0.999])
def test_quantiles_of_students_t_are_scipys(degrees: float, probability: float) -> None:
    expected = float(special.stdtrit(degrees, probability))
    assert math.isclose(invert_student_cdf(degrees, probability), expected, rel_tol=1e-10, abs_tol=1e-15)


def test_a_quantile_too_small_for_a_float_is_next_to_zero() -> None:
    assert 0.0 <= invert_beta_cdf(0.0003, 1000.0, 0.025) < 1e-300


def test_what_is_no_distribution_or_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="parameters of a beta distribution"):
        compute_beta_cdf(0.0, 1.0, 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        invert_beta_cdf(1.0, 1.0, 1.5)
