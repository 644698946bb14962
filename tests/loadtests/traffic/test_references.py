"""Answers at rest: each probe is asked twice, in the same order; other processes ask the same probes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from locust.rpc.protocol import Message

from configuration.document import Node
from configuration.endpoint import Endpoint, read_endpoints
from configuration.journey import Step
from configuration.loading import load_scenario
from configuration.parity import Parity
from configuration.payload import Payload
from configuration.scenario import Scenario
from loadtests.answers.parity import ParityCheck
from loadtests.client.target import Target
from loadtests.payloads.deck import build_deck
from loadtests.payloads.probes import digest_probes, make_probes
from loadtests.payloads.request import Request
from loadtests.traffic.references import (
    decode_references,
    encode_references,
    find_references,
    prepare_probes,
)
from reports.data.samples import KINDS

ENDPOINT = Endpoint(parity=Parity(probes=10, share_percent=25.0))
TARGET = Target("127.0.0.1", 8000, tls=False, prefix="")


class Service(HTTPServer):
    """Answers a number that follows from the record, and the number of the request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.status = 200
        self.creates = False
        """Whether the first request with a body is answered 201."""
        self.constant = False


class Handler(BaseHTTPRequestHandler):
    """Keeps what it is asked."""

    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        status = 201 if self.server.creates and content not in self.server.bodies else self.server.status
        self.server.bodies.append(content)
        charges = 1.0 if self.server.constant else float(sum(content))
        body = json.dumps({"charges": charges, "id": len(self.server.bodies)}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def at(service: Service) -> Target:
    return Target.parse(f"http://127.0.0.1:{service.server_port}", {})


def scenario(endpoint: Endpoint = ENDPOINT) -> Scenario:
    smoke = load_scenario("smoke")
    return replace(smoke, traffic=replace(smoke.traffic, endpoints=(endpoint,)))


def test_each_probe_is_asked_twice_in_the_same_order(service: Service) -> None:
    references, told = find_references(scenario(), at(service))
    assert len(service.bodies) == 20
    assert service.bodies[:10] == service.bodies[10:]
    assert len(set(service.bodies)) == 10
    assert len(references["prediction"].replies) == 10
    assert told is not None
    assert told.notes == ("prediction: id differed at rest, so it is not compared",)
    (charges,) = (series for series in told.series if series.place == "charges")
    assert charges.compared
    assert len(charges.at_rest) == 20


def test_the_status_is_part_of_the_answer(service: Service) -> None:
    service.status = 203
    references, _ = find_references(scenario(), at(service))
    assert references["prediction"].statuses == (203,) * 10


def test_a_status_that_differs_at_rest_is_told(service: Service) -> None:
    service.creates = True
    references, told = find_references(scenario(), at(service))
    assert references["prediction"].statuses is None
    assert told is not None
    assert "prediction: the HTTP status differed at rest, so it is not compared" in told.notes
    assert decode_references(encode_references(references), scenario()) == references


def test_a_scenario_without_parity_asks_nothing(service: Service) -> None:
    assert find_references(scenario(Endpoint()), at(service)) == ({}, None)
    assert not service.bodies
    assert prepare_probes(scenario(Endpoint()), TARGET, {}).report() is None


def test_a_service_that_does_not_answer_well_at_rest_is_refused(service: Service) -> None:
    service.status = 500
    with pytest.raises(
        ValueError, match=r"a probe of the endpoint 'prediction' .* answered http_5xx \(HTTP 500\)"
    ):
        find_references(scenario(), at(service))


def test_a_constant_answer_at_rest_is_told(service: Service) -> None:
    service.constant = True
    _, told = find_references(scenario(), at(service))
    assert told is not None
    assert "all 10 probes had the same answer at rest" in told.notes[-1]


def test_a_worker_compares_with_what_its_master_found(service: Service) -> None:
    """Over the very messages that Locust sends."""
    found, _ = find_references(scenario(), at(service))
    message = Message("assign", {"references": encode_references(found)}, "worker")
    received = Message.unserialize(message.serialize())
    references = decode_references(received.data["references"], scenario())
    assert references == found
    probes = prepare_probes(scenario(), at(service), references).requests["prediction"]
    sent = [probe.encoded.partition(b"\r\n\r\n")[2] for probe in probes]
    assert sent == service.bodies[:10]
    assert {KINDS[probe.kind] for probe in probes} == {"probe"}


def test_other_probes_than_at_rest_are_refused(service: Service) -> None:
    found, _ = find_references(scenario(), at(service))
    other = replace(scenario(), seeds={**scenario().seeds, "payloads": 1})
    with pytest.raises(ValueError, match="the probes of the endpoint 'prediction' differ from those"):
        prepare_probes(other, at(service), found)


def test_probes_have_their_share_of_the_deck_each_as_often(service: Service) -> None:
    found, _ = find_references(scenario(), at(service))
    probes = prepare_probes(scenario(), at(service), found).requests
    turns = build_deck(scenario(), at(service), worker=3, probes=probes).turns
    numbers = [
        turn.check.probe
        for turn in turns
        if isinstance(turn, Request) and isinstance(turn.check, ParityCheck)
    ]
    assert 0.2 < len(numbers) / len(turns) < 0.3
    counts = [numbers.count(probe) for probe in range(10)]
    assert max(counts) - min(counts) <= 1


def test_a_digest_holds_for_what_is_asked_not_for_headers() -> None:
    with_header = replace(TARGET, headers={"Authorization": "secret"})
    one, other = (make_probes(scenario(), 0, target) for target in (TARGET, with_header))
    assert digest_probes(one) == digest_probes(other)
    assert digest_probes(one[:-1]) != digest_probes(one)


def test_probes_are_as_many_as_there_are_distinct_requests() -> None:
    get = Endpoint("item", "/item", "GET", payload=None, parity=Parity(probes=5))
    assert len(make_probes(scenario(get), 0, TARGET)) == 1


def test_probes_of_a_batch_hold_several_rows() -> None:
    batch = replace(ENDPOINT, payload=Payload(rows=3))
    assert {probe.rows for probe in make_probes(scenario(batch), 0, TARGET)} == {3}


def test_what_the_login_of_each_user_gives_can_be_in_no_probe() -> None:
    (bearing,) = read_endpoints(
        Node([{"name": "p", "path": "/p", "headers": {"Authorization": "Bearer {token}"}, "parity": {}}]),
        load_scenario("smoke").source.parent,
    )
    stated = scenario(bearing)
    login = Step(Endpoint("login", "/login"), take={"token": "access_token"})
    stated = replace(stated, traffic=replace(stated.traffic, login=(login,)))
    with pytest.raises(ValueError, match=r"need \{token\}, which the login gives to each user"):
        make_probes(stated, 0, TARGET)
