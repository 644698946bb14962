"""Confidence: published answers, coverage, and proof that bursts can't fake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.judging.confidence import (
    compute_clopper_pearson,
    compute_interval_ranks,
    compute_percentile_interval,
    compute_required_samples,
    compute_share_interval,
    prove,
)
from reports.judging.effective import EffectiveSamples, mark_near_misses


@pytest.mark.parametrize(
    ("percentile", "over", "samples"),
    [
        (99.0, 0, 459),
        (99.0, 1, 662),
        (99.0, 5, 1307),
        (99.0, 10, 2010),
        (90.0, 0, 44),
        (90.0, 1, 64),
        (90.0, 5, 127),
        (90.0, 10, 197),
        (99.9, 0, 4603),
        (99.9, 1, 6636),
    ],
)
def test_the_samples_that_mlperf_asks_for_at_99_percent(percentile: float, over: int, samples: int) -> None:
    assert compute_required_samples(1 - percentile / 100, over, confidence=0.99) == samples


@given(budget=st.floats(0.001, 0.5), over=st.integers(0, 50), confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_required_samples_are_the_fewest_whose_tail_is_small_enough(
    budget: float, over: int, confidence: float
) -> None:
    """I(p; h, t + 1) is the chance of at most t over the limit in h + t, were the budget just used up."""
    needed = compute_required_samples(budget, over, confidence)
    assert stats.binom.cdf(over, needed, budget) <= 1 - confidence + 1e-9
    assert stats.binom.cdf(over, needed - 1, budget) > 1 - confidence - 1e-9


@pytest.mark.parametrize(
    ("samples", "q", "ranks"),
    [
        (100, 0.5, (40, 61)),
        (20, 0.5, (6, 15)),
        (1000, 0.99, (983, 997)),
        (100, 0.99, None),
        (1, 0.5, None),
        (0, 0.5, None),
    ],
)
def test_ranks_known_from_tables(samples: int, q: float, ranks: tuple[int, int] | None) -> None:
    assert compute_interval_ranks(samples, q, confidence=0.95) == ranks


@given(samples=st.integers(10, 5000), q=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_ranks_hold_the_percentile_as_often_as_promised(samples: int, q: float) -> None:
    ranks = compute_interval_ranks(samples, q, confidence=0.95)
    if ranks is not None:
        low, high = ranks
        coverage = stats.binom.cdf(high - 1, samples, q) - stats.binom.cdf(low - 1, samples, q)
        assert coverage >= 0.95 - 1e-9


@pytest.mark.parametrize(
    ("hits", "samples", "bounds"),
    [
        (0, 100, (0.0, 0.03622)),
        (3, 100, (0.00623, 0.08518)),
        (10, 10, (0.69150, 1.0)),
        (1, 2, (0.01258, 0.98742)),
    ],
)
def test_the_interval_of_clopper_and_pearson(hits: int, samples: int, bounds: tuple[float, float]) -> None:
    assert compute_clopper_pearson(hits, samples, confidence=0.95) == pytest.approx(bounds, abs=1e-5)


def test_independent_latencies_get_the_order_statistics_interval() -> None:
    values = np.random.default_rng(2).permutation(np.arange(1.0, 1001.0))
    assert compute_percentile_interval(values, 0.5, 0.95) == (469.0, 532.0)


def test_bursts_make_the_interval_wider() -> None:
    """The same latencies, once mixed and once as a slow stretch in every ten seconds."""
    rng = np.random.default_rng(4)
    slow = np.arange(20_000) % 2000 < 200
    bursts = np.where(slow, 100.0, 10.0) + rng.random(20_000)
    bursts[slow & (np.arange(20_000) > 12_000)] += 50.0
    low, high = compute_percentile_interval(bursts, 0.95, 0.95) or (0.0, 0.0)
    mixed_low, mixed_high = compute_percentile_interval(rng.permutation(bursts), 0.95, 0.95) or (0.0, 0.0)
    assert low <= mixed_low
    assert high >= mixed_high
    assert high - low > 2 * (mixed_high - mixed_low)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert compute_share_interval(np.zeros(0, dtype=np.bool_), 0.95) is None


def test_proof_needs_as_many_samples_as_the_rule_says() -> None:
    """p99 at 95 % with none over the limit: 299."""
    assert prove(np.zeros(298, dtype=np.bool_), 0.01, 0.95).needed == 1
    assert prove(np.zeros(299, dtype=np.bool_), 0.01, 0.95).proven


def test_independent_slow_requests_well_within_the_budget_are_proof() -> None:
    over = np.random.default_rng(6).random(20_000) < 0.005
    assert prove(over, 0.01, 0.95).proven


def test_the_same_slow_requests_in_two_bursts_are_no_proof() -> None:
    """Two stalls of 50 requests in 20,000 are two events; a third one would break the limit of 0.6 %."""
    over = np.zeros(20_000, dtype=np.bool_)
    over[5_000:5_050] = over[15_000:15_050] = True
    mixed = np.random.default_rng(8).permutation(over)
    assert prove(mixed, 0.007, 0.95).proven
    doubt = prove(over, 0.007, 0.95)
    assert not doubt.proven
    assert doubt.needed is not None
    assert doubt.needed > 1000


def test_near_misses_of_a_limit_that_is_kept_tell_of_bursts() -> None:
    """None passed the limit, but those that came near it came together: one event, not fifty."""
    values = np.random.default_rng(9).random(1_000)
    values[400:450] += 9.0
    over = values > 10.0
    assert not over.any()
    assert prove(over, 0.01, 0.95).proven
    assert not prove(over, 0.01, 0.95, mark_near_misses(values, 10.0, 0.01)).proven


def test_what_stays_far_from_the_limit_is_no_near_miss() -> None:
    """Latencies may go up and down with the load as they like below half the limit."""
    values = np.where(np.arange(1_000) % 200 < 100, 1.0, 4.0)
    assert not mark_near_misses(values, 10.0, 0.01).close.any()
    assert mark_near_misses(np.arange(100.0), 60.0, 0.02).close.sum() == 10


def test_more_samples_are_needed_where_the_slow_ones_came_in_bursts() -> None:
    """Ten of 2,000 in two bursts, or one by one."""
    alone, bursts = np.zeros((2, 2_000), dtype=np.bool_)
    alone[np.random.default_rng(12).choice(2_000, 10, replace=False)] = True
    bursts[700:705] = bursts[1500:1505] = True
    few, many = prove(alone, 0.009, 0.95), prove(bursts, 0.009, 0.95)
    assert few.proven
    assert not many.proven
    assert many.needed is not None
    assert many.needed > 500


def test_a_limit_is_proven_only_if_both_methods_prove_it() -> None:
    """A queue that is long for a quarter of the run comes near the limit, but not within half of it."""
    values = np.random.default_rng(14).random(1_000)
    values[400:650] += 4.0
    over = values > 10.0
    near = mark_near_misses(values, 10.0, 0.01)
    assert not near.close.any()
    doubt = prove(over, 0.01, 0.95, near)
    assert (doubt.proven, doubt.doubted_by) == (False, "overlapping batches")
    assert prove(over, 0.01, 0.95).proven


def test_the_needed_samples_prove_it_if_slow_requests_go_on_as_they_did() -> None:
    """Two of 500 over the limit, and again two of each further 500: a third more is enough."""
    over = np.zeros(500, dtype=np.bool_)
    over[[137, 402]] = True
    needed = prove(over, 0.01, 0.95).needed
    assert needed is not None
    on = np.tile(over, 9)
    assert prove(on[: (500 + needed) * 4 // 3], 0.01, 0.95).proven
    assert not prove(on[: (500 + needed) * 2 // 3], 0.01, 0.95).proven


def test_bursts_become_more_certain_as_a_run_goes_on() -> None:
    """Twice as many samples hold twice as many bursts, so they are worth more than twice as much."""
    bursts = EffectiveSamples(by_bootstrap=100.0, by_batches=400.0, bursts=2.0)
    assert 1.0 < bursts.find_growth(200.0) < 2.0
    assert bursts.find_growth(100.0) == pytest.approx(1.0)
    assert EffectiveSamples(100.0, 400.0, np.inf).find_growth(200.0) == pytest.approx(2.0)
    assert EffectiveSamples(400.0, 100.0, 2.0).find_growth(200.0) == pytest.approx(2.0)


def test_methods_that_agree_doubt_nothing() -> None:
    assert prove(np.zeros(400, dtype=np.bool_), 0.01, 0.95).doubted_by is None
    assert prove(np.arange(2_000) % 150 == 0, 0.01, 0.95).doubted_by is None
    assert prove(np.arange(400) < 5, 0.01, 0.95).doubted_by is None
