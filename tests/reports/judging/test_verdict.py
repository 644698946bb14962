"""The verdict: in which order its reasons count, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.judging.verdict import EXIT_CODES, judge_run

MakeRun = Callable[..., Run]

STAGED = ("p99 latency <= 100 ms", "error rate <= 0 %", "peak throughput >= 5 requests/s")


def said(run: Run) -> tuple[str, str]:
    verdict = judge_run(run)
    return verdict.verdict, verdict.sentence


def test_all_met_passes(make_run: MakeRun) -> None:
    run = make_run(742, facts={"objectives": STAGED, "planned_s": 270.0, "ended_s": 270.0, "stages": ()})
    assert said(run) == ("pass", "Passed: all 3 objectives met over 742 requests in 4 min 30 s.")
    assert judge_run(run).reasons == ()


@pytest.mark.parametrize(
    ("objectives", "sentence"),
    [
        ((), "Passed: 1,000 requests in 1 min 40 s, no objective was set."),
        (STAGED[:1], "Passed: the objective was met over 1,000 requests in 1 min 40 s."),
        (STAGED[:2], "Passed: both objectives were met over 1,000 requests in 1 min 40 s."),
    ],
)
def test_few_objectives_are_said_as_people_say_it(
    make_run: MakeRun, objectives: tuple[str, ...], sentence: str
) -> None:
    assert said(make_run(1000, facts={"objectives": objectives})) == ("pass", sentence)


def test_a_miss_fails_and_is_named_with_its_limit(make_run: MakeRun) -> None:
    run = make_run(742, latency_ms=212.4, facts={"objectives": STAGED})
    assert said(run) == ("fail", "Failed: p99 latency was 212 ms, limit 100 ms.")
    assert judge_run(run).reasons == ("p99 latency was 212 ms, limit 100 ms.",)


def test_further_misses_are_counted(make_run: MakeRun) -> None:
    run = make_run(
        10, latency_ms=212.0, intended_s=[float(i) for i in range(10)], facts={"objectives": STAGED}
    )
    assert said(run) == (
        "fail",
        "Failed: p99 latency was 212 ms, limit 100 ms (and 1 more of 3 objectives missed).",
    )
    assert judge_run(run).reasons[1] == "peak throughput was 1 requests/s, needed 5 requests/s."


@pytest.mark.parametrize(
    ("outcomes", "status", "why"),
    [
        (["http_4xx"] * 200, 404, "200 of 200 requests failed (HTTP 404)"),
        (["invalid_reply"] * 200, 200, "200 of 200 requests failed (invalid reply, HTTP 200)"),
        (
            ["http_4xx"] * 120 + ["timeout"] * 30 + ["ok"] * 50,
            [401] * 120 + [0] * 30 + [200] * 50,
            "150 of 200 requests failed (most often HTTP 401)",
        ),
    ],
)
def test_where_most_requests_failed_the_verdict_leads_with_why(
    make_run: MakeRun, outcomes: list[str], status: Any, why: str
) -> None:
    """Refused and useless replies are answers; that there was no latency to measure follows from them."""
    run = make_run(200, outcome=outcomes, status=status, facts={"objectives": ("error rate <= 1 %",)})
    assert said(run) == ("fail", f"Failed: {why}.")
    assert judge_run(run).reasons[0] == why


def test_what_could_not_be_measured_is_told_after_what_was(make_run: MakeRun) -> None:
    run = make_run(200, outcome="http_4xx", status=404, facts={"objectives": STAGED[:2]})
    assert said(run)[1] == "Failed: 200 of 200 requests failed (HTTP 404); 2 of 2 objectives missed."
    assert judge_run(run).reasons == (
        "200 of 200 requests failed (HTTP 404)",
        "error rate was 100 %, limit 0 %.",
        "p99 latency could not be measured: no request succeeded.",
    )


def test_failures_that_no_missed_objective_is_about_do_not_lead(make_run: MakeRun) -> None:
    facts = {"objectives": ("p99 latency <= 5 ms", "error rate <= 90 %")}
    run = make_run(200, outcome=["http_4xx"] * 150 + ["ok"] * 50, status=404, facts=facts)
    assert said(run)[1] == "Failed: p99 latency was 10 ms, limit 5 ms."
    shed = make_run(200, outcome="shed", status=503, facts={"expected": ("shed",)})
    assert said(shed)[1] == "Failed: p99 latency could not be measured: no request succeeded."


def test_met_without_enough_samples_passes_and_says_so(make_run: MakeRun) -> None:
    run = make_run(150, facts={"objectives": STAGED})
    assert said(run) == (
        "pass",
        "Passed, but not proven: all 3 objectives kept over 150 requests in 15 s.",
    )
    judgement = judge_run(run).objectives[0]
    assert (judgement.outcome, judgement.needed) == ("unproven", 149)
    assert judgement.needed_s == pytest.approx(14.9)
    assert judgement.message == (
        "p99 latency was 10 ms, limit 100 ms: met, not proven; 149 more samples (about 15 s more) would "
        "prove it at 95 %."
    )


def test_a_doubt_of_one_method_is_told(make_run: MakeRun) -> None:
    """A long queue that stays below half the limit is seen by overlapping batches alone."""
    latency_ms = np.random.default_rng(14).random(1_000)
    latency_ms[400:650] += 40.0
    run = make_run(1_000, latency_ms=latency_ms, facts={"objectives": ("p99 latency <= 100 ms",)})
    judgement = judge_run(run).objectives[0]
    assert (judgement.outcome, judgement.doubted_by) == ("unproven", "overlapping batches")
    assert judgement.message.endswith(
        "By the block bootstrap it is proven, by overlapping batches it isn't; the more cautious counts."
    )


@pytest.mark.parametrize(
    ("objectives", "sentence"),
    [
        (("p99",), "Passed, but not proven: the objective was kept over 150 requests in 15 s."),
        (("p99", "errors"), "Passed, but not proven: both objectives were kept over 150 requests in 15 s."),
        (
            ("p50", "p99"),
            "Passed: both objectives were kept over 150 requests in 15 s; p99 latency is not proven.",
        ),
        (
            ("p50", "p99", "errors"),
            "Passed: all 3 objectives kept over 150 requests in 15 s; 2 of them are not proven.",
        ),
        (("p50", "none"), "Passed: both objectives were met over 150 requests in 15 s."),
    ],
)
def test_what_is_not_proven_is_said_by_how_much_it_is(
    make_run: MakeRun, objectives: tuple[str, ...], sentence: str
) -> None:
    """All that samples could prove, some of it, one: a limit of none is no proof that is missing."""
    texts = {
        "p50": "p50 latency <= 100 ms",
        "p99": "p99 latency <= 100 ms",
        "errors": "error rate <= 1 %",
        "none": "error rate <= 0 %",
    }
    run = make_run(150, facts={"objectives": tuple(texts[name] for name in objectives)})
    assert said(run) == ("pass", sentence)


@pytest.mark.parametrize("objective", ["error rate <= 0 %", "errors <= 0 per 100 requests"])
def test_a_limit_of_none_that_was_kept_stands_as_observed(make_run: MakeRun, objective: str) -> None:
    """An interval of what could have been, 0 to 2 %, would contradict that the limit was kept."""
    kept = judge_run(make_run(150, facts={"objectives": (objective,)})).objectives[0]
    assert (kept.outcome, kept.provable, kept.interval) == ("met", False, None)
    outcome = ["ok"] * 149 + ["reset"]
    broken = judge_run(make_run(150, outcome=outcome, facts={"objectives": (objective,)})).objectives[0]
    assert (broken.outcome, broken.interval is None) == ("missed", False)


def test_where_proof_is_required_its_lack_fails(make_run: MakeRun) -> None:
    run = make_run(150, facts={"objectives": STAGED, "require_proof": True})
    assert said(run) == (
        "fail",
        "Failed: p99 latency was 10 ms, limit 100 ms: met, not proven; "
        "149 more samples (about 15 s more) would prove it at 95 %. Proof was required.",
    )
    assert said(make_run(299, facts={"objectives": STAGED, "require_proof": True}))[0] == "pass"


@pytest.mark.parametrize(
    "objective",
    ["error rate <= 0 %", "status 503 <= 0", "errors <= 0 per 100 requests", "throughput >= 1 requests/s"],
)
def test_limits_of_none_and_throughput_need_no_proof(make_run: MakeRun, objective: str) -> None:
    assert judge_run(make_run(10, facts={"objectives": (objective,)})).objectives[0].outcome == "met"


def test_a_fault_of_the_generator_comes_before_everything_else(make_run: MakeRun) -> None:
    """Figures that can't be trusted neither fail a service nor pass it."""
    faults = ("The generator's core was 97 % busy for 41 s: use --processes 2.", "One of 2 workers was lost.")
    run = make_run(742, latency_ms=212.0, facts={"objectives": STAGED, "faults": faults})
    assert said(run) == (
        "invalid",
        "Invalid: The generator's core was 97 % busy for 41 s: use --processes 2 (and 1 more reason).",
    )
    assert judge_run(run).reasons == faults
    assert judge_run(run).objectives[0].outcome == "missed"


