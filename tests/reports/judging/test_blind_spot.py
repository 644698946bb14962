"""The blind spot: what a run can't exclude follows from its length, and simulated stalls bear it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Stage
from reports.data.run import Run
from reports.judging.blind_spot import find_blind_spot
from reports.judging.verdict import judge_run
from reports.objectives.parsing import parse_objectives

MakeRun = Callable[..., Run]


def open_run(make_run: MakeRun, seconds: int, *objectives: str, **facts: Any) -> Run:
    told = {"model": "open", "objectives": objectives, "stages": (Stage("steady", 0.0, seconds),), **facts}
    return make_run(seconds * 10, facts={"planned_s": float(seconds), "ended_s": float(seconds), **told})


def test_a_minute_does_not_show_what_comes_every_twenty_seconds(make_run: MakeRun) -> None:
    """Rule of three: 60 s / 3. Of a stall of 0.3 s, 0.2 s are over the limit: 1 % of 20 s."""
    run = open_run(make_run, 60, "p99 latency <= 100 ms")
    found = find_blind_spot(run, parse_objectives(run.facts.objectives))
    assert found is not None
    assert found.gap_s == pytest.approx(60 / 2.9957, abs=0.001)
    assert found.stall is not None
    assert found.stall.length_s == pytest.approx(0.3003, abs=0.001)
    assert found.sentence == (
        "Blind spot: stalls that come less often than every 20 s may not have shown in 1 min (95 %); every "
        "20 s, one of 0.3 s would break 'p99 latency <= 100 ms'; 10 min would show those every 3 min 20 s."
    )
    assert judge_run(run).blind_spot == found


def test_the_objective_that_the_shortest_stall_breaks_is_named(make_run: MakeRun) -> None:
    run = open_run(make_run, 60, "p50 latency <= 20 ms", "p99 latency <= 100 ms", "p99.9 latency <= 150 ms")
    found = find_blind_spot(run, parse_objectives(run.facts.objectives))
    assert found is not None
    assert found.stall is not None
    assert found.stall.objective == "p99.9 latency <= 150 ms"


def test_requests_over_the_limit_leave_less_for_a_stall(make_run: MakeRun) -> None:
    """Half of the permitted share is used up: the stall may last half as long over the limit."""
    latency_ms = np.where(np.arange(600) % 200 == 0, 500.0, 10.0)
    run = make_run(600, latency_ms=latency_ms, facts={"model": "open"})
    found = find_blind_spot(run, parse_objectives(["p99 latency <= 100 ms"]))
    assert found is not None
    assert found.stall is not None
    assert found.stall.length_s == pytest.approx(0.1 + found.gap_s * 0.005)


@pytest.mark.parametrize(
    ("model", "objective"),
    [("closed", "p99 latency <= 100 ms"), ("open", "error rate <= 1 %"), ("open", "p99 latency <= 5 ms")],
)
def test_no_length_is_told_where_it_would_mean_nothing(make_run: MakeRun, model: str, objective: str) -> None:
    """In the closed model each user has one slow request a stall; a limit that was missed can't be broken."""
    run = make_run(600, facts={"model": model})
    found = find_blind_spot(run, parse_objectives([objective]))
    assert found is not None
    assert found.stall is None
    assert found.sentence == (
        "Blind spot: stalls that come less often than every 20 s may not have shown in 1 min (95 %); 10 min "
        "would show those every 3 min 20 s."
    )


def test_only_a_run_that_passed_has_a_blind_spot(make_run: MakeRun) -> None:
    assert judge_run(make_run(600)).blind_spot is not None
    assert judge_run(make_run(600, latency_ms=500.0)).blind_spot is None
    assert judge_run(make_run(600, facts={"faults": ("a worker was lost",)})).blind_spot is None
    assert find_blind_spot(make_run(0), []) is None


def test_a_stall_of_the_stated_length_breaks_the_objective_and_hides_in_one_run_of_twenty(
    make_run: MakeRun,
) -> None:
    """Simulated: Poisson stalls as often and as long as stated; all who arrive in one wait until its end."""
    run = open_run(make_run, 60, "p99 latency <= 100 ms")
    found = find_blind_spot(run, parse_objectives(run.facts.objectives))
    assert found is not None
    assert found.stall is not None
    rng, length_s = np.random.default_rng(5), found.stall.length_s
    hidden, over = 0, []
    for _ in range(4_000):
        begin_s = np.sort(rng.uniform(-length_s, 60.0, rng.poisson((60.0 + length_s) / found.gap_s)))
        hidden += not np.any(begin_s > 0)
        arrival_s = rng.uniform(0.0, 60.0, 200)
        last = np.searchsorted(begin_s, arrival_s) - 1
        wait_s = np.append(begin_s, -np.inf)[last] + length_s - arrival_s
        over.append(np.mean((last >= 0) & (wait_s > 0.1)))
    assert hidden / 4_000 == pytest.approx(0.05, abs=0.012)
    assert np.mean(over) == pytest.approx(0.01, rel=0.1)


def test_unseen_stalls_are_limited_by_the_length_of_the_run(make_run: MakeRun) -> None:
    """Three in the judged time: half an hour for 6 an hour."""
    for seconds, outcome in ((1_790, "missed"), (1_800, "met")):
        run = open_run(make_run, seconds, "unseen stalls <= 6 per h")
        assert judge_run(run).objectives[0].outcome == outcome
    short = judge_run(open_run(make_run, 60, "unseen stalls <= 6 per h")).objectives[0]
    assert short.message == "unseen stalls were 180 per h, limit 6 per h."
    stages = (Stage("first", 0.0, 900.0), Stage("second", 900.0, 1_800.0))
    staged = judge_run(open_run(make_run, 1_800, "unseen stalls <= 6 per h", stages=stages))
    assert (staged.objectives[0].outcome, [stage.missed for stage in staged.stages]) == ("met", [(), ()])
    cut = open_run(make_run, 60, "unseen stalls <= 6 per h", interrupted="SIGINT", planned_s=7_200.0)
    assert judge_run(cut).objectives[0].outcome == "unproven"
