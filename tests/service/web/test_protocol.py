"""Load shedding at the request's head: the same reply as from the middleware, and the connection lives on."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from tests.service.live_service import (
    MIDDLEWARE,
    ODD_PREDICTION,
    PATIENCE_S,
    PERSON,
    PROTOCOL,
    Gate,
    Service,
    connect,
    metric,
    odd_model,
    post,
    read_all,
    read_start,
    request_head,
    until,
)

BODY = json.dumps(PERSON).encode()
pytestmark = pytest.mark.real
Serve = Callable[..., Service]


@pytest.fixture
def full(serve: Serve, gate: Gate) -> Iterator[Callable[[list[str]], str]]:
    """Call with `python -m` words: the URL of a service whose model is held and whose one place is taken."""
    settings = {
        "queue": {"max_rows": 1, "admitted_share": 1.0},
        "micro_batch": {"max_rows": 1, "inline_ms": 0},
    }
    with ThreadPoolExecutor(2) as pool:

        def run(command: list[str]) -> str:
            url: str = serve(settings, gate.model(), command=command).url
            gate.close()
            pool.submit(post, url)
            until(gate.is_reached)
            pool.submit(post, url)
            until(lambda: metric(url, "inference_queue_depth") == 1)
            return url

        yield run
        gate.open()


@pytest.mark.parametrize("command", [PROTOCOL, MIDDLEWARE], ids=["protocol", "middleware"])
def test_a_refusal_is_the_same_from_the_protocol_and_the_middleware(
    full: Callable[[list[str]], str], command: list[str]
) -> None:
    """Status, format, headers and counts; the client's id is kept; the same connection asks again."""
    url = full(command)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    for request_id in ("first", "second"):
        connection.request("POST", ODD_PREDICTION, BODY, {"X-Request-ID": request_id})
        reply = connection.getresponse()
        content = json.loads(reply.read())
        assert (reply.status, reply.headers["X-Request-ID"]) == (503, request_id)
        assert content["type"] == "ServiceUnavailable"
        assert int(reply.headers["Retry-After"]) >= 1
        assert {"date", "server", "content-type"} <= {name.lower() for name in reply.headers}
    connection.request("GET", "/api/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert metric(url, "inference_queue_rejections_total") == 2
    assert metric(url, "http_requests_total", status="503", handler=ODD_PREDICTION) == 2
    assert metric(url, "inference_request_latency_seconds_count") == 0


def test_another_method_is_answered_405_in_the_services_format(serve: Serve) -> None:
    """Although predictions skip the framework's layers, other methods on their paths don't."""
    url = serve(model=odd_model()).url
    for path in (ODD_PREDICTION, f"{ODD_PREDICTION}/batch"):
        reply = requests.delete(url + path, timeout=PATIENCE_S)
        assert (reply.status_code, reply.json()["type"]) == (405, "MethodNotAllowed")


def converse(url: str, sent: bytes) -> bytes:
    """All that the service replies until it closes the connection."""
    with connect(url) as client:
        client.sendall(sent)
        return read_all(client)


def test_requests_of_an_unusual_form_are_refused_by_the_middleware(full: Callable[[list[str]], str]) -> None:
    """One that waits for 100-continue, one that closes its connection, one with a query, two at once."""
    url = full(PROTOCOL)
    closing = request_head(ODD_PREDICTION, len(BODY), "Connection: close") + BODY
    expecting = request_head(ODD_PREDICTION, len(BODY), "Expect: 100-continue", "Connection: close")
    with_query = request_head(f"{ODD_PREDICTION}?a=b", len(BODY), "Connection: close") + BODY
    pipelined = request_head(ODD_PREDICTION, len(BODY)) + BODY + closing
    for sent, count in ((closing, 1), (expecting, 1), (with_query, 1), (pipelined, 2)):
        replies = converse(url, sent)
        assert replies.count(b"HTTP/1.1 503 ") == count
        assert b"connection: close" in replies
    assert metric(url, "inference_queue_rejections_total") == 5


def test_a_body_that_arrives_after_its_refusal_is_ignored(full: Callable[[list[str]], str]) -> None:
    url = full(PROTOCOL)
    with connect(url) as client:
        client.sendall(request_head(ODD_PREDICTION, len(BODY)))
        reply = b""
        while not reply.endswith(b"}"):
            reply += client.recv(65_536)
        assert reply.startswith(b"HTTP/1.1 503 ")
        client.sendall(BODY + b"GET /api/health HTTP/1.1\r\nHost: s\r\n\r\n")
        assert read_start(client, 12) == b"HTTP/1.1 200"


def test_batches_are_refused_by_the_bytes_under_way(serve: Serve, gate: Gate) -> None:
    """Beside a batch that is held there is room for a short one, which waits, and none for a long one."""
    settings = {
        "explicit_batch": {"under_way_mib": 4 / 1024},
        "micro_batch": {"inline_ms": 0},
        "queue": {"max_rows": 50},
    }
    url = serve(settings, gate.model()).url
    path = f"{ODD_PREDICTION}/batch"
    gate.close()
    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(post, url, [PERSON], path)
        until(gate.is_reached)
        short = pool.submit(post, url, [{}], path)
        assert post(url, [PERSON] * 20, path).status_code == 503
        gate.open()
    assert (held.result().status_code, short.result().status_code) == (200, 400)