def test_no_request_at_all_is_invalid(make_run: MakeRun) -> None:
    assert said(make_run(0)) == ("invalid", "Invalid: No request was recorded.")


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        (1464, "1,464 requests were recorded, 964 could not be read"),
        (1, "1 request was recorded, 500 were found"),
    ],
)
def test_requests_that_are_missing_on_disk_make_a_run_invalid(
    make_run: MakeRun, recorded: int, words: str
) -> None:
    word, sentence = said(make_run(500, facts={"requests": recorded}))
    assert word == "invalid"
    assert sentence == f"Invalid: {words}."
    assert said(make_run(500, facts={"requests": 500}))[0] == "pass"


def test_a_run_of_which_no_request_can_be_read_says_how_many_there_were(make_run: MakeRun) -> None:
    assert "12 requests were recorded, 12 could not be read" in said(make_run(0, facts={"requests": 12}))[1]
    assert said(make_run(0, facts={"requests": 0}))[1] == "Invalid: No request was recorded."


def test_an_interrupted_run_that_missed_nothing_is_invalid(make_run: MakeRun) -> None:
    run = make_run(140, facts={"planned_s": 20.0, "ended_s": 14.0, "interrupted": "SIGINT", "stages": ()})
    assert said(run) == (
        "invalid",
        "Invalid: stopped after 14 of 20 s (SIGINT); no objective was missed until then.",
    )


