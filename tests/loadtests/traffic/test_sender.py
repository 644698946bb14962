"""A request that is sent leaves a row with its times, its outcome and its sizes, and Locust is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from locust.env import Environment

from configuration.loading import load_scenario
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import OUTCOME_CODES, ROW_DTYPE
from loadtests.traffic.open_model import ArrivalUser
from loadtests.traffic.sender import RequestSender
from loadtests.traffic.unsent import RequestFailedError
from loadtests.traffic.visitor import Visitor, phase_offset


class Answer(BaseHTTPRequestHandler):
    """Predicts the same for everybody."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"charges": 1.5}'
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server-Timing", 'queue;dur=1.5, inference;dur=0.5, batch;desc="7"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    Answer.status = 200


class Sent:
    """A sender with all that came of its requests."""

    def __init__(self, host: str, scenario: Scenario | None = None) -> None:
        scenario = scenario or load_scenario("smoke")
        self.raw = b""
        self.events: list[dict[str, Any]] = []
        environment = Environment(user_classes=[ArrivalUser])
        environment.events.request.add_listener(lambda **event: self.events.append(event))
        self.recorder = Recorder([each.name for each in scenario.traffic.all_endpoints], self._take)
        environment.events.request.add_listener(self.recorder.on_request)
        self.sender = RequestSender(scenario, Target.parse(host), self.recorder, environment)
        self.stats = environment.stats

    def _take(self, raw: bytes) -> None:
        self.raw += raw

    @property
    def rows(self) -> Any:
        self.recorder.seal()
        return np.frombuffer(self.raw, dtype=ROW_DTYPE)


def test_an_answered_request_is_a_row_with_the_services_own_timing(service: str) -> None:
    sent = Sent(service)
    connection = sent.sender.open_connection()
    request = next(sent.sender.deal_turns(0))
    assert sent.sender.send(connection, request).outcome == "ok"
    (row,) = sent.rows
    assert row["outcome"] == OUTCOME_CODES["ok"]
    assert row["status"] == 200
    assert row["request_bytes"] == len(request.encoded)
    assert row["intended_s"] == row["sent_s"]
    assert row["latency_ms"] == row["service_ms"] > 0
    assert (row["queue_ms"], row["inference_ms"], row["batch_size"]) == (1.5, 0.5, 7.0)
    assert sent.events[0]["exception"] is None
    connection.close()


def test_latency_counts_from_when_the_request_should_have_started(service: str) -> None:
    """Coordinated omission: what a request waited for its turn belongs to its latency."""
    sent = Sent(service)
    connection = sent.sender.open_connection()
    sent.sender.send(connection, next(sent.sender.deal_turns(0)), perf_counter() - 2.0)
    (row,) = sent.rows
    assert row["sent_s"] - row["intended_s"] >= 2.0
    assert row["latency_ms"] == pytest.approx(
        row["service_ms"] + 1000 * (row["sent_s"] - row["intended_s"]), abs=0.01
    )
    connection.close()


@pytest.fixture
def journeys(tmp_path: Path) -> Scenario:
    """A login, then journeys of two steps with thinking before each."""
    file = tmp_path / "journeys.yaml"
    file.write_text(
        """
description: Log in, then think and ask twice.
load: {rate: [{constant: 1/s, for: 1s}]}
traffic:
  login: [{name: login, path: /login, payload: {fields: {a: {constant: 1}}}, take: {token: charges}}]
  journeys:
    - name: asking
      steps:
        - {name: one, path: "/{token}", payload: {fields: {a: {constant: 1}}}, think: 5s}
        - {name: two, path: /two, payload: {fields: {a: {constant: 1}}}, think: 7s}
objectives: [error rate <= 0 %]
"""
    )
    return load_scenario(str(file))


