"""What a load plans are turns: requests that follow from a reply, and logins, are no more load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.data.run import Run
from reports.data.turns import mark_turns
from reports.judging.verdict import judge_run

JOURNEYS = {"turn_starts": ("score", "search"), "logins": ("login", "consent")}
ENDPOINTS = np.array(["login", "consent", "search", "order", "score", "login", "login", "consent"])
OUTCOMES = np.array(["ok", "ok", "ok", "http_5xx", "timeout", "timeout", "ok", "http_5xx"])


def test_a_turn_counts_once_and_so_does_a_login_that_failed_before_it(make_run: Callable[..., Run]) -> None:
    run = make_run(8, endpoint=ENDPOINTS, outcome=OUTCOMES, facts=JOURNEYS)
    marked = mark_turns(run.samples, run.facts)
    begun = list(
        zip(run.samples.endpoint.decode()[marked], run.samples.outcome.decode()[marked], strict=True)
    )
    assert sorted(begun) == [
        ("consent", "http_5xx"),
        ("login", "timeout"),
        ("score", "timeout"),
        ("search", "ok"),
    ]


def test_without_journeys_each_request_is_a_turn(make_run: Callable[..., Run]) -> None:
    run = make_run(8, endpoint=ENDPOINTS, outcome=OUTCOMES)
    assert mark_turns(run.samples, run.facts).all()


def test_journeys_that_were_dropped_are_not_hidden_by_the_requests_of_others(
    make_run: Callable[..., Run],
) -> None:
    """Ten arrivals, of which one was dropped and nine made ten requests each."""
    endpoint = np.array((["search"] + ["order"] * 9) * 9 + ["search"])
    outcome = np.array(["ok"] * 90 + ["dropped"])
    facts = {"model": "open", "objectives": ("offered load >= 95 %",), **JOURNEYS}
    (judged,) = judge_run(make_run(91, endpoint=endpoint, outcome=outcome, facts=facts)).objectives
    assert (judged.outcome, judged.observed) == ("missed", 90.0)
