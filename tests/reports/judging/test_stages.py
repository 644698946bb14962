"""Each stage says for itself how the objectives stand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.data.facts import Stage
from reports.data.run import Run
from reports.judging.stages import is_asked_of
from reports.judging.verdict import judge_run
from reports.objectives.parsing import parse_objective
from reports.rendering.stages import describe_outcome

MakeRun = Callable[..., Run]

STAGES = (
    Stage("warm-up", 0.0, 10.0, judged=False),
    Stage("low", 10.0, 50.0),
    Stage("high", 50.0, 90.0),
    Stage("after", 90.0, 100.0),
)


def staged(make_run: MakeRun, *objectives: str, **facts: Any) -> Run:
    """A run that is slow in its stage `high` and too short in `after` to prove anything there."""
    names = ["warm-up"] * 100 + ["low"] * 400 + ["high"] * 400 + ["after"] * 100
    latency_ms = [300.0 if name in ("warm-up", "high") else 10.0 for name in names]
    known = {"stages": STAGES, "objectives": objectives, **facts}
    return make_run(1000, stage=names, latency_ms=latency_ms, facts=known)


def outcomes(run: Run) -> list[str]:
    return [describe_outcome(judged) for judged in judge_run(run).stages]


def test_a_stage_is_judged_by_the_requests_that_were_meant_to_start_in_it(make_run: MakeRun) -> None:
    run = staged(make_run, "p99 latency <= 100 ms", "error rate <= 0 %")
    assert outcomes(run) == ["not judged", "kept", "missed: p99 latency", "kept"]
    high = judge_run(run).stages[2].objectives[0]
    assert (high.text, high.observed, high.samples) == ("p99 latency <= 100 ms", 300.0, 400)
    assert high.message == "p99 latency was 300 ms, limit 100 ms."


def test_the_verdict_is_on_the_run_as_a_whole(make_run: MakeRun) -> None:
    """A limit on the median over all is kept though one stage, for itself, is above it."""
    run = staged(make_run, "p50 latency <= 100 ms")
    assert judge_run(run).verdict == "pass"
    assert outcomes(run)[2] == "missed: p50 latency"


def test_what_was_proven_of_the_whole_need_not_be_of_each_stage(make_run: MakeRun) -> None:
    run = staged(make_run, "error rate <= 0.5 %")
    assert judge_run(run).objectives[0].outcome == "met"
    assert [judged.outcome for judged in judge_run(run).stages[1:]] == ["unproven"] * 3
    assert outcomes(run) == ["not judged", "kept", "kept", "kept"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("p99 latency <= 100 ms", True),
        ("p99 latency <= 100 ms on batch", True),
        ("error rate < 1 %", True),
        ("status 503 <= 0", True),
        ("availability >= 99 %", True),
        ("p99 latency <= 100 ms during low", True),
        ("throughput >= 5 requests/s during low", True),
        ("p99 latency <= 100 ms in any 40 s", True),
        ("p99 latency <= 100 ms during high", False),
        ("throughput >= 5 requests/s", False),
        ("peak throughput >= 5 rows/s", False),
        ("goodput >= 90 %", False),
        ("p99 drift <= 5 %/h", False),
        ("p99 drift <= 5 %/h during low", True),
        ("service memory growth <= 1 MiB/h", False),
        ("generator memory growth <= 1 MiB/h", False),
        ("status 200 >= 100", False),
        ("offered load >= 95 %", False),
        ("p99 latency <= 100 ms in any 41 s", False),
    ],
)
def test_amounts_of_the_whole_run_are_asked_of_no_stage(text: str, asked: bool) -> None:
    """Nor is what is said about another stage, nor in windows longer than the stage."""
    assert is_asked_of(parse_objective(text), STAGES[1]) is asked


def test_a_stage_of_which_nothing_is_asked_is_not_judged(make_run: MakeRun) -> None:
    run = staged(make_run, "p99 latency <= 100 ms during low")
    assert outcomes(run) == ["not judged", "kept", "not judged", "not judged"]


def test_a_stage_that_the_run_never_came_to_is_not_missed(make_run: MakeRun) -> None:
    facts = {"stages": (Stage("steady", 0.0, 10.0), Stage("late", 10.0, 20.0)), "planned_s": 20.0}
    run = make_run(100, facts={**facts, "ended_s": 10.0, "interrupted": "SIGINT"})
    assert outcomes(run) == ["kept", "not begun"]