def test_an_interrupted_run_that_missed_already_fails(make_run: MakeRun) -> None:
    run = make_run(
        140,
        latency_ms=212.0,
        facts={"planned_s": 20.0, "ended_s": 14.0, "interrupted": "SIGINT", "stages": ()},
    )
    verdict = judge_run(run)
    assert verdict.verdict == "fail"
    assert verdict.sentence == (
        "Failed: p99 latency was 212 ms, limit 100 ms; stopped after 14 of 20 s (SIGINT)."
    )
    assert verdict.reasons == ("p99 latency was 212 ms, limit 100 ms.", "stopped after 14 of 20 s (SIGINT)")


def test_what_an_interrupted_run_might_still_have_reached_is_not_missed(make_run: MakeRun) -> None:
    """The peak of a staged load comes in its middle; a stage that never began was not missed either."""
    objectives = ("peak throughput >= 50 requests/s", "p99 latency <= 100 ms during late")
    stages = (Stage("steady", 0.0, 15.0), Stage("late", 15.0, 20.0))
    facts: dict[str, Any] = {"objectives": objectives, "stages": stages, "planned_s": 20.0, "ended_s": 14.0}
    stopped = judge_run(make_run(140, facts={**facts, "interrupted": "SIGTERM"}))
    assert stopped.verdict == "invalid"
    assert [judgement.outcome for judgement in stopped.objectives] == ["unproven", "unproven"]
    assert stopped.objectives[0].message == (
        "peak throughput was 10 requests/s, needed 50 requests/s: not reached before the run was cut short."
    )
    assert judge_run(make_run(140, facts=facts)).verdict == "fail"


def test_a_run_that_was_killed_never_said_when_it_ended(make_run: MakeRun) -> None:
    run = make_run(141, facts={"planned_s": 20.0, "ended_s": None, "stages": ()})
    assert said(run) == (
        "invalid",
        "Invalid: stopped after 14 of 20 s (it was killed: run.json names no end); "
        "no objective was missed until then.",
    )


@pytest.mark.parametrize(
    ("planned_s", "ended_s", "words"),
    [(270.0, 90.0, "1 min 30 s of 4 min 30 s"), (2.0, 0.5, "0.5 s of 2 s"), (None, 33.0, "33 s")],
)
def test_how_far_it_came_is_told_in_fitting_units(
    make_run: MakeRun, planned_s: float | None, ended_s: float, words: str
) -> None:
    run = make_run(
        10, facts={"planned_s": planned_s, "ended_s": ended_s, "interrupted": "SIGINT", "stages": ()}
    )
    assert said(run)[1].startswith(f"Invalid: stopped after {words} (SIGINT);")


def test_the_open_model_must_offer_its_load(make_run: MakeRun) -> None:
    """Load that the in-flight limit held back is the service's failure."""
    dropped = ["dropped"] * 60 + ["ok"] * 940
    run = make_run(1000, outcome=dropped, facts={"model": "open", "objectives": ()})
    assert said(run) == ("fail", "Failed: offered load was 94 %, needed 95 %.")