def test_a_turn_that_needs_a_login_starts_with_it_and_is_not_late_by_it(
    service: str, journeys: Scenario
) -> None:
    """Latency still counts from when the turn was due: in the login, which is its first request."""
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    due = perf_counter() - 2.0
    assert sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, due)
    login, one, two = sent.rows
    assert login["sent_s"] - login["intended_s"] >= 2.0
    assert one["intended_s"] == one["sent_s"] >= login["sent_s"]
    assert two["intended_s"] == two["sent_s"]
    connection.close()


def test_thinking_before_a_journeys_first_request_is_no_lateness(service: str, journeys: Scenario) -> None:
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    visitor.logged_in, visitor.values = True, {"token": "x"}
    due = perf_counter() - 6.0
    assert sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, due)
    one, _ = sent.rows
    assert one["intended_s"] == pytest.approx(due + 5.0 - sent.recorder.started)
    connection.close()


def test_a_step_that_can_not_be_made_is_a_failure(service: str, journeys: Scenario) -> None:
    """A reply did not hold what its path needs: the step is recorded as failed, and kept with the reason."""
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    visitor.logged_in = True  # without the token
    assert not sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, perf_counter())
    (row,) = sent.rows
    assert row["outcome"] == OUTCOME_CODES["invalid_reply"]
    (kept,) = sent.sender.failures.list_kept().kept
    assert kept.endpoint == "one"
    assert "{token}" in kept.explanation
    connection.close()


def test_an_error_of_this_program_is_counted_and_ends_no_user(
    service: str, journeys: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    monkeypatch.setattr(connection, "exchange", None)
    assert not sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, perf_counter())
    assert sent.sender.broken == 1


def test_who_is_refused_logs_in_again(service: str, journeys: Scenario) -> None:
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    visitor.logged_in, visitor.values = True, {"token": "old"}
    Answer.status = 401
    assert not sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, perf_counter())
    assert not visitor.logged_in
    connection.close()


def test_a_turn_whose_login_fails_is_not_made(service: str, journeys: Scenario) -> None:
    Answer.status = 500
    sent = Sent(service, journeys)
    connection, visitor = sent.sender.open_connection(), Visitor(lambda _: None)
    assert not sent.sender.take_turn(connection, next(sent.sender.deal_turns(0)), visitor, perf_counter())
    assert [OUTCOME_CODES["http_5xx"]] == [row["outcome"] for row in sent.rows]
    connection.close()


def test_a_failure_is_named_to_locust_without_what_varies(service: str) -> None:
    Answer.status = 500
    sent = Sent(service)
    connection = sent.sender.open_connection()
    assert sent.sender.send(connection, next(sent.sender.deal_turns(0))).outcome == "http_5xx"
    failure = sent.events[0]["exception"]
    assert isinstance(failure, RequestFailedError)
    assert str(failure) == "http_5xx (HTTP 500)"
    connection.close()


def test_a_dropped_request_is_a_row_that_was_never_sent(service: str) -> None:
    sent = Sent(service)
    sent.sender.drop(next(sent.sender.deal_turns(0)), perf_counter())
    (row,) = sent.rows
    assert row["outcome"] == OUTCOME_CODES["dropped"]
    assert np.isnan(row["sent_s"])
    assert np.isnan(row["latency_ms"])
    assert [str(each.error) for each in sent.stats.errors.values()] == ["dropped"]


def test_users_begin_at_other_places_of_the_same_deck(service: str) -> None:
    sender = Sent(service).sender
    firsts = {next(sender.deal_turns(sender.number_user())).encoded for _ in range(20)}
    assert len(firsts) > 15
    size = len(sender._deck.turns)
    dealt = list(islice(sender.deal_turns(3), size + 1))
    assert dealt[size] == dealt[0], "round and round"


def test_phase_offsets_spread_evenly_however_many_users_there_are() -> None:
    """The golden ratio leaves no gap much larger than its share (three-distance theorem)."""
    for users in (2, 5, 13, 100):
        places = sorted(phase_offset(user) for user in range(users))
        gaps = np.diff([*places, places[0] + 1.0])
        assert gaps.max() < 2.7 / users
