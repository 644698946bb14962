"""Replicas for a peak: enough, no more than needed, and nothing derived from what wasn't observed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.planning import PlanWishes, ReplicaFacts, plan_replicas
from capacity.queueing import MultiServerQueue

MEASURED = ReplicaFacts(400, cpu_s_per_request=0.002, idle_cores=0.05, memory_bytes=200 * 2**20)


def test_an_example() -> None:
    """2,000/s at 320/s each (400 less a fifth) are seven, and one to spare."""
    plan = plan_replicas(MEASURED, PlanWishes(2000))
    assert (plan.needed, plan.replicas) == (7, 8)
    assert plan.load_per_s == 250
    assert plan.cpu_request_cores == pytest.approx(1.02)  # (0.05 + 0.8) and a fifth
    assert plan.target_percent == 67  # (0.05 + 0.64) of 1.02
    assert plan.memory_request_bytes == 250 * 2**20


@given(st.floats(1, 1e5), st.floats(1, 1e4), st.floats(0, 0.9), st.floats(0.1, 1), st.integers(0, 5))
def test_the_peak_fits_and_one_fewer_would_not_do(
    peak: float, capacity: float, headroom: float, efficiency: float, spare: int
) -> None:
    plan = plan_replicas(ReplicaFacts(capacity), PlanWishes(peak, spare, headroom, efficiency))
    each = capacity * efficiency * (1 - headroom)
    assert plan.needed * each >= peak * (1 - 1e-6)
    assert plan.needed == 1 or (plan.needed - 1) * each < peak
    assert plan.replicas == plan.needed + spare


@given(st.floats(1, 1e4), st.floats(1e-5, 1), st.floats(0, 0.8))
def test_the_target_leaves_the_headroom(capacity: float, cost: float, headroom: float) -> None:
    """At the target a replica gets no more than it carries with its headroom."""
    plan = plan_replicas(ReplicaFacts(capacity, cost), PlanWishes(100, headroom=headroom))
    assert plan.cpu_request_cores is not None
    assert plan.target_percent is not None
    at_target = plan.target_percent / 100 * plan.cpu_request_cores / cost
    assert at_target <= capacity * (1 - headroom) * 1.001 or plan.target_percent == 1


def test_nothing_is_derived_from_what_was_not_observed() -> None:
    plan = plan_replicas(ReplicaFacts(400), PlanWishes(2000, price_per_core=30))
    assert plan.cpu_request_cores is plan.target_percent is plan.cost is None
    assert any("was not observed" in each for each in plan.assumptions)


def test_a_cost_needs_prices() -> None:
    assert plan_replicas(MEASURED, PlanWishes(2000)).cost is None
    priced = plan_replicas(MEASURED, PlanWishes(2000, price_per_core=30, price_per_gib=4))
    assert priced.cost == pytest.approx(8 * (1.02 * 30 + 250 / 1024 * 4))


@pytest.mark.parametrize("wrong", [{"peak_per_s": 0}, {"spare": -1}, {"headroom": 1}, {"efficiency": 0}])
def test_wishes_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        PlanWishes(**({"peak_per_s": 1} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("servers", range(1, 17))
def test_a_plan_carries_its_peak_by_erlang_c(servers: int) -> None:
    """Replicas that sleep, c at a time, each with its part of random arrivals: the limit holds at the peak.

    It still holds while one is missing, and would not with a tenth fewer.
    """
    queue = MultiServerQueue(servers, 0.02)
    limit_s = 0.15
    capacity = queue.find_capacity_per_s(0.99, limit_s)
    peak = 50 * capacity
    plan = plan_replicas(ReplicaFacts(capacity), PlanWishes(peak, headroom=0.05))
    assert queue.compute_percentile_s(plan.load_per_s, 0.99) <= limit_s
    assert queue.compute_percentile_s(plan.load_missing_per_s, 0.99) <= limit_s
    assert queue.compute_percentile_s(peak / (plan.needed * 0.9), 0.99) > limit_s
