"""Requests are seeded, valid or invalid as meant, and ready to be sent to the last byte."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from configuration.document import Node
from configuration.endpoint import Endpoint, read_endpoints
from configuration.fields import read_fields
from configuration.journey import Step
from configuration.loading import load_scenario
from configuration.payload import Payload, RecordFile
from configuration.reply import ReplyExpectation
from configuration.scenario import Scenario
from loadtests.answers.check import REFUSALS
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.payloads.deck import DECK_BYTES, DECK_TURNS, RequestMaker, build_deck
from loadtests.payloads.insurance import generate_records
from loadtests.payloads.journeys import JourneyPlan
from loadtests.payloads.record_files import read_records
from loadtests.payloads.request import Request
from reports.data.samples import KINDS
from reports.data.telemetry import ECHOED
from service.model.schemas import InsuranceChargesModelInput

TARGET = Target("127.0.0.1", 8000, tls=False, prefix="/base")


def scenario(*endpoints: Endpoint) -> Scenario:
    staged = load_scenario("staged")
    return replace(staged, traffic=replace(staged.traffic, endpoints=endpoints or (Endpoint(),)))


def body_of(wire: bytes) -> Any:
    return json.loads(wire.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("kind", ["realistic", "boundary"])
def test_records_fit_the_models_schema(kind: str) -> None:
    for record in islice(generate_records(kind, 1), 500):
        InsuranceChargesModelInput.model_validate(record, strict=False)


def test_an_invalid_record_never_fits_the_schema() -> None:
    for record in islice(generate_records("invalid", 1), 500):
        with pytest.raises(ValidationError):
            InsuranceChargesModelInput.model_validate(record)


@pytest.mark.parametrize("is_optional", [True, False])
def test_replies_with_optional_echoes_are_counted(is_optional: bool) -> None:
    """Where an echo has to be there, each right reply has it."""
    fields = {"id": {"equals": "{age}", "optional": is_optional}}
    (endpoint,) = read_endpoints(
        Node(
            [
                {
                    "name": "echo",
                    "path": "/e",
                    "payload": {"fields": {"age": {"sequence": 1}}},
                    "reply": {"fields": fields},
                }
            ]
        ),
        Path(),
    )
    deck = build_deck(scenario(endpoint), TARGET, worker=0)
    assert deck.count_checks() == {}
    turn = deck.turns[0]
    assert isinstance(turn, Request)
    reply = Reply()
    reply.status, reply.body = 200, json.dumps({"id": body_of(turn.encoded)["age"]}).encode()
    assert turn.check.classify(reply) == "ok"
    assert deck.count_checks() == ({f"{ECHOED} echo": 1.0} if is_optional else {})


def test_equal_seeds_give_equal_decks_and_each_worker_has_its_own() -> None:
    first, again = (build_deck(scenario(), TARGET, worker=0).turns for _ in range(2))
    other = build_deck(scenario(), TARGET, worker=1).turns
    assert first == again
    assert (
        len({request.encoded for request in first} & {request.encoded for request in other}) < len(first) / 10
    )


def test_a_request_is_whole_http_with_the_given_headers() -> None:
    request = build_deck(
        scenario(), replace(TARGET, headers={"Authorization": "Bearer secret"}), worker=0
    ).turns[0]
    head, _, body = request.encoded.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /base/api/models/insurance_charges_model/prediction HTTP/1.1"
    assert "Host: 127.0.0.1:8000" in lines
    assert "Authorization: Bearer secret" in lines
    assert f"Content-Length: {len(body)}" in lines


def test_a_given_header_takes_the_place_of_ours_in_whatever_case() -> None:
    """No header is sent twice."""
    given = {"host": "scoring.example", "content-type": "application/vnd.rows+json"}
    request = build_deck(scenario(), replace(TARGET, headers=given), worker=0).turns[0]
    lines = request.encoded.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    names = Counter(line.partition(":")[0].lower() for line in lines)
    assert set(names.values()) == {1}
    assert {"host: scoring.example", "content-type: application/vnd.rows+json"} < set(lines)


def test_endpoints_and_kinds_are_mixed_by_weight() -> None:
    mixed = scenario(
        Endpoint("a", weight=3, payload=Payload({"realistic": 1, "invalid": 1})),
        Endpoint("b", path="/b", weight=1),
    )
    requests = build_deck(mixed, TARGET, worker=0).turns
    names = Counter(request.name for request in requests)
    assert 2.5 < names["a"] / names["b"] < 3.6
    kinds = Counter(KINDS[request.kind] for request in requests if request.name == "a")
    assert 0.85 < kinds["realistic"] / kinds["invalid"] < 1.18
    assert all(
        (request.check.statuses == REFUSALS) == (KINDS[request.kind] == "invalid") for request in requests
    )


def test_rows_make_a_list_of_so_many_records() -> None:
    request = build_deck(scenario(Endpoint(payload=Payload(rows=10))), TARGET, worker=0).turns[0]
    assert request.rows == 10
    assert len(body_of(request.encoded)) == 10


def test_a_deck_is_bounded_in_number_and_in_bytes() -> None:
    assert len(build_deck(scenario(), TARGET, worker=0).turns) == DECK_TURNS
    large = build_deck(scenario(Endpoint(payload=Payload(rows=10_000))), TARGET, worker=0).turns
    assert sum(len(request.encoded) for request in large) < DECK_BYTES + len(large[-1].encoded)


def test_bodies_of_ones_own_are_sent_in_turn(tmp_path: Path) -> None:
    file = tmp_path / "bodies.jsonl"
    file.write_text('{"x": 1}\n\n{"x": 2}\n')
    requests = build_deck(
        scenario(Endpoint(payload=Payload(source=RecordFile(file)), reply=ReplyExpectation())),
        TARGET,
        worker=0,
    ).turns
    assert [body_of(request.encoded) for request in requests[:3]] == [{"x": 1}, {"x": 2}, {"x": 1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"x": 1}\n{"x":\n', r"bodies\.jsonl, line 2: no JSON value: Expecting value"),
        ("\n", r"bodies\.jsonl: holds no record"),
    ],
)
def test_a_bad_file_of_bodies_is_told(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bodies.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_records(file)


def test_placeholders_in_path_and_headers_are_filled_for_each_request() -> None:
    endpoint = Endpoint(
        path="/people/{city}?page={page}",
        method="GET",
        payload=None,
        headers={"X-City": "in {city}", "X-Key": "${KEY}"},
        values=read_fields(
            Node({"city": {"choice": ["Ulm", "Köln"]}, "page": {"uniform": [1, 3], "whole": True}})
        ),
        reply=ReplyExpectation(),
    )
    maker = RequestMaker(0, endpoint, TARGET, seed=1, worker=0, environment={"KEY": "k1"})
    heads = {maker.make().encoded.decode() for _ in range(50)}
    assert {head.partition(" HTTP")[0] for head in heads} == {
        f"GET /base/people/{city}?page={page}" for city in ("Ulm", "K%C3%B6ln") for page in (1, 2, 3)
    }
    assert all("X-Key: k1\r\n" in head and "Content-Length" not in head for head in heads)


def test_statuses_that_are_expected_are_those_of_the_kind() -> None:
    endpoint = Endpoint(
        payload=Payload({"realistic": 1, "invalid": 1}), expect={"realistic": (201,), "invalid": (409,)}
    )
    maker = RequestMaker(0, endpoint, TARGET, seed=1, worker=0)
    assert maker.make("realistic").check.statuses == {201}
    assert maker.make("invalid").check.statuses == {409}


def test_what_names_values_of_the_login_is_encoded_when_it_is_sent() -> None:
    login = Step(Endpoint("login", "/login", reply=ReplyExpectation()), take={"token": "access_token"})
    own = Endpoint("own", "/own/{token}", "GET", payload=None)
    staged = scenario(own, Endpoint("open", "/open"))
    deck = build_deck(replace(staged, traffic=replace(staged.traffic, login=(login,))), TARGET, worker=0)
    assert deck.login is not None
    plan = next(turn for turn in deck.turns if isinstance(turn, JourneyPlan))
    assert (
        plan.steps[0].make_request({"token": "t 1"}).encoded.startswith(b"GET /base/own/t%201 HTTP/1.1\r\n")
    )
    assert plan.first.name == "own"
    assert {turn.name for turn in deck.turns if isinstance(turn, Request)} == {"open"}
