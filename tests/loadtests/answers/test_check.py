"""What came back is given its outcome, and the service's own timing is read."""

from __future__ import annotations

import math

import pytest

from configuration.reply import ReplyExpectation
from loadtests.answers.check import ReplyCheck, build_check
from loadtests.answers.server_timing import parse_server_timing
from loadtests.client.reply import Reply


def check(kind: str = "realistic", finite: str | None = "charges", rows: int | None = None) -> ReplyCheck:
    return build_check(ReplyExpectation(finite), {}, kind, rows)


def reply(
    status: int = 200, body: bytes = b'{"charges": 1}', retry_after: bool = False, failure: str | None = None
) -> Reply:
    made = Reply()
    made.status, made.body, made.retry_after, made.failure = status, body, retry_after, failure
    return made


@pytest.mark.parametrize("failure", ["timeout", "refused", "reset", "invalid_reply"])
def test_a_failure_of_the_connection_is_the_outcome(failure: str) -> None:
    assert check().classify(reply(failure=failure)) == failure


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (200, False, "ok"),
        (302, False, "invalid_reply"),
        (400, False, "http_4xx"),
        (429, False, "http_4xx"),
        (500, False, "http_5xx"),
        (503, False, "http_5xx"),
        (503, True, "shed"),
        (504, True, "http_5xx"),
    ],
)
def test_the_status_is_judged(status: int, retry_after: bool, outcome: str) -> None:
    assert check().classify(reply(status, retry_after=retry_after)) == outcome


@pytest.mark.parametrize(
    ("body", "rows", "outcome"),
    [
        (b'{"charges": 12.5}', None, "ok"),
        (b'{"charges": 0}', None, "ok"),
        (b'[{"charges": 1}, {"charges": 2}]', 2, "ok"),
        (b'[{"charges": 1}]', 2, "invalid_reply"),
        (b'[{"charges": 1}, {}]', 2, "invalid_reply"),
        (b'{"charges": NaN}', None, "invalid_reply"),
        (b'{"charges": Infinity}', None, "invalid_reply"),
        (b'{"charges": "12"}', None, "invalid_reply"),
        (b'{"charges": true}', None, "invalid_reply"),
        (b'{"charges": null}', None, "invalid_reply"),
        (b"{}", None, "invalid_reply"),
        (b"3", None, "invalid_reply"),
        (b"<html>", None, "invalid_reply"),
        (b"\xff", None, "invalid_reply"),
        (b"", None, "invalid_reply"),
        (b'{"charges": 1}', 1, "invalid_reply"),
        (b'{"charges": 1}', 100, "invalid_reply"),
        (b'[{"charges": 1}]', None, "invalid_reply"),
        (b'[{"charges": 1}]', 1, "ok"),
        (b'{"charges": 1' + b"0" * 400 + b"}", None, "invalid_reply"),
        (b"[" * 100_000, None, "invalid_reply"),
    ],
)
def test_a_200_must_hold_its_predictions(body: bytes, rows: int | None, outcome: str) -> None:
    assert check(rows=rows).classify(reply(body=body)) == outcome


def test_without_a_field_to_check_any_200_will_do() -> None:
    assert check(finite=None).classify(reply(body=b"anything")) == "ok"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "ok"), (422, "ok"), (404, "http_4xx"), (200, "wrong_answer"), (500, "http_5xx")],
)
def test_an_invalid_record_ought_to_be_refused(status: int, outcome: str) -> None:
    assert check("invalid").classify(reply(status)) == outcome


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (math.nan, math.nan, math.nan)),
        (b'queue;dur=1.25, inference;dur=0.5, batch;desc="17"', (1.25, 0.5, 17.0)),
        (b"inference;dur=2", (math.nan, 2.0, math.nan)),
        (b"cache;desc=hit, queue;dur=3", (3.0, math.nan, math.nan)),
        (b"queue, inference;dur=fast", (math.nan, math.nan, math.nan)),
        (b"\xff\xfe;;==", (math.nan, math.nan, math.nan)),
        (b"queue;dur=1e60, inference;dur=inf", (math.nan, math.nan, math.nan)),
    ],
)
def test_server_timing_is_read_as_far_as_it_goes(
    header: bytes | None, expected: tuple[float, float, float]
) -> None:
    assert parse_server_timing(header)[:3] == pytest.approx(expected, nan_ok=True)
