"""Requests that break HTTP, JSON or a limit: each is answered as it ought to be, and the next one as ever."""

from __future__ import annotations

import json
import re
import resource
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.faults.ledger import Ledger
from tests.faults.odd_service import serving
from tests.service.live_service import (
    ODD_PREDICTION,
    PERSON,
    Service,
    connect,
    metric,
    post,
    read_all,
    request_head,
    until,
)

pytestmark = [pytest.mark.real, pytest.mark.extended]
BODY = json.dumps(PERSON).encode()
BATCH = f"{ODD_PREDICTION}/batch"
IDLE = 2_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all: what one request does to it shows in the others."""
    with serving(tmp_path_factory.mktemp("requests")) as service:
        yield service


def sent(body: bytes, path: str = ODD_PREDICTION) -> bytes:
    """A request on a connection that is closed after it."""
    return request_head(path, len(body), "Connection: close") + body


def framed(*headers: bytes, body: bytes = BODY) -> bytes:
    """A request that says itself how long it is."""
    head = f"POST {ODD_PREDICTION} HTTP/1.1\r\nHost: service\r\n".encode()
    return head + b"".join(header + b"\r\n" for header in (*headers, b"")) + body


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
WITH_HEADER = b"GET /api/health HTTP/1.1\r\nHost: service\r\n"
FAULTS: dict[str, tuple[bytes, list[int], str]] = {
    "a body that is no JSON": (sent(b"{age: 42"), [400], "with the place in the text"),
    "no body": (sent(b""), [400], "as a text that ended too soon"),
    "a body in UTF-16": (sent(BODY.decode().encode("utf-16")), [400], "with the place in the text"),
    "4 KB of opening brackets": (sent(b"[" * 4_000), [400], "the parser limits the depth"),
    "a batch of 16,000 nested lists": (
        sent(b"[" * 8_000 + b"]" * 8_000, BATCH),
        [400],
        "the parser limits the depth",
    ),
    "a batch of 1 MB of opening brackets": (
        sent(b"[" * 10**6, BATCH),
        [413],
        "a single record is limited to 16 KiB",
    ),
    "NaN in a field": (sent(BODY.replace(b"24.0", b"NaN")), [400], "names the field"),
    "Infinity in a field": (sent(BODY.replace(b"24.0", b"-Infinity")), [400], "names the field"),
    "a number beyond every float (1e999)": (sent(BODY.replace(b"24.0", b"1e999")), [400], "names the field"),
    "an integer of 3,000 digits": (sent(BODY.replace(b"42", b"9" * 3_000)), [400], "names the field"),
    "a key twice": (sent(BODY[:-1] + b', "age": 20}'), [200], "the last one counts"),
    "a lone surrogate in a text": (
        sent(BODY.replace(b"female", rb"\ud800")),
        [400],
        "with the place in the text",
    ),
    "a lone surrogate as raw bytes": (
        sent(BODY.replace(b"female", b"\xed\xa0\x80")),
        [400],
        "with the place in the text",
    ),
    "a lone surrogate in one record of a batch": (
        sent(b"[%b,%b]" % (BODY, BODY.replace(b"female", rb"\ud800")), f"{BATCH}?partial=true"),
        [400],
        "the batch is no JSON",
    ),
    "a body announced as 1 GB": (request_head(ODD_PREDICTION, 10**9), [413], "before anything of it arrives"),
    "three requests in one packet": (
        framed(LENGTH) * 2 + sent(BODY),
        [200, 200, 200],
        "each is answered, in their order",
    ),
    "Content-Length with Transfer-Encoding": (
        framed(b"Content-Length: 4", CHUNKED, body=chunked(BODY)),
        [400],
        "the connection is closed: nothing can be smuggled in",
    ),
    "two different Content-Lengths": (
        framed(LENGTH, b"Content-Length: 3"),
        [400],
        "the connection is closed: nothing can be smuggled in",
    ),
    "a negative Content-Length": (framed(b"Content-Length: -1"), [400], "the connection is closed"),
    "a Content-Length of 23 digits": (
        framed(b"Content-Length: " + b"9" * 23),
        [400],
        "the connection is closed",
    ),
    "a chunk without a length": (
        framed(CHUNKED, body=b"zz\r\n"),
        [400],
        "its place in the queue is free again",
    ),
    "a transfer encoding that doesn't exist": (
        framed(b"Transfer-Encoding: xchunked", body=chunked(BODY)),
        [400],
        "the connection is closed",
    ),
    "HTTP/1.0": (
        b"POST %b HTTP/1.0\r\n%b\r\n\r\n%b" % (ODD_PREDICTION.encode(), LENGTH, BODY),
        [200],
        "the connection is closed after the reply",
    ),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], "only HTTP/1 is spoken"),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", [400], "the connection is closed"),
    "CONNECT, as to a proxy": (b"CONNECT other:1 HTTP/1.1\r\nHost: other\r\n\r\n", [400], "it is no proxy"),
    "a path of bytes that are no UTF-8": (
        WITH_HEADER.replace(b"/api/health", b"/api/models/%ff%00%ed%a0%80/metadata")
        + b"Connection: close\r\n\r\n",
        [404],
        "names the models there are",
    ),
    "60 KB of path": (
        WITH_HEADER.replace(b"/api/health", b"/" + b"a" * 60_000) + b"Connection: close\r\n\r\n",
        [404],
        "as any unknown path",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_request_is_answered(service: Service, ledger: Ledger, fault: str) -> None:
    """It holds no place in the queue afterwards."""
    request, statuses, detail = FAULTS[fault]
    with connect(service.url) as client:
        client.sendall(request)
        replies = client.recv(65_536) if "1 GB" in fault else read_all(client)
    assert [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", replies)] == statuses
    until(lambda: metric(service.url, "inference_queue_depth") == 0)
    assert post(service.url).json() == {"charges": 4_200.0}
    ledger.service(fault=fault, happened=f"{' '.join(map(str, statuses))}: {detail}")


@pytest.mark.parametrize(
    ("fault", "request_bytes", "status", "limit"),
    [
        ("1 MB of header", WITH_HEADER + b"X-Long: " + b"a" * 10**6, 431, "64 KiB are read"),
        ("170,000 header lines", WITH_HEADER + b"a: b\r\n" * 170_000, 431, "64 KiB are read"),
        (
            "640 KB in chunks, of no announced length",
            framed(CHUNKED, body=(b"10000\r\n%b\r\n" % (b" " * 65_536)) * 10),
            413,
            "4 KiB are read",
        ),
    ],
    ids=["header", "headers", "chunks"],
)
def test_what_is_too_long_is_cut_off(
    service: Service, ledger: Ledger, fault: str, request_bytes: bytes, status: int, limit: str
) -> None:
    """The client may not get to read the reply, because it is still sending when the connection is closed."""
    reply = b""
    with connect(service.url) as client, suppress(ConnectionError):
        client.sendall(request_bytes)
        while data := client.recv(65_536):
            reply += data
    assert reply[:12] in (b"", b"HTTP/1.1 %d" % status)
    until(lambda: metric(service.url, "inference_queue_depth") == 0)
    assert post(service.url).status_code == 200
    ledger.service(fault=fault, happened=f"{limit}, then {status}; the connection is closed")


def test_idle_connections_and_slow_senders_delay_nobody(service: Service, ledger: Ledger) -> None:
    """They send nothing, or a head byte by byte: within 10 s each of them is closed."""
    before = count_connections(service)
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(service.url)) for _ in range(IDLE)]
        for client in clients[::10]:
            client.sendall(b"POST /")
        assert post(service.url).status_code == 200
        for client in clients[::10]:
            with suppress(ConnectionError):
                client.sendall(b"a")
        for client in clients:
            assert client.recv(1) == b""
        until(lambda: count_connections(service) <= before)
    assert post(service.url).status_code == 200
    ledger.service(
        fault=f"{IDLE:,} connections, a tenth of which sends its head a byte at a time (slow loris)",
        happened="other requests are answered meanwhile; after 10 s without a whole head each is closed",
    )


def count_connections(service: Service) -> int:
    connections = psutil.Process(service.process.pid).net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED for each in connections)


def test_a_service_without_descriptors_recovers(service: Service, ledger: Ledger) -> None:
    """It may open 16 more; of 100 clients the others can't be served, until those are gone."""
    process = psutil.Process(service.process.pid)
    limit = process.num_fds() + 16
    before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(connect(service.url))
            until(lambda: process.num_fds() >= limit - 1)
        until(lambda: answers(service))
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
    ledger.service(
        fault="100 clients where 16 descriptors are left",
        happened="the others are closed unanswered or wait; once the clients have left, it answers again",
    )


def answers(service: Service) -> bool:
    try:
        return post(service.url).status_code == 200
    except OSError:
        return False
