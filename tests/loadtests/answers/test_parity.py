"""Comparing under load: outcomes, the wrong answers that are kept, the sample of all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from configuration.parity import Parity
from loadtests.answers.check import ReplyCheck
from loadtests.answers.comparing import ComparisonRules
from loadtests.answers.parity import AnswerComparison, AnswerReference, ParityCheck
from loadtests.client.reply import Reply
from reports.data.answers import MOST_VALUES, MOST_WRONG, AnswerSeries

REPLIES = tuple(json.dumps({"score": number / 4, "label": "ab"[number % 2]}).encode() for number in range(4))


@pytest.fixture
def comparison() -> AnswerComparison:
    """Four probes whose answers differ."""
    rules = ComparisonRules(Parity(tolerance={"score": 0.01}, ignore=("id",)))
    return AnswerComparison("predict", AnswerReference(REPLIES, (200, 200, 200, 202), rules, ""))


def reply(body: Any, status: int = 200) -> Reply:
    """A reply that arrived."""
    arrived = Reply()
    arrived.status, arrived.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()
    return arrived


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (REPLIES[1], "ok"),
        ({"label": "b", "score": 0.255, "id": 7}, "ok"),
        ({"label": "b", "score": 0.265}, "wrong_answer"),
        ({"label": "a", "score": 0.25}, "wrong_answer"),
        ({"score": 0.25}, "wrong_answer"),
        (b"<html>", "wrong_answer"),
        (b'{"score": 1e400, "label": "b"}', "wrong_answer"),
        (b'{"score": ' + b"9" * 400 + b', "label": "b"}', "wrong_answer"),
        (b"[" * 600 + b"]" * 600, "wrong_answer"),
    ],
)
def test_an_answer_is_that_at_rest_or_wrong(comparison: AnswerComparison, body: Any, outcome: str) -> None:
    assert ParityCheck(ReplyCheck(), comparison, 1).classify(reply(body)) == outcome


def test_what_is_no_good_reply_has_no_answer(comparison: AnswerComparison) -> None:
    assert ParityCheck(ReplyCheck(), comparison, 1).classify(reply({}, status=500)) == "http_5xx"
    assert comparison.report().wrong == ()


def test_the_same_body_with_another_status_is_another_answer(comparison: AnswerComparison) -> None:
    check = ParityCheck(ReplyCheck(), comparison, 1)
    assert check.classify(reply(REPLIES[1], status=201)) == "wrong_answer"
    assert check.explain(reply(REPLIES[1], status=201)) == (
        "the HTTP status: expected 200 as at rest (probe 2), got 201"
    )
    assert ParityCheck(ReplyCheck(), comparison, 3).classify(reply(REPLIES[3], status=202)) == "ok"
    (wrong,) = comparison.report().wrong
    assert (wrong.place, wrong.expected, wrong.found, wrong.another) == (
        "the HTTP status",
        "200",
        "201",
        False,
    )


def test_a_status_that_differs_at_rest_is_not_compared() -> None:
    reference = AnswerReference(REPLIES, None, ComparisonRules(Parity()), "")
    check = ParityCheck(ReplyCheck(), AnswerComparison("predict", reference), 1)
    assert check.classify(reply(REPLIES[1], status=201)) == "ok"
    assert check.explain(reply(REPLIES[1], status=201)) == ""


def test_the_answer_to_another_probe_is_told(comparison: AnswerComparison) -> None:
    assert comparison.compare(1, reply(REPLIES[2])) == "wrong_answer"
    assert comparison.compare(1, reply({"score": 5, "label": "b"})) == "wrong_answer"
    swapped, other = comparison.report().wrong
    assert swapped.another
    assert not other.another
    assert (other.place, other.expected, other.found, other.probe) == ("score", "0.25", "5", 1)


def test_what_is_kept_is_bounded(comparison: AnswerComparison) -> None:
    for _ in range(MOST_WRONG + MOST_VALUES):
        comparison.compare(0, reply({"score": 5, "label": "b"}))
    told = comparison.report()
    assert len(told.wrong) == MOST_WRONG
    assert [len(series.under_load) for series in told.series] == [MOST_VALUES, MOST_VALUES]


def test_the_values_of_right_answers_are_kept_too(comparison: AnswerComparison) -> None:
    for number, body in enumerate(REPLIES):
        comparison.compare(number, reply(body, status=202 if number == 3 else 200))
    score = AnswerSeries("predict", "score", compared=True, under_load=(0.0, 0.25, 0.5, 0.75))
    assert comparison.report().series[0] == score
