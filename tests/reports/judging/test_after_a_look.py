"""What a look decided is what the report says, whatever came after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.judging.anytime import compute_share_interval_by_now, prove_by_now
from reports.judging.interim import analyse_interim
from reports.judging.verdict import judge_run, list_objectives
from tests.reports.conftest import build_run

STEADY = {
    "stages": (Stage("steady", 0.0, 1000.0),),
    "plan": Plan(t_s=(0.0,), rate=(10.0,)),
    "planned_s": 1000.0,
    "ended_s": None,
    "early_end": True,
    "model": "open",
    "capacity_per_s": 10.0,
}


def make_run(objectives: tuple[str, ...], failed: int, answered: int) -> Run:
    """Ten requests a second: first those that fail, then those that are answered in 5 ms."""
    return build_run(
        failed + answered,
        facts={**STEADY, "objectives": objectives},
        outcome=["connection_error"] * failed + ["ok"] * answered,
        latency_ms=[float("nan")] * failed + [5.0] * answered,
        status=0,
    )


def end_at(run: Run, decided_s: float, ended_s: float) -> Run:
    return replace(run, facts=replace(run.facts, decided_s=decided_s, ended_s=ended_s))


@pytest.mark.parametrize("answered", [0, 100])
@pytest.mark.parametrize(
    "objectives",
    [
        ("throughput >= 1 requests/s",),
        ("throughput >= 1 rows/s", "max latency <= 1 s"),
        ("goodput >= 50 %",),
        ("p99 latency <= 100 ms",),
        ("p95 latency <= 100 ms", "error rate <= 1 %"),
    ],
)
def test_a_dead_service_fails_although_the_run_ended_early(
    objectives: tuple[str, ...], answered: int
) -> None:
    run = make_run(objectives, 2_000, answered)
    assert "broken" in [state for _, state in analyse_interim(run, list_objectives(run), 200.0).states]
    verdict = judge_run(end_at(run, 200.0, 210.0))
    assert (verdict.verdict, verdict.exit_code) == ("fail", 1)


def test_a_stage_that_began_after_the_look_is_told_without_a_proof() -> None:
    run = make_run(("p99 latency <= 100 ms",), 0, 5_100)
    stages = (Stage("a", 0.0, 500.0), Stage("b", 500.0, 1000.0))
    run = replace(run, facts=replace(run.facts, stages=stages))
    verdict = judge_run(end_at(run, 495.0, 510.0))
    assert verdict.verdict == "pass"


@pytest.mark.parametrize("places", [[5, 1194], [600], [1, 2, 3], range(0, 1199, 400)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_few_hits_have_an_interval(places: list[int], confidence: float) -> None:
    hits = np.zeros(1199, dtype=np.bool_)
    hits[list(places)] = True
    for over in (hits, ~hits):
        interval = compute_share_interval_by_now(over, confidence)
        assert interval is not None
        assert 0.0 <= interval[0] <= over.mean() <= interval[1] <= 1.0


def test_a_share_at_its_limit_needs_no_number_of_samples() -> None:
    over = np.zeros(100, dtype=np.bool_)
    over[::15] = True
    assert over.sum() == 7
    assert prove_by_now(over, 0.07, 0.95).needed is None
