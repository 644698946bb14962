"""Time in which users waited and nobody was answered is not left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Stage
from reports.judging.omission import find_omission
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Any]


def users(
    make_run: MakeRun,
    latency_s: float,
    stall: tuple[float, float] | None = None,
    count: int = 4,
    telemetry: Any = None,
    **facts: Any,
) -> Any:
    """`count` users that never pause, for 20 s, each reply after `latency_s`, or at the end of the stall."""
    rows = []
    for user in range(count):
        now = user * latency_s / count
        while now < 20.0:
            until = now + latency_s
            if stall is not None and stall[0] < until < stall[1]:
                until = stall[1]
            rows.append((now, (until - now) * 1000.0))
            now = until
    intended_s, latency_ms = np.array(sorted(rows)).T
    facts = {"planned_s": 20.0, "ended_s": 20.0, **facts}
    return make_run(len(rows), facts=facts, telemetry=telemetry, intended_s=intended_s, latency_ms=latency_ms)


def test_a_stall_among_thousands_of_fast_replies_makes_percentiles_unknown(make_run: MakeRun) -> None:
    run = users(make_run, 0.01, stall=(10.0, 14.0))
    assert np.quantile(run.samples.latency_ms, 0.99) < 11, "what the closed model sees"
    verdict = judge_run(run)
    assert verdict.verdict == "invalid"
    assert verdict.sentence == ("Invalid: nobody was answered for 4 s of 20 s, while users waited.")


def test_a_tenth_of_the_time_is_tolerated(make_run: MakeRun) -> None:
    assert find_omission(users(make_run, 0.01, stall=(10.0, 11.9)), ()) is None
    assert find_omission(users(make_run, 0.01, stall=(10.0, 12.1)), ()) is not None


@pytest.mark.parametrize("count", [1, 8])
def test_a_slow_service_is_slow_and_does_not_stall(make_run: MakeRun, count: int) -> None:
    """Two seconds between replies are a stall for a service of milliseconds, not for one of seconds."""
    assert find_omission(users(make_run, 2.5, count=count), ()) is None


def test_a_service_that_is_often_slow_does_not_stall(make_run: MakeRun) -> None:
    """Nine short replies and a long one, again and again: percentiles tell of both."""
    latency_s = np.tile([0.01] * 9 + [3.0], 7)
    begun_s = np.cumsum(latency_s) - latency_s
    run = make_run(70, facts={"planned_s": 22.0}, intended_s=begun_s, latency_ms=latency_s * 1000.0)
    assert find_omission(run, ()) is None


def test_time_in_which_the_generator_was_kept_from_running_is_not_the_services(make_run: MakeRun) -> None:
    """Its own limits tolerate so much, or make the run invalid themselves."""
    telemetry = {("generator", "loop_lag_ms"): [(t + 1.0, 1.0) for t in range(10)] + [(13.0, 2_500.0)]}
    assert find_omission(users(make_run, 0.01, stall=(10.2, 12.8), telemetry=telemetry), ()) is None


def test_users_whose_requests_never_end_leave_no_samples(make_run: MakeRun) -> None:
    """So it is with a client that has no timeout: its hung requests are broken off in the end, unrecorded."""
    running = {("generator", "users"): [(t / 2, 5.0) for t in range(120)]}
    facts = {"planned_s": 60.0, "ended_s": 60.0, "stages": (Stage("steady", 0.0, 60.0),)}
    verdict = judge_run(make_run(50, facts=facts, telemetry=running))
    assert verdict.verdict == "invalid"
    assert verdict.sentence == "Invalid: no request was made for 55 s of 1 min, though users ran."
    assert judge_run(make_run(50, facts=facts)).verdict == "pass", "where nobody ran, nobody was missed"


def test_an_open_load_needs_no_such_look(make_run: MakeRun) -> None:
    assert find_omission(users(make_run, 0.01, stall=(5.0, 15.0), model="open"), ()) is None


def test_a_miss_is_told_rather_than_what_is_unknown(make_run: MakeRun) -> None:
    run = users(make_run, 0.01, stall=(10.0, 14.0), objectives=("max latency <= 1 s",))
    assert judge_run(run).verdict == "fail"


@pytest.mark.parametrize(
    ("objective", "verdict"),
    [
        ("max latency <= 5 s", "pass"),
        ("throughput >= 100 requests/s", "pass"),
        ("max latency <= 5 s during steady", "invalid"),
        ("p99 latency <= 5 s", "invalid"),
    ],
)
def test_an_objective_that_sees_the_silence_has_judged_it(
    make_run: MakeRun, objective: str, verdict: str
) -> None:
    assert judge_run(users(make_run, 0.01, stall=(10.0, 14.0), objectives=(objective,))).verdict == verdict


def test_nothing_recorded_is_no_stall(make_run: MakeRun) -> None:
    assert find_omission(make_run(0), ()) is None
