"""The anytime-valid bound errs no more often than it says, however often one looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from reports.judging.anytime import (
    compute_log_evidence,
    compute_percentile_interval_by_now,
    compute_share_interval_by_now,
    is_broken_by_now,
    is_proven_by_now,
)
from reports.judging.confidence import compute_required_samples
from reports.judging.effective import NearMisses

BUDGETS = (0.001, 0.01, 0.05, 0.5, 0.9)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("above", [False, True])
def test_the_evidence_averages_to_one_at_the_budget(budget: float, above: bool) -> None:
    """So it is a martingale, which ever exceeds 20 with a chance of one in 20: all counts of 300 requests."""
    hits = np.arange(301)
    evidence = [compute_log_evidence(float(each), 300.0, budget, above=above) for each in hits]
    mean = np.exp(stats.binom.logpmf(hits, 300, budget) + evidence).sum()
    assert mean == pytest.approx(1.0)


@pytest.mark.parametrize("above", [False, True])
def test_the_evidence_is_a_likelihood_averaged_over_one_side_of_the_budget(above: bool) -> None:
    budget, hits, samples = 0.05, 7, 90
    prior = stats.beta(0.5, 0.5 * (1 - budget) / budget)
    side = (budget, 1.0) if above else (0.0, budget)

    def weigh(share: float) -> float:
        ratio = stats.binom.pmf(hits, samples, share) / stats.binom.pmf(hits, samples, budget)
        return float(ratio * prior.pdf(share))

    expected = integrate.quad(weigh, *side)[0] / (prior.cdf(side[1]) - prior.cdf(side[0]))
    found = compute_log_evidence(hits, samples, budget, above=above)
    assert math.exp(found) == pytest.approx(expected, rel=1e-6)


@given(
    st.sampled_from(BUDGETS), st.integers(1, 10**6), st.floats(0.0, 1.0), st.floats(0.01, 1.0), st.booleans()
)
def test_fewer_effective_samples_never_tell_enough_where_all_together_do_not(
    budget: float, samples: int, share: float, part: float, above: bool
) -> None:
    """Convexity, by which a look that can't prove anything is spared the measure of dependence."""
    whole = compute_log_evidence(share * samples, samples, budget, above=above)
    less = compute_log_evidence(share * samples * part, samples * part, budget, above=above)
    assert less <= max(0.0, whole) + 1e-6 * max(1.0, abs(whole))


def test_looking_at_any_time_errs_no_more_often_than_promised() -> None:
    """200 runs of 1,000 independent requests, a look each time there are fewer hits than the budget permits.

    5 %, and two standard errors; looking as often by the rule for a single look errs far more often.
    """
    enough, length = -math.log(0.05), np.arange(1, 1_001)
    proven = careless = 0
    for seed in range(200):
        hits = np.cumsum(np.random.default_rng(seed).random(1_000) < 0.05)
        looks = np.flatnonzero(hits < 0.05 * length)[::10]
        careless += bool((stats.binom.cdf(hits[looks], length[looks], 0.05) <= 0.05).any())
        proven += any(
            compute_log_evidence(float(hits[look]), float(length[look]), 0.05, above=False) >= enough
            for look in looks
        )
    assert proven / 200 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 200)
    assert careless / 200 > 0.15, "the simulation would show it"


def test_no_request_over_the_limit_proves_it_a_little_later_than_a_single_look_would() -> None:
    """The price of looking at any time, at 97.5 %: a fifth more requests than the fixed rule."""
    once = compute_required_samples(0.01, 0, 0.975)
    needed = next(n for n in range(200, 1_000) if is_proven_by_now(np.zeros(n, dtype=np.bool_), 0.01, 0.975))
    assert once < needed < 1.25 * once


def test_a_breach_is_beyond_doubt_when_chance_alone_would_not_make_it() -> None:
    """15 of 1,000 over a limit for 1 % happen by chance; 35 don't."""
    over = np.zeros(1_000, dtype=np.bool_)
    rng = np.random.default_rng(10)
    over[rng.choice(1_000, 15, replace=False)] = True
    assert not is_broken_by_now(over, 0.01, 0.95)
    over[rng.choice(1_000, 25, replace=False)] = True
    assert is_broken_by_now(over, 0.01, 0.95)
    assert not is_proven_by_now(over, 0.01, 0.95)


@pytest.mark.parametrize("decide", [is_proven_by_now, is_broken_by_now])
def test_nothing_is_decided_without_requests_or_exactly_at_the_budget(decide: object) -> None:
    assert callable(decide)
    assert not decide(np.zeros(0, dtype=np.bool_), 0.01, 0.95)
    assert not decide(np.arange(10_000) < 100, 0.01, 0.95)
    assert not decide(np.ones(1_000, dtype=np.bool_), 1.0, 0.95)


def test_a_budget_of_everything_is_kept_by_any_request_that_keeps_the_limit() -> None:
    assert is_proven_by_now(np.array([True, False]), 1.0, 0.95)


def test_a_single_burst_is_no_breach_beyond_doubt() -> None:
    over = np.zeros(1_000, dtype=np.bool_)
    over[500:525] = True
    assert not is_broken_by_now(over, 0.01, 0.95)


def test_a_limit_of_which_slow_requests_came_near_in_one_burst_is_proven_later() -> None:
    over, near = np.zeros((2, 1_000), dtype=np.bool_)
    near[400:450] = True
    assert is_proven_by_now(over, 0.01, 0.95)
    assert not is_proven_by_now(over, 0.01, 0.95, NearMisses(near, near))


@pytest.mark.parametrize(("quantile", "count"), [(0.0, 900), (1.0, 900), (0.99, 200)])
def test_a_percentile_that_can_not_be_bounded_has_no_interval(quantile: float, count: int) -> None:
    assert compute_percentile_interval_by_now(np.arange(float(count)), quantile, 0.95) is None


@pytest.mark.extended
def test_intervals_hold_the_truth_at_all_moments_of_most_runs() -> None:
    """Of 40 runs of 1,500 independent requests, looked at five times: 95 %, and two standard errors."""
    missed = np.zeros(2)
    for seed in range(40):
        values = np.random.default_rng(seed).random(1_500)
        parts = [values[: 300 * look] for look in range(1, 6)]
        percentiles = (compute_percentile_interval_by_now(part, 0.9, 0.95) or (0.0, 1.0) for part in parts)
        shares = (compute_share_interval_by_now(part < 0.1, 0.95) or (0.0, 1.0) for part in parts)
        missed[0] += not all(low <= 0.9 <= high for low, high in percentiles)
        missed[1] += not all(low <= 0.1 <= high for low, high in shares)
    assert missed.max() / 40 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 40)
