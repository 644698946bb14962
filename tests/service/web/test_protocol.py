"""Load shedding at the request's head: the same reply as from the middleware, and the connection lives on."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
import requests
import uvicorn
from uvicorn.server import ServerState

from service.web.drain import LAST_REQUESTS_S
from service.web.protocol import HEAD_TIMEOUT_S, SheddingProtocol
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
from tests.service.virtual_time import VirtualLoop, run

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


def test_a_head_that_is_too_long_is_refused_and_holds_nobody_up(serve: Serve) -> None:
    """The service reads no more than 64 KiB of it, so that what is sent beyond may be cut off."""
    url = serve(model=odd_model()).url
    with connect(url) as client:
        client.sendall(b"GET /api/health HTTP/1.1\r\nHost: service\r\nX-Long: ")
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                client.sendall(b"a" * 20_000)
        with contextlib.suppress(ConnectionResetError):
            assert read_all(client).startswith(b"HTTP/1.1 431 ")
    assert post(url).status_code == 200


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_a_head_in_pieces_with_a_long_body_is_read(serve: Serve, pieces: int) -> None:
    """The limit holds for the head alone: 60 KB of it and a body of 200 KB are too long together."""
    url = serve(model=odd_model()).url
    body = json.dumps([PERSON] * 1_500).encode()
    path = f"{ODD_PREDICTION}/batch"
    sent = request_head(path, len(body), f"X-Long: {'a' * 60_000}", "Connection: close") + body
    size = len(sent) // pieces + 1
    with connect(url) as client:
        for start in range(0, len(sent), size):
            client.sendall(sent[start : start + size])
        assert read_all(client).startswith(b"HTTP/1.1 200 ")


def test_what_is_no_http_is_answered_in_the_services_format(serve: Serve) -> None:
    reply = converse(serve(model=odd_model()).url, b"\x16\x03\x01 no HTTP\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["type"] == "BadRequest"


def open_protocol(loop: VirtualLoop) -> tuple[SheddingProtocol, Mock]:
    """A protocol whose connection has just been opened, and the connection."""
    transport = Mock(spec=asyncio.Transport)
    transport.get_extra_info.return_value = None
    transport.is_closing.return_value = False
    config = uvicorn.Config(Mock(), http=SheddingProtocol, log_config=None)
    protocol = SheddingProtocol(config, ServerState(), {}, loop)
    protocol.connection_made(transport)
    return protocol, transport


@pytest.mark.parametrize(
    ("pieces", "closed"),
    [
        ((), True),
        ((b"GET /",), True),
        ((b"GET / HTTP/1.1\r\nHost: s\r\n\r\n",), False),
        ((b"GET / HT", b"TP/1.1\r\nHost: s\r\n\r\n"), False),
    ],
)
def test_a_head_that_does_not_come_closes_its_connection(pieces: tuple[bytes, ...], closed: bool) -> None:
    async def wait(loop: VirtualLoop) -> bool:
        protocol, transport = open_protocol(loop)
        protocol._start_asgi_task = Mock()  # type: ignore[method-assign]
        for piece in pieces:
            protocol.data_received(piece)
        await asyncio.sleep(HEAD_TIMEOUT_S + 1.0)
        is_closed: bool = transport.close.called
        protocol.connection_lost(None)
        return is_closed

    assert run(wait) is closed


@pytest.mark.parametrize(
    ("sent", "closed_at_once"),
    [(b"", False), (b"GET /", False), (b"GET / HTTP/1.1\r\nHost: s\r\n\r\n", True)],
)
def test_a_shutdown_waits_for_a_first_request(sent: bytes, closed_at_once: bool) -> None:
    """Its connection was accepted, so the client may have sent it; half a second is enough."""

    async def shut_down(loop: VirtualLoop) -> tuple[bool, bool]:
        protocol, transport = open_protocol(loop)
        protocol._start_asgi_task = Mock()  # type: ignore[method-assign]
        protocol.data_received(sent)
        if closed_at_once:
            protocol.cycle.response_complete = True
        protocol.shutdown()
        at_once = bool(transport.close.called)
        await asyncio.sleep(LAST_REQUESTS_S + 0.1)
        later = bool(transport.close.called)
        protocol.connection_lost(None)
        return at_once, later

    assert run(shut_down) == (closed_at_once, True)


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
