"""The connection sends bytes, reads one reply, and tells every failure by name."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gevent import ssl as gevent_ssl

from loadtests.answers.check import ReplyCheck
from loadtests.client.connection import Connection
from loadtests.client.target import Target

REQUEST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"


Connect = Callable[[Target], Connection]


class Scripted:
    """A server that writes the next of its scripted chunks for each thing it receives; None hangs up."""

    def __init__(self, *chunks: bytes | None) -> None:
        self._chunks = list(chunks)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = Target("127.0.0.1", self._listener.getsockname()[1], tls=False, prefix="")
        self.accepted = 0
        self.hung_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._chunks:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            with connection:
                while connection.recv(65536):
                    if not self._chunks:
                        continue
                    chunk = self._chunks.pop(0)
                    if chunk is None:
                        break
                    connection.sendall(chunk)
                    if self._chunks and self._chunks[0] is None:
                        self._chunks.pop(0)
                        break
            self.hung_up.set()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Call with a target: a connection to it, closed after the test."""
    opened: list[Connection] = []

    def connection(target: Target) -> Connection:
        opened.append(Connection(target))
        return opened[-1]

    yield connection
    for each in opened:
        each.close()


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def start(*chunks: bytes | None) -> Scripted:
        servers.append(Scripted(*chunks))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_reply_is_read_whole_and_the_connection_kept(
    scripted: Callable[..., Scripted], connect: Connect
) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer-Timing: queue;dur=1\r\n\r\nhello"
    server = scripted(reply, reply)
    connection = connect(server.target)
    for _ in range(2):
        got = connection.exchange(REQUEST, 60)
        assert (got.failure, got.status, got.body) == (None, 200, b"hello")
        assert got.received_bytes == len(reply)
        assert got.server_timing == b"queue;dur=1"
    assert server.accepted == 1


@pytest.mark.parametrize(
    "chunks",
    [
        (b"HTTP/1.1 201 Created\r\nLoca", b"tion: /9\r\nContent-Length: 0\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 201 C\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n"),
        (b"HTTP/1.1 102 P\r\n\r\n" * 2 + b"HTTP/1.1 201 C\r\nLocation: /9\r\nContent-Length: 0\r\n\r\n",),
    ],
    ids=["in two segments", "after an interim reply", "after two equal ones"],
)
def test_the_headers_of_the_final_reply_are_found(connect: Connect, chunks: tuple[bytes, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                accepted.recv(65_536)
                for chunk in chunks:
                    accepted.sendall(chunk)
                    accepted.recv(1) if chunk is chunks[-1] else arrived.wait(0.05)

        arrived = threading.Event()
        threading.Thread(target=serve, daemon=True).start()
        target = Target("127.0.0.1", listener.getsockname()[1], tls=False, prefix="")
        connection = connect(target)
        reply = connection.exchange(REQUEST, 60)
        assert (reply.failure, reply.status, reply.find_header("Location")) == (None, 201, "/9")
        connection.close()


def test_a_reply_to_head_has_no_body_whatever_it_says(
    scripted: Callable[..., Scripted], connect: Connect
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    server = scripted(head, head + b"hello")
    connection = connect(server.target)
    reply = connection.exchange(b"HEAD / HTTP/1.1\r\nHost: here\r\n\r\n", 60)
    assert (reply.failure, reply.status, reply.body) == (None, 200, b"")
    assert connection.exchange(REQUEST, 60).body == b"hello"
    assert server.accepted == 1


def test_a_header_in_two_lines_is_one(scripted: Callable[..., Scripted], connect: Connect) -> None:
    """As a proxy, or an instrumentation, adds its own (RFC 9110, section 5.3); the next reply begins anew."""
    lines = b"Server-Timing: queue;dur=1\r\nServer-Timing: batch;desc=2\r\n"
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n"
    connection = connect(scripted(reply, reply).target)
    for _ in range(2):
        assert connection.exchange(REQUEST, 60).server_timing == b"queue;dur=1, batch;desc=2"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", id="asked to"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", id="HTTP/1.0"),
    ],
)
def test_a_connection_that_may_not_be_kept_is_opened_anew(
    scripted: Callable[..., Scripted], connect: Connect, reply: bytes
) -> None:
    server = scripted(reply, None, reply)
    connection = connect(server.target)
    assert connection.exchange(REQUEST, 60).body == b"ok"
    assert connection.exchange(REQUEST, 60).body == b"ok"
    assert server.accepted == 2