@pytest.mark.parametrize(
    ("offered", "users", "verdict"),
    [
        pytest.param(
            0.39, (20.0, 20.0), ("fail", "Failed: offered load was 39 %, needed 93 %."), id="too little"
        ),
        pytest.param(0.93, (20.0, 20.0), None, id="two percent for twenty users who joined"),
        pytest.param(0.9, (20.0, 0.0, 20.0, 0.0, 20.0), None, id="and joined again"),
        pytest.param(None, (20.0, 20.0), None, id="nothing was planned"),
    ],
)
def test_the_closed_model_must_offer_its_load_too(
    make_run: MakeRun, offered: float | None, users: Any, verdict: Any
) -> None:
    """It is told where it is missed; whoever joins may lose a request to the moment of joining."""
    plan = Plan(t_s=tuple(map(float, range(len(users)))), users=users, rate=users, requests=1000.0)
    run = make_run(400, facts={"objectives": (), "offered": offered, "plan": plan})
    if verdict is None:
        assert judge_run(run).verdict == "pass"
        assert judge_run(run).objectives == ()
    else:
        assert said(run) == verdict


def test_a_run_that_was_stopped_is_not_asked_for_its_whole_load(make_run: MakeRun) -> None:
    plan = Plan(t_s=(0.0, 5.0), users=(20.0, 20.0), rate=(20.0, 20.0), requests=1000.0)
    run = make_run(400, facts={"objectives": (), "offered": 0.5, "plan": plan, "interrupted": "SIGINT"})
    assert said(run)[0] == "invalid"


def test_load_that_a_standstill_kept_back_is_no_failure(make_run: MakeRun) -> None:
    """The generator stood still for a tenth of the time, and offered so much less."""
    plan = Plan(t_s=(0.0, 20.0), users=(2.0, 2.0), rate=(2.0, 2.0), requests=400.0)
    lag = [(float(t), 2_000.0 if t in (9, 10) else 1.0) for t in range(1, 21)]
    facts = {"objectives": (), "offered": 0.88, "plan": plan, "stages": (Stage("steady", 0.0, 20.0),)}
    run = make_run(352, facts=facts, telemetry={("generator", "loop_lag_ms"): lag})
    assert said(run)[0] == "invalid"
    still = make_run(352, facts={**facts, "offered": 0.7}, telemetry={("generator", "loop_lag_ms"): lag})
    assert said(still)[0] == "fail"


def test_an_offered_load_that_is_stated_replaces_the_implicit_one(make_run: MakeRun) -> None:
    run = make_run(1000, facts={"model": "open", "objectives": ("offered load >= 50 %",), "offered": 0.6})
    assert [judgement.text for judgement in judge_run(run).objectives] == ["offered load >= 50 %"]
    assert judge_run(run).verdict == "pass"


@pytest.mark.parametrize(
    ("objective", "columns", "message"),
    [
        (
            "availability >= 99 %",
            {},
            "availability could not be measured: no readiness probe was recorded "
            "(service: ready in the scenario says where to ask).",
        ),
        (
            "offered load >= 95 %",
            {},
            "offered load could not be measured: this load plans no number of requests.",
        ),
        (
            "p99 latency <= 1 ms on batch",
            {},
            "p99 latency on batch could not be measured: no request of endpoint 'batch' was recorded.",
        ),
        (
            "p99 latency <= 1 ms during peak",
            {},
            "p99 latency during peak could not be measured: no request of stage 'peak' was recorded.",
        ),
        (
            "p99 latency <= 1 ms",
            {"outcome": "refused", "status": 0},
            "p99 latency could not be measured: no request succeeded.",
        ),
    ],
)
def test_what_was_not_measured_is_missed_and_told_why(
    make_run: MakeRun, objective: str, columns: dict[str, Any], message: str
) -> None:
    judgement = judge_run(make_run(10, facts={"objectives": (objective,)}, **columns)).objectives[0]
    assert (judgement.outcome, judgement.observed, judgement.message) == ("missed", None, message)


