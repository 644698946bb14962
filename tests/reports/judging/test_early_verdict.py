"""A run that was ended early is told as what ended it: report and look never contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reports.data.checkpoints import compute_checkpoints_s
from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.judging.interim import analyse_interim
from reports.judging.verdict import Verdict, judge_run, list_objectives

MakeRun = Callable[..., Run]
LIMIT = "p99 latency <= 100 ms"
STEADY = Stage("steady", 0.0, 100.0)
SETTLED_S = 5.0
"""How long the load goes on after the requests that decide a run: until all of them are answered."""


def planned(make_run: MakeRun, latency_ms: object, *objectives: str) -> Run:
    """Ten requests a second for 100 s, of a run that may end early."""
    facts = {
        "stages": (STEADY,),
        "plan": Plan(t_s=(0.0,), rate=(10.0,)),
        "planned_s": 100.0,
        "ended_s": 100.0,
        "early_end": True,
        "objectives": objectives or (LIMIT,),
    }
    return make_run(1_000, facts=facts, latency_ms=latency_ms)


def end_early(run: Run) -> tuple[str, Verdict] | None:
    """The state of the first objective at the look that ends a run, and its verdict; None if none does."""
    for until_s in compute_checkpoints_s(run.facts)[:-1]:
        analysis = analyse_interim(run, list_objectives(run), until_s)
        if analysis.decided:
            cut = run.cut_at(min(100.0, until_s + SETTLED_S))
            return analysis.states[0][1], judge_run(replace(cut, facts=replace(cut.facts, decided_s=until_s)))
    return None


@pytest.mark.parametrize("share", [0.0, 0.003, 0.02, 0.03])
def test_what_ends_a_run_is_what_the_report_says(make_run: MakeRun, share: float) -> None:
    """Outcome, exit code and interval, in 4 runs whose requests exceed the limit at random."""
    ended = 0
    for seed in range(4):
        over = np.random.default_rng(seed).random(1_000) < share
        found = end_early(planned(make_run, np.where(over, 200.0, 10.0).tolist()))
        if found is None:
            continue
        ended += 1
        state, verdict = found
        judged = verdict.objectives[0]
        assert (state, judged.outcome) in {("proven", "met"), ("broken", "missed")}
        assert (verdict.verdict, verdict.exit_code) == (("pass", 0) if state == "proven" else ("fail", 1))
        assert judged.decided_s is not None
        assert "ended early" in " ".join(verdict.reasons) or state == "broken"
        assert judged.confidence == 0.95
        if state == "proven" and judged.interval is not None:
            assert judged.interval[1] <= 100.0
    assert ended


def test_a_limit_that_was_broken_then_is_not_mended_by_what_came_later(make_run: MakeRun) -> None:
    """Requests are sent until the run has stopped; those that decided it count."""
    slow = [200.0 if i % 50 == 0 and i < 300 else 10.0 for i in range(1_000)]
    run = planned(make_run, slow)
    decided = replace(run.cut_at(90.0), facts=replace(run.facts, ended_s=90.0, decided_s=30.0))
    verdict = judge_run(decided)
    assert verdict.sentence.startswith(
        "Failed: p99 latency was 200 ms, limit 100 ms, in the first 30 s, which decided the run"
    )
    assert (verdict.exit_code, verdict.objectives[0].samples) == (1, 300)


def test_a_limit_that_was_proven_then_is_missed_if_what_came_later_breaks_it(make_run: MakeRun) -> None:
    """What was observed in the whole run is never better than it was."""
    late = [10.0] * 500 + [200.0] * 500
    run = planned(make_run, late)
    assert end_early(run) is not None
    decided = replace(run.cut_at(60.0), facts=replace(run.facts, ended_s=60.0, decided_s=45.0))
    assert judge_run(decided).objectives[0].outcome == "missed"


def test_what_measured_nothing_is_not_told_as_decided(make_run: MakeRun) -> None:
    run = planned(make_run, 10.0, LIMIT, "error rate <= 1 % on nothing")
    decided = replace(run.cut_at(60.0), facts=replace(run.facts, ended_s=60.0, decided_s=60.0))
    found = judge_run(decided).objectives
    assert [judged.decided_s for judged in found] == [60.0, None]


@pytest.mark.parametrize(
    ("stopped", "why"),
    [({"interrupted": "SIGINT", "ended_s": 60.0}, "SIGINT"), ({"ended_s": None}, "it was killed")],
)
def test_a_run_that_was_stopped_while_it_ended_early_is_told_as_stopped(
    make_run: MakeRun, stopped: dict[str, object], why: str
) -> None:
    cut = planned(make_run, 10.0).cut_at(60.0)
    verdict = judge_run(replace(cut, facts=replace(cut.facts, decided_s=50.0, **stopped)))
    assert verdict.verdict == "invalid"
    assert f"({why}" in verdict.sentence


def test_a_limit_without_proof_at_the_look_says_how_many_more_samples_prove_it(make_run: MakeRun) -> None:
    """As a stage by itself may, which is a part of what decided the run."""
    run = planned(make_run, 10.0)
    decided = replace(run.cut_at(40.0), facts=replace(run.facts, ended_s=40.0, decided_s=40.0))
    judged = judge_run(decided).objectives[0]
    assert (judged.outcome, judged.needed) == ("unproven", 44)


def test_a_share_keeps_its_interval_at_any_moment(make_run: MakeRun) -> None:
    """Three of 400 failed: wider than the interval of a single look, 0.15 to 2.2 %."""
    run = planned(make_run, 10.0, "error rate <= 5 %")
    codes = run.samples.outcome.codes.copy()
    names = (*run.samples.outcome.names, "timeout")
    codes[[50, 170, 300]] = len(names) - 1
    samples = replace(run.samples, outcome=replace(run.samples.outcome, codes=codes, names=names))
    failing = replace(run, samples=samples, facts=replace(run.facts, decided_s=40.0)).cut_at(40.0)
    low, high = judge_run(failing).objectives[0].interval or (np.nan, np.nan)
    assert 0.0 < low < 0.15
    assert 2.2 < high < 4.0