def test_a_chunked_body_is_put_together(scripted: Callable[..., Scripted], connect: Connect) -> None:
    server = scripted(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert connect(server.target).exchange(REQUEST, 60).body == b"abcde"


def test_a_body_without_a_length_ends_with_the_stream(
    scripted: Callable[..., Scripted], connect: Connect
) -> None:
    server = scripted(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", None)
    reply = connect(server.target).exchange(REQUEST, 60)
    assert (reply.failure, reply.body) == (None, b"until the end")


@pytest.mark.parametrize(
    ("chunks", "failure"),
    [
        pytest.param([None], "reset", id="hangs up"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", None], "reset", id="half a body"),
        pytest.param([b"HTTP/1.1 200", None], "reset", id="half a head"),
        pytest.param([b"no HTTP at all\r\n\r\n", None], "invalid_reply", id="no HTTP"),
    ],
)
def test_a_broken_reply_has_a_name(
    scripted: Callable[..., Scripted], connect: Connect, chunks: list[bytes | None], failure: str
) -> None:
    assert connect(scripted(*chunks).target).exchange(REQUEST, 60).failure == failure


@pytest.mark.parametrize(
    ("begin", "more", "told"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            b"x",
            "a reply of more than 3 MiB",
            id="body",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
            "a reply of more than 3 MiB",
            id="chunks",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x", "a reply of more than 3 MiB", id="no length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", "a head of more than 1 MiB", id="header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", "a head of more than 1 MiB", id="headers"),
        pytest.param(b"", b"HTTP/1.1 100 C\r\n\r\n", "a head of more than 1 MiB", id="interim replies"),
    ],
)
def test_a_reply_without_end_is_not_held(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, begin: bytes, more: bytes, told: str
) -> None:
    """The connection is closed, and little is kept of what came."""
    monkeypatch.setattr("loadtests.client.reply.MOST_REPLY_BYTES", 3 * 2**20)
    ended = threading.Event()

    def serve() -> None:
        accepted, _ = listener.accept()
        with accepted, contextlib.suppress(OSError):
            accepted.recv(65_536)
            accepted.sendall(begin)
            while True:
                accepted.sendall(more * (60_000 // len(more)))
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        target = Target("127.0.0.1", listener.getsockname()[1], tls=False, prefix="")
        reply = connect(target).exchange(REQUEST, 240)
        assert (reply.failure, reply.invalid) == ("invalid_reply", told)
        assert len(reply.body) <= 4096
        assert ended.wait(240)
    assert ReplyCheck().explain(reply) == f"expected a reply with a 2xx status, got {told}"


def test_silence_is_a_timeout(scripted: Callable[..., Scripted], connect: Connect) -> None:
    """The deadline is the whole request's: bytes that trickle in don't extend it."""
    server = scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")
    assert connect(server.target).exchange(REQUEST, 0.1).failure == "timeout"


def test_nobody_there_is_refused(connect: Connect) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: refuses, and nobody else can take the port
        target = Target("127.0.0.1", held.getsockname()[1], False, "")
        assert connect(target).exchange(REQUEST, 60).failure == "refused"


def test_a_connection_the_server_closed_while_idle_is_no_failure(
    scripted: Callable[..., Scripted], connect: Connect
) -> None:
    """A keep-alive that ran out is seen before sending, so no request is lost to it."""
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server = scripted(ok, None, ok)
    connection = connect(server.target)
    assert connection.exchange(REQUEST, 60).body == b"ok"
    assert server.hung_up.wait(60)
    assert connection.exchange(REQUEST, 60).failure is None
    assert server.accepted == 2


def test_what_was_sent_and_found_nobody_the_second_time_was_reset(connect: Connect) -> None:
    """The service reads a request on a kept connection and dies: it has seen the request."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(65536)
            listener.close()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    thread = threading.Thread(target=serve)
    connection = connect(Target("127.0.0.1", listener.getsockname()[1], False, ""))
    thread.start()
    assert connection.exchange(REQUEST, 60).body == b"ok"
    assert connection.exchange(REQUEST, 60).failure == "reset"
    thread.join()


@pytest.mark.parametrize(
    ("url", "authority", "prefix"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", ""),
        ("http://example.org/models/", "example.org", "/models"),
        ("https://example.org", "example.org", ""),
        ("http://[::1]:8000", "[::1]:8000", ""),
    ],
)
def test_a_target_is_the_parts_of_a_url(url: str, authority: str, prefix: str) -> None:
    target = Target.parse(url)
    assert (target.authority, target.prefix, target.tls) == (authority, prefix, url.startswith("https"))


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://example.org", "http://"])
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no URL; give one like http://127\.0\.0\.1:8000"):
        Target.parse(url)


def test_a_large_request_is_sent_whole(connect: Connect) -> None:
    """More than the kernel takes at once, to a server that is slow to read."""
    received: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))
    size = 16 * 2**20

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while sum(received) < size:
                received.append(len(connection.recv(65536)))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        target = Target("127.0.0.1", listener.getsockname()[1], tls=False, prefix="")
        assert connect(target).exchange(b"x" * size, 60).body == b"ok"
    assert sum(received) == size


@pytest.fixture(scope="session")
def certificate(require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key."""
    require("openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(path) + ".crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_is_verified(certificate: Path, trusted: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listener.accept()
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        target = Target.parse(f"https://127.0.0.1:{listener.getsockname()[1]}")
        connection = Connection(
            target, gevent_ssl.create_default_context(cafile=certificate) if trusted else None
        )
        reply = connection.exchange(REQUEST, 60)
        connection.close()
    assert (reply.failure, reply.body) == ((None, b"ok") if trusted else ("refused", b""))
    thread.join(60)
