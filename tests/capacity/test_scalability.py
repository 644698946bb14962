"""The Universal Scalability Law: parameters are found again, none is negative, intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.scalability import fit_scalability

pytestmark = pytest.mark.extended

N = np.array([1.0, 2, 4, 8, 16, 32, 64])


def law(single: float, contention: float, coherency: float) -> np.ndarray:
    return single * N / (1 + contention * (N - 1) + coherency * N * (N - 1))


@settings(max_examples=10, deadline=None)
@given(st.floats(1, 1e5), st.floats(0, 0.5), st.floats(0, 0.05))
def test_exact_measurements_give_the_parameters_again(
    single: float, contention: float, coherency: float
) -> None:
    found = fit_scalability(N.tolist(), law(single, contention, coherency).tolist())
    assert found.single_per_s == pytest.approx(single, rel=1e-6)
    assert found.contention == pytest.approx(contention, abs=1e-6)
    assert found.coherency == pytest.approx(coherency, abs=1e-6)
    assert max(map(abs, found.residuals)) < 1e-6


def test_the_example_of_the_literature() -> None:
    """Gunther's ray-tracing benchmark: σ about 5 %, κ near zero."""
    processors = [1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64]
    rays = [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310]
    found = fit_scalability(processors, rays)
    assert found.contention == pytest.approx(0.05, abs=0.015)
    assert found.coherency < 1e-4


def test_the_peak_is_where_throughput_is_highest() -> None:
    found = fit_scalability(N.tolist(), law(100, 0.02, 0.001).tolist())
    assert found.peak_concurrency == pytest.approx(np.sqrt(0.98 / 0.001), rel=1e-3)
    peak, beside = found.compute_throughput([31.3, 40.0])
    assert peak > beside
    assert fit_scalability(N.tolist(), law(100, 0.02, 0).tolist()).peak_concurrency is None


def test_no_parameter_is_negative_whatever_is_measured() -> None:
    """Throughput that grows faster than concurrency fits no such law; the nearest one is a straight line."""
    found = fit_scalability(N.tolist(), (N**1.2).tolist())
    assert (found.contention, found.coherency) == (0, 0)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random, hits = np.random.default_rng(5), 0
    for seed in range(20):
        measured = law(500, 0.05, 0.002) * (1 + 0.02 * random.standard_normal(len(N)))
        low, high = fit_scalability(N.tolist(), measured.tolist(), seed=seed).intervals[0]
        hits += low <= 500 <= high
    assert hits >= 15


@pytest.mark.parametrize(
    ("n", "x", "why"),
    [
        ([1, 2, 4], [1, 2, 3], "3 concurrencies"),
        ([1, 2, 4, 0], [1, 2, 3, 4], "one or more"),
        ([1, 2, 4, 8], [1, 2, 3, 0], "above zero"),
    ],
)
def test_too_little_is_refused(n: list[float], x: list[float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fit_scalability(n, x)
