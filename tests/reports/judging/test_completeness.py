"""What is missing of what was recorded and observed makes a run invalid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Stage
from reports.figures.figures import compute_stage_figures
from reports.judging.completeness import find_incompleteness
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Any]
SECONDS = 20


def each_second(first: int = 1, last: int = SECONDS, value: float = 1.0) -> list[tuple[float, float]]:
    return [(float(second), value) for second in range(first, last + 1)]


def observed(make_run: MakeRun, telemetry: Any, **facts: Any) -> Any:
    """Twenty seconds with that telemetry, all of which was kept."""
    rows = sum(len(series) for series in telemetry.values())
    return make_run(10 * SECONDS, facts={"observations": rows, **facts}, telemetry=telemetry)


def told(run: Any) -> list[str]:
    return [fault.what for fault in find_incompleteness(run)]


WHOLE = {("generator", "loop_lag_ms"): each_second(), ("service", "probed"): each_second(0, SECONDS - 1)}


def test_who_was_observed_every_second_is_known(make_run: MakeRun) -> None:
    assert told(observed(make_run, WHOLE)) == []


def test_runs_of_old_say_nothing_of_their_observations(make_run: MakeRun) -> None:
    assert told(make_run(100)) == []


def test_a_probe_that_died_leaves_no_health(make_run: MakeRun) -> None:
    telemetry = {**WHOLE, ("service", "probed"): each_second(0, 4), ("service", "readiness"): [(0.0, 1.0)]}
    run = observed(make_run, telemetry, objectives=("availability >= 90 %",))
    assert told(run) == ["the service was not observed for 14 s, so its health is not known"]
    assert judge_run(run).verdict == "invalid"


@pytest.mark.parametrize(("last", "faults"), [(16, 0), (15, 0), (14, 1)])
def test_three_seconds_and_a_slow_answer_are_tolerated(make_run: MakeRun, last: int, faults: int) -> None:
    """An answer takes up to two periods to come; what is missing beyond that counts."""
    telemetry = {**WHOLE, ("service", "probed"): each_second(0, last)}
    assert len(told(observed(make_run, telemetry))) == faults


def test_a_monitor_that_died_is_missed(make_run: MakeRun) -> None:
    telemetry = {**WHOLE, ("generator", "loop_lag_ms"): each_second(1, 8)}
    assert told(observed(make_run, telemetry)) == ["the generator was not observed for 10 s"]


def test_who_stood_still_says_so_itself(make_run: MakeRun) -> None:
    """What that means is for the limit on the lag to say, which a scenario may loosen."""
    lag = [*each_second(1, 5), (15.0, 9_000.0), *each_second(16, SECONDS)]
    probed = [*each_second(0, 5), *each_second(15, SECONDS - 1)]
    telemetry = {("generator", "loop_lag_ms"): lag, ("service", "probed"): probed}
    assert told(observed(make_run, telemetry)) == []


def test_every_worker_tells_of_itself(make_run: MakeRun) -> None:
    telemetry = {("worker 1", "loop_lag_ms"): each_second(), ("service", "probed"): each_second()}
    run = observed(make_run, telemetry, workers=2)
    assert told(run) == ["1 of 2 generator processes reported nothing about their health"]


def test_a_master_that_calibrated_does_not_stand_for_its_workers(make_run: MakeRun) -> None:
    telemetry = {("generator", "loop_lag_ms"): each_second(), ("service", "probed"): each_second()}
    assert told(observed(make_run, telemetry, workers=2)) == [
        "2 of 2 generator processes reported nothing about their health"
    ]


def test_a_worker_that_joined_late_is_not_missed_and_hides_nobody(make_run: MakeRun) -> None:
    telemetry = {
        ("worker 1", "loop_lag_ms"): each_second(),
        ("worker 2", "loop_lag_ms"): each_second(12, 14),
        ("service", "probed"): each_second(),
    }
    assert told(observed(make_run, telemetry)) == []
    assert told(
        observed(make_run, {**telemetry, ("worker 3", "loop_lag_ms"): each_second(9)}, workers=2)
    ) == ["the worker 2 was not observed for 14 s"]


def test_workers_are_told_of_a_run_once_its_capacity_was_found(make_run: MakeRun) -> None:
    """Until then their master generates the load, and is observed as long."""
    telemetry = {
        ("generator", "loop_lag_ms"): each_second(1, 9),
        ("worker 1", "loop_lag_ms"): each_second(11),
        ("service", "probed"): each_second(),
    }
    assert told(observed(make_run, telemetry, stages=stages(10.0))) == []


@pytest.mark.parametrize("column", ["requests", "observations"])
def test_what_was_recorded_and_can_no_longer_be_read_is_told(make_run: MakeRun, column: str) -> None:
    """Also where the file is gone altogether."""
    run = observed(make_run, {**WHOLE}, requests=10 * SECONDS)
    counted = {"requests": 10 * SECONDS + 3, "observations": 2 * SECONDS + 3}[column]
    fewer = observed(make_run, {**WHOLE}, **{"requests": 10 * SECONDS, column: counted})
    assert told(run) == []
    (fault,) = find_incompleteness(fewer)
    assert fault.what == f"{counted} {column} were recorded, 3 could not be read"
    assert fault.remedy.startswith(f"the run's {'samples' if column == 'requests' else 'telemetry'} were")


def stages(until_s: float) -> Sequence[Stage]:
    return (Stage("warm-up", 0.0, until_s, judged=False), Stage("steady", until_s, 20.0))


def test_a_judged_span_without_requests_is_a_fault(make_run: MakeRun) -> None:
    run = make_run(50, facts={"stages": stages(10.0), "planned_s": 20.0, "ended_s": 20.0}, stage="warm-up")
    assert told(run.prepare_for_judging()) == ["no request was made in the 10 s that are judged"]
    assert judge_run(run.prepare_for_judging()).verdict == "invalid"


def test_a_request_that_reaches_out_of_the_warm_up_is_judged(make_run: MakeRun) -> None:
    """Sent at 9.5 s and answered at 15 s: it belongs to the stage it met, windows and all."""
    intended_s = np.arange(200) / 10
    facts = {
        "stages": stages(10.0),
        "objectives": ("max latency <= 1 s during steady", "p99 latency <= 1 s in any 2 s"),
    }
    stage = np.where(intended_s < 10.0, "warm-up", "steady")
    latency_ms = np.where(intended_s == 9.5, 5_500.0, 10.0)
    run = make_run(
        200, facts=facts, intended_s=intended_s, stage=stage, latency_ms=latency_ms
    ).prepare_for_judging()
    assert len(run.judged) == 101
    assert [judged.outcome for judged in judge_run(run).objectives] == ["missed", "missed"]
    assert [stage.figures.requests for stage in compute_stage_figures(run)] == [99, 101]


def test_what_ended_in_the_warm_up_stays_there(make_run: MakeRun) -> None:
    intended_s = np.arange(200) / 10
    stage = np.where(intended_s < 10.0, "warm-up", "steady")
    run = make_run(200, facts={"stages": stages(10.0)}, intended_s=intended_s, stage=stage)
    assert run.prepare_for_judging() is run
