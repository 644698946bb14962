"""Most requests failed and no objective minds: never a pass without a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.data.run import Run
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Run]


def failing(make_run: MakeRun, failed: int, *objectives: str, **facts: object) -> Run:
    """Of 200 requests so many were answered 500; each was answered within 10 ms."""
    outcomes, statuses = (
        ["http_5xx"] * failed + ["ok"] * (200 - failed),
        [500] * failed + [200] * (200 - failed),
    )
    return make_run(200, outcome=outcomes, status=statuses, facts={"objectives": objectives, **facts})


@pytest.mark.parametrize(
    "objectives",
    [
        pytest.param(("p50 latency <= 100 ms",), id="a latency of the few"),
        pytest.param(("max service time <= 1 s", "mean latency <= 1 s"), id="several that see no failure"),
        pytest.param(("status 404 <= 0",), id="another status"),
        pytest.param((), id="none"),
    ],
)
def test_failures_of_most_requests_that_no_objective_judges_make_a_run_invalid(
    make_run: MakeRun, objectives: tuple[str, ...]
) -> None:
    verdict = judge_run(failing(make_run, 184, *objectives))
    assert (verdict.verdict, verdict.exit_code) == ("invalid", 3)
    assert verdict.sentence == (
        "Invalid: 184 of 200 requests failed (HTTP 500), and no objective judges failures."
    )
    assert "such as error rate <= 1 %" in verdict.reasons[0]


@pytest.mark.parametrize("clause", ["on other", "during ramp", "on insurance during ramp"])
def test_an_objective_judges_the_failures_of_its_own_requests_only(make_run: MakeRun, clause: str) -> None:
    """184 requests of 200 fail, none of the 16 that the objective is about."""
    run = make_run(
        200,
        outcome=["http_5xx"] * 184 + ["ok"] * 16,
        status=[500] * 184 + [200] * 16,
        endpoint=["insurance"] * 184 + ["other" if "other" in clause else "insurance"] * 16,
        stage=["steady"] * 184 + ["ramp" if "ramp" in clause else "steady"] * 16,
        facts={"objectives": (f"error rate <= 1 % {clause}",)},
    )
    verdict = judge_run(run)
    assert (verdict.verdict, verdict.exit_code) == ("invalid", 3)
    assert verdict.sentence == (
        "Invalid: 184 of 200 requests failed (HTTP 500), and no objective judges these failures, "
        "only those of other requests."
    )


def test_few_failures_outside_the_scope_of_each_objective_are_told(make_run: MakeRun) -> None:
    run = make_run(
        200,
        outcome=["http_5xx"] * 3 + ["ok"] * 197,
        status=[500] * 3 + [200] * 197,
        endpoint=["insurance"] * 100 + ["other"] * 100,
        facts={"objectives": ("error rate <= 1 % on other",)},
    )
    verdict = judge_run(run)
    assert verdict.verdict == "pass"
    assert "3 of 200 requests failed (HTTP 500), which no objective judges" in verdict.sentence


@pytest.mark.parametrize("failed", [1, 100])
def test_fewer_are_told_in_the_sentence_and_the_reasons(make_run: MakeRun, failed: int) -> None:
    verdict = judge_run(failing(make_run, failed, "p50 latency <= 100 ms"))
    clause = f"{failed} of 200 requests failed (HTTP 500), which no objective judges"
    assert verdict.verdict == "pass"
    assert clause in verdict.sentence
    assert verdict.reasons[0] == clause


@pytest.mark.parametrize(
    "objective", ["error rate <= 100 %", "errors <= 99 per 100 requests", "throughput >= 0.1 requests/s"]
)
def test_what_the_objectives_allow_passes_with_a_word(make_run: MakeRun, objective: str) -> None:
    verdict = judge_run(failing(make_run, 184, objective, "p50 latency <= 100 ms"))
    clause = "184 of 200 requests failed (HTTP 500), which the objectives allow"
    assert verdict.verdict == "pass"
    assert clause in verdict.sentence
    assert clause in verdict.reasons


def test_few_failures_within_a_stated_limit_need_no_word(make_run: MakeRun) -> None:
    verdict = judge_run(failing(make_run, 2, "error rate <= 20 %"))
    assert "failed" not in verdict.sentence
    assert verdict.reasons == ()


def test_a_run_in_which_everything_that_happens_is_expected_says_how_little_succeeded(
    make_run: MakeRun,
) -> None:
    run = failing(make_run, 184, "p50 latency <= 100 ms", expected=("http_5xx",))
    verdict = judge_run(run)
    clause = "only 16 of 200 requests succeeded, which the scenario expects (HTTP 500)"
    assert verdict.verdict == "pass"
    assert clause in verdict.sentence
    assert clause in verdict.reasons
    fewer = judge_run(failing(make_run, 100, "p50 latency <= 100 ms", expected=("http_5xx",)))
    assert "succeeded" not in fewer.sentence


def test_a_missed_objective_stays_a_failure(make_run: MakeRun) -> None:
    assert judge_run(failing(make_run, 184, "p50 latency <= 1 ms")).verdict == "fail"
    assert judge_run(failing(make_run, 200, "p50 latency <= 100 ms")).verdict == "fail"
