"""Objectives about requests of a name that nobody used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.data.run import Run
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Run]
RESOLVED = {
    "traffic": {
        "endpoints": [{"name": "prediction"}],
        "login": [{"name": "login"}],
        "journeys": [{"name": "buying", "steps": [{"name": "search"}]}],
    }
}


def judged(make_run: MakeRun, name: str, **facts: Any) -> tuple[str, str]:
    objective = f"p99 latency <= 100 ms on {name}"
    verdict = judge_run(make_run(100, facts={"objectives": (objective,), "resolved": RESOLVED, **facts}))
    return verdict.verdict, verdict.sentence


def test_a_name_that_no_request_had_makes_the_run_invalid(make_run: MakeRun) -> None:
    word, sentence = judged(make_run, "predicton")
    assert word == "invalid"
    said = "no request was named 'predicton', which 'p99 latency <= 100 ms on predicton' is about"
    assert sentence == f"Invalid: {said}."


@pytest.mark.parametrize("name", ["login", "search"])
def test_a_name_of_the_scenario_without_requests_is_a_miss(make_run: MakeRun, name: str) -> None:
    """The scenario planned them; that none was sent is told by the objective."""
    assert judged(make_run, name)[0] == "fail"


def test_a_name_that_was_recorded_is_judged(make_run: MakeRun) -> None:
    assert judged(make_run, "prediction")[0] == "pass"


def test_the_verdict_tells_what_replaced_the_load(make_run: MakeRun) -> None:
    _, sentence = judged(make_run, "prediction", load_override="load overridden by -u 50")
    assert sentence.endswith("; load overridden by -u 50.")
