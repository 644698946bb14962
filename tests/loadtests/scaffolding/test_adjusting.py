"""What is written of an endpoint, by what came when it was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.scaffolding.adjusting import adjust_sketch, choose_p95_limit
from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch
from loadtests.scaffolding.trials import Trial, TriedEndpoint

WRITTEN = EndpointSketch(
    "score",
    "POST",
    "/score",
    payload={"kinds": {"realistic": 9, "invalid": 1}},
    reply={"fields": {"score": "number"}},
    expect={"invalid": (422,)},
)
OTHER = EndpointSketch("other", "GET", "/other")


def came(status: int, outcome: str = "ok", took_ms: float = 5.0, problem: str = "") -> Trial:
    return Trial("POST /score {}", f"{status} {{}}", status, outcome, took_ms, problem)


def adjust(*realistic: Trial, invalid: tuple[Trial, ...] = ()) -> EndpointSketch:
    """The endpoint `score`, beside one that is answered."""
    service = ServiceSketch("s", "s", "s", (WRITTEN, OTHER))
    tried = TriedEndpoint({"realistic": realistic, "invalid": invalid})
    answered = TriedEndpoint({"realistic": (came(200),)})
    return adjust_sketch(service, None, {"score": tried, "other": answered}).endpoints[0]


def test_what_is_answered_as_documented_stays() -> None:
    assert adjust(came(200), invalid=(came(422),)) == WRITTEN


@pytest.mark.parametrize("status", [307, 401, 404, 405, 500])
def test_what_is_not_answered_is_left_out_with_what_came(status: int) -> None:
    assert str(status) in str(adjust(came(200), came(status, "http_4xx")).left_out)


def test_a_refusal_for_want_of_credentials_says_how_to_give_them() -> None:
    assert "LOADTEST_HEADERS" in str(adjust(came(401, "http_4xx")).left_out)


def test_another_refusal_of_invalid_records_is_expected_too() -> None:
    assert adjust(came(200), invalid=(came(400, "http_4xx"),)).expect == {"invalid": (422, 400)}


@pytest.mark.parametrize("status", [200, 500])
def test_invalid_records_are_not_sent_where_they_are_not_refused(status: int) -> None:
    made = adjust(came(200), invalid=(came(422), came(status, "wrong_answer")))
    assert (made.payload, made.expect) == ({}, {})
    assert str(status) in made.guesses[0]


def test_a_reply_that_breaks_its_own_schema_is_not_checked_and_told() -> None:
    made = adjust(came(200, "invalid_reply", problem="score is 'high'"))
    assert made.reply is None
    assert "score is 'high'" in made.guesses[0]


def test_another_success_than_the_documented_one_is_expected_too() -> None:
    service = ServiceSketch("s", "s", "s", (replace(WRITTEN, expect={"realistic": (201,)}),))
    tried = {"score": TriedEndpoint({"realistic": (came(200, "invalid_reply"),)})}
    assert adjust_sketch(service, None, tried).endpoints[0].expect == {"realistic": (201, 200)}


def test_where_nothing_is_answered_all_stays_with_what_came() -> None:
    service = ServiceSketch("s", "s", "s", (WRITTEN,))
    tried = {"score": TriedEndpoint({"realistic": (came(500, "http_5xx"),)})}
    made = adjust_sketch(service, None, tried)
    assert made.sent == made.endpoints
    assert "500" in made.endpoints[0].guesses[0]


def test_what_was_not_asked_stays() -> None:
    service = ServiceSketch("s", "s", "s", (WRITTEN,))
    made = adjust_sketch(service, None, {"score": TriedEndpoint({}, "TOKEN is not set")})
    assert made.sent
    assert "TOKEN is not set" in made.endpoints[0].guesses[0]


def test_what_no_request_can_be_made_of_is_left_out() -> None:
    service = ServiceSketch("s", "s", "s", (WRITTEN, OTHER))
    answered = TriedEndpoint({"realistic": (came(200),)})
    made = adjust_sketch(
        service, None, {"score": TriedEndpoint({}, impossible="no value"), "other": answered}
    )
    assert "no value" in str(made.endpoints[0].left_out)


@pytest.mark.parametrize(("took_ms", "limit_ms"), [(3.0, 500.0), (51.0, 1000.0), (220.0, 2500.0)])
def test_the_limit_is_cautious(took_ms: float, limit_ms: float) -> None:
    trials = (came(200, took_ms=1.0), came(200, took_ms=took_ms), came(500, "http_5xx", 9_000.0))
    assert choose_p95_limit({"score": TriedEndpoint({"realistic": trials})}) == limit_ms
