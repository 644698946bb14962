"""The schedule of the open model: each arrival once, in order, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
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


@pytest.fixture
def replay(tmp_path: Path) -> Scenario:
    """Four recorded arrivals, after a warm-up of two seconds."""
    (tmp_path / "at.csv").write_text("at\n10\n11\n11.5\n14\n")
    path = tmp_path / "replay.yaml"
    path.write_text(
        "description: Recorded.\n"
        "load: {replay: {file: at.csv, time: at}, warm_up: [{constant: 5/s, for: 2s}]}\n"
        "objectives: [p99 latency <= 1 s during replay]\n"
    )
    return load_scenario(str(path))


def test_recorded_arrivals_are_due_when_they_came_after_the_warm_up(replay: Scenario) -> None:
    due = walk(ArrivalSchedule(replay, 100.0))
    assert due[-4:] == [102.0, 103.0, 103.5, 106.0]
    assert all(100.0 <= each < 102.0 for each in due[:-4])
    assert replay.make_plan().requests == 4
    assert count_arrivals(replay, 1, replay.judged_from_s, 4.0) == 3


@given(workers=st.integers(1, 6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_recorded_arrival_is_one_workers(replay: Scenario, workers: int) -> None:
    parts = [walk(ArrivalSchedule(replay, 0.0, worker, workers)) for worker in range(workers)]
    assert sorted(each for part in parts for each in part if each >= 2.0) == [2.0, 3.0, 3.5, 6.0]
