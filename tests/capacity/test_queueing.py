"""M/M/c: known answers of textbooks, and what must hold for each queue."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.queueing import MultiServerQueue

queues = st.builds(MultiServerQueue, st.integers(1, 60), st.floats(0.001, 10))
shares = st.floats(0.01, 0.99)


def test_a_single_server() -> None:
    """M/M/1: P(wait) = ρ, W = ρ/(μ - λ), and the time in the system is exponential with rate μ - λ."""
    queue = MultiServerQueue(1, 0.1)
    assert queue.compute_waiting_probability(8) == pytest.approx(0.8)
    assert queue.compute_mean_wait_s(8) == pytest.approx(0.4)
    assert queue.compute_percentile_s(8, 0.99) == pytest.approx(math.log(100) / 2)


@pytest.mark.parametrize(
    ("servers", "load", "waits"), [(2, 1.0, 1 / 3), (5, 4.0, 0.5541), (10, 8.0, 0.4092), (3, 2.0, 4 / 9)]
)
def test_erlang_c_as_in_tables(servers: int, load: float, waits: float) -> None:
    assert MultiServerQueue(servers, 1.0).compute_waiting_probability(load) == pytest.approx(waits, abs=1e-4)


def test_nothing_holds_at_saturation() -> None:
    queue = MultiServerQueue(4, 0.01)
    assert queue.saturation_per_s == pytest.approx(400)
    assert queue.compute_waiting_probability(400) == 1
    assert queue.compute_mean_wait_s(400) == math.inf
    assert queue.compute_percentile_s(401, 0.5) == math.inf


@given(queues, shares, shares)
def test_the_percentile_is_the_inverse_of_the_tail(queue: MultiServerQueue, load: float, q: float) -> None:
    rate = load * queue.saturation_per_s
    t_s = queue.compute_percentile_s(rate, q)
    assert queue.compute_tail(rate, t_s) == pytest.approx(1 - q, rel=1e-6)


@given(queues, shares, st.floats(1.5, 50))
def test_the_capacity_is_where_the_percentile_meets_the_limit(
    queue: MultiServerQueue, q: float, factor: float
) -> None:
    limit_s = factor * queue.compute_percentile_s(0.0, q)
    capacity = queue.find_capacity_per_s(q, limit_s)
    assert 0 < capacity < queue.saturation_per_s
    assert queue.compute_percentile_s(capacity, q) <= limit_s * (1 + 1e-9)
    assert queue.compute_percentile_s(capacity * 1.01, q) > limit_s * (1 - 1e-9)


def test_no_rate_meets_a_limit_below_the_service_time() -> None:
    assert MultiServerQueue(4, 1.0).find_capacity_per_s(0.99, 0.5) == 0


@pytest.mark.parametrize("wrong", [(0, 1.0), (1, 0.0)])
def test_no_queue_without_servers_or_service(wrong: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        MultiServerQueue(*wrong)
