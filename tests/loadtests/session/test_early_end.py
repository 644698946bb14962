"""A run may end before its plan does: when there is nothing more to learn, or no hope."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from configuration.objectives import Abort
from loadtests.recording.row import OUTCOME_CODES, ROW_DTYPE
from loadtests.recording.sample_writer import SampleBatch
from loadtests.session.abort import AbortCondition, TotalFailure
from reports.data.facts import Facts, Stage
from reports.data.folder import read_run
from reports.data.percentiles import compute_percentile
from reports.objectives.parsing import parse_objective

LOCUSTFILE = "loadtests/locustfile.py"
STAGES = (Stage("warm-up", 0.0, 10.0, judged=False), Stage("steady", 10.0, 60.0), Stage("late", 60.0, 90.0))
ENDPOINTS = ("prediction", "batch")
Start = Callable[..., Any]
ScenarioFile = Callable[..., str]


def batch(
    latency_ms: Sequence[float] = (),
    outcomes: Sequence[str] = (),
    *,
    stage: int = 1,
    endpoint: int = 0,
    status: int = 200,
) -> SampleBatch:
    """Requests of one stage and endpoint; all `ok` unless told otherwise, answered in 10 ms."""
    rows = np.zeros(max(len(latency_ms), len(outcomes)), dtype=ROW_DTYPE)
    rows["latency_ms"] = rows["service_ms"] = latency_ms if len(latency_ms) else 10.0
    rows["outcome"] = [OUTCOME_CODES[name] for name in outcomes] if outcomes else OUTCOME_CODES["ok"]
    rows["endpoint"], rows["status"] = endpoint, status
    return SampleBatch(rows, np.full(len(rows), stage, dtype=np.int16), ENDPOINTS)


def reason(text: str, *batches: SampleBatch, expected: tuple[str, ...] = ()) -> str | None:
    """How the objective is broken by the batches."""
    facts = Facts(
        "steps", "", "closed", "http://127.0.0.1:1", "2026-01-01T00:00:00Z", STAGES, (), expected=expected
    )
    condition = AbortCondition(parse_objective(text), facts)
    for each in batches:
        condition.add(each)
    return condition.describe_violation()


def test_failures_are_counted_over_all_batches() -> None:
    batches = [batch(outcomes=["http_5xx"] * 9 + ["ok"]), batch(outcomes=["timeout"] * 4 + ["ok"] * 1)]
    assert reason("error rate <= 50 %", *batches) == "error rate was 86.7 %, more than 50 %"
    assert reason("error rate <= 90 %", *batches) is None
    assert reason("errors < 8000 per 10000 requests", *batches) == (
        "errors were 8,667 per 10000 requests, not below 8000 per 10000 requests"
    )


def test_expected_outcomes_are_no_failures() -> None:
    shed = batch(outcomes=["shed"] * 9 + ["ok"])
    assert reason("error rate <= 50 %", shed) is not None
    assert reason("error rate <= 50 %", shed, expected=("shed",)) is None


def test_the_warm_up_and_other_stages_and_endpoints_are_left_out() -> None:
    failed = ["http_5xx"] * 10
    assert reason("error rate <= 50 %", batch(outcomes=failed, stage=0)) is None
    assert reason("error rate <= 50 % during steady", batch(outcomes=failed, stage=2)) is None
    assert reason("error rate <= 50 % on batch", batch(outcomes=failed, endpoint=0)) is None
    assert reason("error rate <= 50 % on batch during late", batch(outcomes=failed, endpoint=1, stage=2)) == (
        "error rate on batch during late was 100 %, more than 50 %"
    )


@pytest.mark.parametrize(("slow", "broken"), [(1, False), (2, True)])
def test_a_percentile_is_broken_by_one_more_than_may_pass_it(slow: int, broken: bool) -> None:
    """Of 100 one may take longer than p99: the nearest rank is the 99th; it is counted, never estimated."""
    told = reason("p99 latency <= 5 s", batch([6000.0] * slow + [10.0] * (60 - slow)), batch([10.0] * 40))
    assert (told == "p99 latency was more than 5 s (2 of 100 replies took that long)") is broken
    assert (told is None) is not broken


@pytest.mark.parametrize("percent", ["7", "14", "50", "55", "90", "99", "99.9"])
@pytest.mark.parametrize("count", [1, 7, 99, 100, 101, 1000])
def test_the_count_agrees_with_the_percentile_of_the_samples(percent: str, count: int) -> None:
    values = np.random.default_rng(1).exponential(100.0, count)
    observed = compute_percentile(values, Fraction(percent) / 100)
    assert observed is not None
    for limit, broken in ((observed - 0.01, True), (observed + 0.01, False)):
        told = reason(f"p{percent} latency <= {limit} ms", batch(values.tolist()))
        assert (told is not None) is broken


def test_a_maximum_a_status_and_timeouts_count_too() -> None:
    assert reason("max latency <= 5 s", batch([10.0, 6000.0])) == (
        "max latency was more than 5 s (1 of 2 replies took that long)"
    )
    assert reason("status 503 <= 2", batch(outcomes=["http_5xx"] * 3, status=503)) == (
        "status 503 was 3, more than 2"
    )
    assert reason("p50 latency <= 5 s", batch([6000.0] * 2, ["timeout"] * 2)) is not None
    assert reason("p50 latency <= 5 s", batch([6000.0] * 2, ["refused"] * 2)) is None


def test_nothing_counted_breaks_nothing() -> None:
    for text in ("error rate <= 50 %", "p99 latency <= 5 s", "status 503 <= 0"):
        assert reason(text) is None


def test_the_grace_has_a_default() -> None:
    assert Abort(()).after_s == 10.0


def total_failure(
    *batches: SampleBatch, elapsed_s: float = 0.0, expected: tuple[str, ...] = ()
) -> str | None:
    """How a run is hopeless without any objective that says so."""
    condition = TotalFailure(expected, lambda: elapsed_s)
    for each in batches:
        condition.add(each)
    return condition.describe_violation()


def test_a_run_whose_first_fifty_requests_fail_is_hopeless() -> None:
    failed = batch(outcomes=["http_4xx"] * 30, status=404, stage=0)
    assert total_failure(failed) is None
    assert total_failure(failed, batch(outcomes=["refused"] * 20, status=0)) == (
        "all of the first 50 requests failed (most often HTTP 404)"
    )
    assert total_failure(failed, elapsed_s=4.9) is None
    assert total_failure(failed, elapsed_s=5.0) == "all of the first 30 requests failed (HTTP 404)"
    assert total_failure(batch(outcomes=["timeout"] * 3, status=0), elapsed_s=9.0) == (
        "all of the first 3 requests failed (timeout)"
    )
    assert total_failure(batch(outcomes=["http_5xx"] * 2), elapsed_s=9.0) is None  # others may be slow


@pytest.mark.parametrize("right", ["ok", "shed"])
def test_one_request_with_a_right_outcome_is_hope(right: str) -> None:
    failed = ["http_5xx"] * 60
    for batches in ([batch(outcomes=[*failed, right])], [batch(outcomes=[right]), batch(outcomes=failed)]):
        assert total_failure(*batches, elapsed_s=60.0, expected=("shed",)) is None


def test_requests_that_were_never_sent_say_nothing_of_the_service() -> None:
    unsent = batch(outcomes=["dropped"] * 60 + ["no_port"] * 60 + ["no_descriptor"], status=0)
    assert total_failure(unsent, elapsed_s=60.0) is None


@pytest.mark.real
def test_a_run_in_which_every_request_fails_is_given_up_unless_told_otherwise(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(status=500)
    file = scenario_file(
        load="{users: [{constant: 4, for: 200s}]}",
        objectives="[error rate <= 100 %]",
        more="# abort: default",
    )
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 1, suite.said
    assert re.search(
        r"Failed: given up after .*: all of the first \d+ requests failed \(HTTP 500\)\.", suite.said
    )
    assert suite.facts["ended_s"] < 150.0, "of 200 s"


@pytest.mark.real
@pytest.mark.parametrize("module", ["loadtests", pytest.param("locust", marks=pytest.mark.extended)])
def test_a_hopeless_run_is_given_up(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any, module: str
) -> None:
    """After the grace, not before; the verdict says why and the folder is whole."""
    obedient.answer = lambda number: answer(status=500 if number > 2 else 200)
    file = scenario_file(
        load="{users: [{constant: 4, for: 60s}]}",
        objectives="[error rate <= 1 %]",
        more="abort: {after: 3s, unless: [error rate <= 50 %]}",
    )
    more = [] if module == "loadtests" else ["-f", LOCUSTFILE, "--headless"]
    suite = start(module, *more, "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 1, suite.said
    assert 3.0 <= suite.facts["ended_s"] < 50.0, "of 60 s"
    assert suite.facts["interrupted"] is None
    assert suite.verdict["sentence"].startswith("Failed: given up after ")
    assert "more than 50 %" in suite.verdict["sentence"]
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)
    assert (suite.folder / "report.html").exists()
    assert "Traceback" not in suite.stderr


@pytest.mark.real
@pytest.mark.extended
def test_what_was_given_up_on_several_processes_is_whole_too(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """The master counts what all workers sent."""
    obedient.answer = lambda _: answer(status=500)
    file = scenario_file(
        load="{users: [{constant: 4, for: 60s}]}", more="abort: {after: 2s, unless: [error rate <= 50 %]}"
    )
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2").wait()
    assert suite.code == 1, suite.said
    assert "given up after" in suite.verdict["sentence"]
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)


@pytest.mark.real
@pytest.mark.extended
def test_a_run_that_is_decided_ends_early_and_passes(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """p90 within a limit that nothing comes near is proven by 43 requests, after a fifth of the run."""
    file = scenario_file(
        load="{users: [{constant: 10, for: 60s}]}",
        objectives="[p90 latency <= 5 s, error rate <= 0 %]",
        more="traffic: {timeout: 1s, user: high}",
    )
    arguments = ("--scenario", file, "--host", obedient.host, "--stop-when-decided")
    suite = start("loadtests", *arguments).wait()
    assert suite.code == 0, suite.said
    assert suite.facts["ended_s"] < 45.0
    assert 12.0 <= suite.facts["decided_s"] < suite.facts["ended_s"]
    assert "decided after" in suite.verdict["sentence"]
    assert "Traceback" not in suite.stderr
    proven = suite.verdict["objectives"][0]
    assert (proven["outcome"], proven["decided_s"]) == ("met", suite.facts["decided_s"])
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)


@pytest.mark.real
@pytest.mark.extended
def test_what_is_not_decided_goes_on_to_its_end(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """A later stage that an objective is about has not begun; its few requests prove nothing either."""
    file = scenario_file(
        load="{users: [{constant: 5, for: 5s}, {constant: 1, for: 5s, stage: late}]}",
        objectives="[error rate <= 50 %, p99 latency <= 5 s during late]",
        more="traffic: {timeout: 1s}",
    )
    arguments = ("--scenario", file, "--host", obedient.host, "--stop-when-decided")
    suite = start("loadtests", *arguments).wait()
    assert suite.code == 0, suite.said
    assert suite.facts["decided_s"] is None
    assert suite.facts["ended_s"] > 9.9, "the plan, and what a busy machine takes longer"
