"""The schedule of the open model: each arrival once, in order, whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.load import Load
from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.traffic.schedule import ArrivalSchedule, count_arrivals
from shapes.profiles import Constant


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Ten seconds at 20 requests a second."""
    made = load_scenario("steady")
    return replace(made, load=Load("open", Constant(20.0, 10.0)))


def walk(schedule: ArrivalSchedule) -> list[float]:
    """All arrivals, each marked as sent."""
    times = []
    while (due := schedule.next_due()) is not None:
        times.append(due)
        schedule.mark_sent()
    return times


def test_an_arrival_is_due_until_it_is_marked(scenario: Scenario) -> None:
    """Users may be stopped and others started between two arrivals."""
    schedule = ArrivalSchedule(scenario, 100.0)
    first = schedule.next_due()
    assert first is not None
    assert schedule.next_due() == first >= 100.0
    schedule.mark_sent()
    second = schedule.next_due()
    assert second is not None
    assert second > first


@given(workers=st.integers(1, 6))
def test_the_workers_parts_are_all_arrivals(scenario: Scenario, workers: int) -> None:
    parts = [walk(ArrivalSchedule(scenario, 0.0, worker, workers)) for worker in range(workers)]
    assert all(part == sorted(part) for part in parts)
    assert sum(map(len, parts)) == count_arrivals(scenario, workers, 0.0, 10.0)


def test_who_joins_late_has_none(scenario: Scenario) -> None:
    assert walk(ArrivalSchedule(scenario, 0.0, worker=2, workers=2)) == []


def test_the_closed_model_has_none() -> None:
    assert walk(ArrivalSchedule(load_scenario("steady"), 0.0)) == []