def test_figures_of_an_objective_are_in_its_own_unit(make_run: MakeRun) -> None:
    run = make_run(
        1000,
        latency_ms=[float(i) for i in range(1, 1001)],
        outcome=["http_5xx" if i in (100, 500, 800) else "ok" for i in range(1000)],
        facts={"objectives": ("p50 latency <= 0.6 s", "errors <= 50 per 10000 requests")},
    )
    latency, errors = judge_run(run).objectives
    assert (latency.observed, latency.limit, latency.unit, latency.samples) == (0.5, 0.6, "s", 997)
    assert latency.interval is not None
    assert 0.003 < latency.interval[0] < 0.5 < latency.interval[1] <= 1.0
    assert (errors.observed, errors.limit, errors.samples) == (30.0, 50.0, 1000)
    assert errors.interval is not None
    assert errors.interval == pytest.approx((6.19, 87.4), rel=0.02)


def test_a_strict_limit_is_missed_by_what_reaches_it(make_run: MakeRun) -> None:
    run = make_run(1000, latency_ms=100.0, facts={"objectives": ("p99 latency < 100 ms",)})
    assert said(run) == ("fail", "Failed: p99 latency was 100 ms, limit below 100 ms.")


def test_a_hair_above_the_limit_is_shown_as_above(make_run: MakeRun) -> None:
    run = make_run(1000, latency_ms=100.04, facts={"objectives": ("p99 latency <= 100 ms",)})
    assert said(run) == ("fail", "Failed: p99 latency was 100.04 ms, limit 100 ms.")


def test_stages_are_handed_on(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(100))
    assert [(judged.stage.name, judged.stage.figures.requests) for judged in verdict.stages] == [
        ("steady", 100)
    ]


def early(**facts: Any) -> dict[str, Any]:
    """The facts of a run of 270 s that ended after 120 s."""
    return {"planned_s": 270.0, "ended_s": 120.0, "stages": (Stage("steady", 0.0, 270.0),), **facts}


def test_a_run_that_was_decided_early_passes_and_says_what_that_saved(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(1200, facts=early(early_end=True, decided_s=110.0)))
    assert (verdict.verdict, verdict.sentence) == (
        "pass",
        "Passed: the objective was met over 1,200 requests in 2 min; decided after 2 min of 4 min 30 s.",
    )
    assert verdict.reasons == (
        "The run ended early, 2 min 30 s before its plan: the requests of its first 1 min 50 s decided every "
        "objective; proofs hold at 97.5 %, however often it was looked at.",
    )


def test_a_run_that_was_decided_early_fails_by_what_it_missed(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(1200, latency_ms=212.0, facts=early(early_end=True, decided_s=110.0)))
    assert verdict.sentence == (
        "Failed: p99 latency was 212 ms, limit 100 ms; decided after 2 min of 4 min 30 s."
    )
    assert verdict.exit_code == 1


def test_looking_during_the_run_asks_more_of_its_end(make_run: MakeRun) -> None:
    """Half of the doubt is for the looks, so that the end needs 97.5 %: 368 samples in place of 299."""
    once, often = (judge_run(make_run(340, facts={"early_end": may})).objectives[0] for may in (False, True))
    assert (once.outcome, often.outcome) == ("met", "unproven")
    assert (often.needed, often.confidence) == (28, pytest.approx(0.975))


def test_a_run_that_was_given_up_fails_with_the_reason(make_run: MakeRun) -> None:
    """Whatever else it missed, this is why it ended; what it never came to is not missed."""
    objectives = ("error rate <= 0 %", "p99 latency <= 100 ms during late")
    stages = (Stage("steady", 0.0, 60.0), Stage("late", 60.0, 120.0))
    facts = {
        "objectives": objectives,
        "stages": stages,
        "planned_s": 120.0,
        "ended_s": 23.0,
        "given_up": "error rate was 87 %, more than 50 %",
    }
    run = make_run(100, outcome=["http_5xx"] * 87 + ["ok"] * 13, facts=facts)
    verdict = judge_run(run)
    assert (verdict.verdict, verdict.sentence) == (
        "fail",
        "Failed: given up after 23 s: error rate was 87 %, more than 50 %.",
    )
    assert verdict.reasons == (
        "given up after 23 s: error rate was 87 %, more than 50 %",
        "error rate was 87 %, limit 0 %.",
    )
    assert [judged.outcome for judged in verdict.objectives] == ["missed", "unproven"]
    assert [judged.outcome for judged in verdict.stages] == ["missed", "not begun"]


def test_a_sick_generator_comes_before_giving_up(make_run: MakeRun) -> None:
    facts = {"given_up": "error rate was 87 %, more than 50 %", "faults": ("One of 2 workers was lost.",)}
    assert judge_run(make_run(10, facts=facts)).verdict == "invalid"


def test_each_verdict_has_its_exit_code() -> None:
    assert EXIT_CODES == {"pass": 0, "fail": 1, "invalid": 3}
