"""Overlapping batches see dependence that lasts a long time, and leave independent requests alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from reports.judging.bootstrap import count_in_bins
from reports.judging.overlapping import BATCHES, DEGREES, estimate_batch_effect, measure_batch_effect


@given(count=st.integers(1, 3_000), share=st.floats(0.0, 1.0), seed=st.integers(0, 100))
def test_the_effect_is_a_finite_number_from_one_on(count: int, share: float, seed: int) -> None:
    series = np.random.default_rng(seed).random(count) < share
    assert 1.0 <= measure_batch_effect(series, 0.95) < np.inf


def test_independent_requests_have_no_effect() -> None:
    rng = np.random.default_rng(1)
    effects = [measure_batch_effect(rng.random(5_000) < 0.05, 0.95) for _ in range(100)]
    assert np.mean(np.equal(effects, 1.0)) > 0.9


def test_the_effect_is_the_variance_of_the_share_over_that_of_independent_requests() -> None:
    """Of an AR(1) series above its median: sum of correlations, 2 / pi asin(phi^lag)."""
    phi, rng = 0.8, np.random.default_rng(2)
    effects = []
    for _ in range(200):
        series = signal.lfilter([1.0], [1.0, -phi], rng.standard_normal(20_000)) > 0
        effects.append(estimate_batch_effect(count_in_bins(series)))
    true = 1 + 2 * np.sum(2 / np.pi * np.arcsin(phi ** np.arange(1, 200)))
    assert np.mean(effects) == pytest.approx(true, rel=0.1)


def test_a_burst_and_a_trend_have_an_effect() -> None:
    burst = np.zeros(4_000, dtype=np.bool_)
    burst[1_000:1_040] = True
    trend = np.random.default_rng(3).random(4_000) < np.linspace(0.0, 0.1, 4_000)
    assert measure_batch_effect(burst, 0.95) > 10.0
    assert measure_batch_effect(trend, 0.95) > 2.0


def test_more_confidence_asks_for_a_greater_effect() -> None:
    burst = np.arange(2_000) < 30
    effects = [measure_batch_effect(burst, confidence) for confidence in (0.5, 0.9, 0.95, 0.995)]
    assert effects == sorted(effects)


@pytest.mark.parametrize("level", [0.95, 0.975, 0.995])
def test_the_degrees_of_freedom_fit_the_limit_of_overlapping_batches(level: float) -> None:
    """|W(1)| / sqrt(V) for Brownian motion W, simulated: V is the mean square of W over a batch."""
    rng, steps = np.random.default_rng(4), 400
    walk = np.cumsum(rng.standard_normal((20_000, steps)), axis=1) / np.sqrt(steps)
    walk = np.concatenate((np.zeros((len(walk), 1)), walk), axis=1)
    batch = 1.0 / BATCHES
    moved = walk[:, steps // BATCHES :] - walk[:, : -steps // BATCHES] - batch * walk[:, -1:]
    ratio = np.abs(walk[:, -1]) / np.sqrt((moved**2).mean(axis=1) / (batch * (1 - batch)))
    assert np.quantile(ratio, 2 * level - 1) == pytest.approx(stats.t.ppf(level, DEGREES), rel=0.03)
