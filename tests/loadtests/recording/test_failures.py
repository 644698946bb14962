"""The first failed requests of each reason are kept: bounded, readable, and without credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.client.reply import Reply
from loadtests.recording.failures import (
    MOST_OF_A_REASON,
    MOST_REASONS,
    SHOWN_BYTES,
    FailureKeeper,
    describe_request,
    merge_failures,
)
from reports.data.failed_requests import FailedRequest, FailedRequests
from reports.data.folder import read_run

ENCODED = b"POST /score?page=2 HTTP/1.1\r\nHost: models\r\nAuthorization: Bearer %b\r\n\r\n{}"
TOKEN = "s3cr3t/t0ken+"  # noqa: S105


def failed(endpoint: str = "score", status: int = 500, at_s: float = 0.0) -> FailedRequest:
    return FailedRequest(endpoint, "realistic", "http_5xx", status, "POST", "/score", at_s=at_s)


def keep(*requests: FailedRequest) -> FailedRequests:
    keeper = FailureKeeper()
    for each in requests:
        if keeper.wants((each.endpoint, each.outcome, each.status)):
            keeper.keep(each)
    return keeper.list_kept()


def describe(body: bytes, *headers: str) -> FailedRequest:
    reply = Reply()
    reply.status, reply.body = 400, body
    reply.first_bytes = "\r\n".join(["HTTP/1.1 400 Bad", *headers, "", ""]).encode()
    encoded = ENCODED % TOKEN.encode()
    return describe_request("score", "realistic", "line 3 of a.jsonl", encoded, reply, "http_4xx", "any 2xx")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(500, 530)), max_size=300))
def test_a_few_of_each_of_a_few_reasons_are_kept(seen: list[tuple[str, int]]) -> None:
    kept = keep(*(failed(endpoint, status, at_s) for at_s, (endpoint, status) in enumerate(seen)))
    by_reason = [(each.endpoint, each.status) for each in kept.kept]
    first = list(dict.fromkeys(seen))[:MOST_REASONS]
    assert {reason: by_reason.count(reason) for reason in first} == {
        reason: min(seen.count(reason), MOST_OF_A_REASON) for reason in first
    }
    assert set(by_reason) == set(first)
    assert (kept.reasons_left_out > 0) is (len(set(seen)) > MOST_REASONS)


def test_what_several_processes_kept_is_bounded_like_that_of_one() -> None:
    parts = [
        keep(*(failed(status=status, at_s=at_s + process) for at_s in range(3) for status in range(500, 525)))
        for process in range(3)
    ]
    merged = merge_failures(parts)
    assert len(merged.kept) == MOST_REASONS * MOST_OF_A_REASON
    assert merged.reasons_left_out == 5
    assert sorted(each.at_s for each in merged.select("http_5xx", 500)) == [0.0, 1.0, 1.0]


def test_a_kept_request_reads_back() -> None:
    told = FailedRequests((describe(b"no", "Content-Type: text/plain"),), 2)
    assert FailedRequests.from_json(json.loads(json.dumps(told.to_json()))) == told
    assert told.kept[0].sentence == (
        "POST /score?page=2, line 3 of a.jsonl: any 2xx; 400, content-type: text/plain: no"
    )


def test_only_telling_headers_are_kept() -> None:
    kept = describe(
        b"", "Server: here", "Set-Cookie: a=b", "Location: /login", "X-Request-ID: 7", "Date: now"
    )
    assert kept.headers == (("location", "/login"), ("server", "here"), ("x-request-id", "7"))


def test_a_body_is_cut_and_its_control_characters_are_escaped() -> None:
    kept = describe(b"\x1b[31m\n\xff" + 1_000 * b"x")
    assert kept.body.startswith("\\x1b[31m\\n\N{REPLACEMENT CHARACTER}xxx")
    assert kept.body.endswith("x…")
    assert len(kept.body) < SHOWN_BYTES + 20


@pytest.mark.parametrize("before", range(SHOWN_BYTES - len(TOKEN) - 2, SHOWN_BYTES + 2))
def test_no_part_of_a_credential_is_left_where_the_body_is_cut(before: int) -> None:
    kept = describe(b"." * before + TOKEN.encode() + b"." * 50)
    assert "s3c" not in kept.body


LOGIN = """
traffic:
  login:
    - name: login
      path: /login
      payload: {fields: {user: {constant: anna}}}
      take: {ticket: "ticket"}
      reply: null
  endpoints:
    - {name: score, path: "/score/{ticket}", headers: {X-Key: "${MODEL_KEY}"}}
"""


@pytest.mark.real
@pytest.mark.parametrize("processes", [(), pytest.param(("--processes", "2"), marks=pytest.mark.extended)])
def test_no_artefact_holds_a_credential_and_all_say_why(
    start: Callable[..., Any], scenario_file: Callable[..., str], obedient: Any, answer: Any, processes: Any
) -> None:
    """Also where the service repeats what it was sent."""
    secrets = ("b3arer-of-bob", "k3y-of-m0del", "t1cket-of-anna")

    def reply(number: int) -> Any:
        if "user" in obedient.bodies[number - 1]:
            return answer(body=b'{"ticket": "t1cket-of-anna"}')
        body = f"the model is on fire: {' '.join(secrets)}".encode()
        return answer(status=500, body=body, headers={"Location": f"/{secrets[0]}"})

    obedient.answer = reply
    suite = start(
        *("loadtests", "--scenario", scenario_file(objectives="[error rate <= 1 %]", more=LOGIN)),
        *("--host", obedient.host, *processes),
        environment={"LOADTEST_HEADERS": f"Authorization: Bearer {secrets[0]}", "MODEL_KEY": secrets[1]},
    ).wait()
    assert suite.code == 1, suite.said
    kept = read_run(suite.folder).failed.kept
    assert {each.path for each in kept} == {"/score/[redacted]"}
    texts = {
        str(path.relative_to(suite.folder)): path.read_bytes()
        for path in suite.folder.rglob("*")
        if path.is_file()
    }
    for name, content in [*texts.items(), ("output", suite.said.encode())]:
        for secret in secrets:
            assert secret.encode() not in content, f"{name} holds {secret}"
    for name in ("failures.json", "verdict.json", "report.html", "junit.xml", "summary.md"):
        assert b"the model is on fire" in texts[name], name
    assert "the model is on fire" in " ".join(suite.stdout.split())
