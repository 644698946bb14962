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

from configuration.endpoint import Endpoint
from configuration.loading import load_scenario
from configuration.payload import Payload, RecordFile
from configuration.reply import ReplyExpectation
from configuration.scenario import Scenario
from loadtests.answers.check import REFUSALS
from loadtests.client.target import Target
from loadtests.payloads.deck import DECK_BYTES, DECK_REQUESTS, build_deck
from loadtests.payloads.insurance import generate_records
from loadtests.payloads.record_files import read_records
from reports.data.samples import KINDS
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


def test_equal_seeds_give_equal_decks_and_each_worker_has_its_own() -> None:
    first, again = (build_deck(scenario(), TARGET, worker=0) for _ in range(2))
    other = build_deck(scenario(), TARGET, worker=1)
    assert first == again
    assert (
        len({request.encoded for request in first} & {request.encoded for request in other}) < len(first) / 10
    )


def test_a_request_is_whole_http_with_the_given_headers() -> None:
    request = build_deck(scenario(), replace(TARGET, headers={"Authorization": "Bearer secret"}), worker=0)[0]
    head, _, body = request.encoded.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /base/api/models/insurance_charges_model/prediction HTTP/1.1"
    assert "Host: 127.0.0.1:8000" in lines
    assert "Authorization: Bearer secret" in lines
    assert f"Content-Length: {len(body)}" in lines


def test_a_given_header_takes_the_place_of_ours_in_whatever_case() -> None:
    """No header is sent twice."""
    given = {"host": "scoring.example", "content-type": "application/vnd.rows+json"}
    request = build_deck(scenario(), replace(TARGET, headers=given), worker=0)[0]
    lines = request.encoded.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    names = Counter(line.partition(":")[0].lower() for line in lines)
    assert set(names.values()) == {1}
    assert {"host: scoring.example", "content-type: application/vnd.rows+json"} < set(lines)


def test_endpoints_and_kinds_are_mixed_by_weight() -> None:
    mixed = scenario(
        Endpoint("a", weight=3, payload=Payload({"realistic": 1, "invalid": 1})),
        Endpoint("b", path="/b", weight=1),
    )
    requests = build_deck(mixed, TARGET, worker=0)
    names = Counter(request.name for request in requests)
    assert 2.5 < names["a"] / names["b"] < 3.6
    kinds = Counter(KINDS[request.kind] for request in requests if request.name == "a")
    assert 0.85 < kinds["realistic"] / kinds["invalid"] < 1.18
    assert all(
        (request.check.statuses == REFUSALS) == (KINDS[request.kind] == "invalid") for request in requests
    )


def test_rows_make_a_list_of_so_many_records() -> None:
    request = build_deck(scenario(Endpoint(payload=Payload(rows=10))), TARGET, worker=0)[0]
    assert request.rows == 10
    assert len(body_of(request.encoded)) == 10


def test_a_deck_is_bounded_in_number_and_in_bytes() -> None:
    assert len(build_deck(scenario(), TARGET, worker=0)) == DECK_REQUESTS
    large = build_deck(scenario(Endpoint(payload=Payload(rows=10_000))), TARGET, worker=0)
    assert sum(len(request.encoded) for request in large) < DECK_BYTES + len(large[-1].encoded)


def test_bodies_of_ones_own_are_sent_in_turn(tmp_path: Path) -> None:
    file = tmp_path / "bodies.jsonl"
    file.write_text('{"x": 1}\n\n{"x": 2}\n')
    requests = build_deck(
        scenario(Endpoint(payload=Payload(source=RecordFile(file)), reply=ReplyExpectation())),
        TARGET,
        worker=0,
    )
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
