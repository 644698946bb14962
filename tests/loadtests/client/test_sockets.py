"""Sockets send all of what they are given, wait for what comes, and see what the peer has closed."""

from __future__ import annotations

import os
import socket
import struct
import tracemalloc
from collections.abc import Iterator

import gevent
import gevent.socket
import pytest

from loadtests.client import sockets
from loadtests.client.sockets import PlainSocket, open_socket
from loadtests.client.target import Target


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture(params=["poll", "no poll"])
def pair(
    listener: socket.socket, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PlainSocket, socket.socket]]:
    """One of ours and its peer; also where the system has no poll."""
    if request.param == "no poll":
        monkeypatch.setattr(sockets, "_poll", None)
    ours = open_socket(Target("127.0.0.1", listener.getsockname()[1], False, ""), None)
    assert isinstance(ours, PlainSocket)
    theirs, _ = listener.accept()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_more_than_the_kernel_takes_at_once_is_sent_to_its_end(
    pair: tuple[PlainSocket, socket.socket],
) -> None:
    ours, theirs = pair
    data = os.urandom(8 * 2**20)
    sending = gevent.spawn(ours.send, data)
    reading = gevent.socket.socket(fileno=theirs.detach())
    received = bytearray()
    while len(received) < len(data):
        received += reading.recv(2**20)
    sending.join(30)
    reading.close()
    assert bytes(received) == data


def test_receiving_waits_for_bytes_and_ends_with_the_stream(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, theirs = pair
    receiving = gevent.spawn(ours.receive)
    gevent.sleep(0)
    assert not receiving.ready()
    theirs.sendall(b"here")
    assert receiving.get(timeout=30) == b"here"
    theirs.shutdown(socket.SHUT_WR)
    assert ours.receive() == b""


def test_a_kept_connection_is_stale_once_the_peer_has_closed_it(
    pair: tuple[PlainSocket, socket.socket],
) -> None:
    ours, theirs = pair
    assert not ours.is_stale()
    theirs.close()
    with gevent.Timeout(30):
        while not ours.is_stale():
            gevent.sleep(0)


def test_a_reset_by_the_peer_is_seen(pair: tuple[PlainSocket, socket.socket]) -> None:
    ours, theirs = pair
    assert not ours.was_rejected()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    with gevent.Timeout(30):
        while not ours.is_stale():
            gevent.sleep(0)
    assert ours.was_rejected()


def test_where_nobody_listens_opening_fails(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(OSError, match="refused"):
            open_socket(Target(host, port, False, ""), None)


def test_what_was_received_stays_as_it_was_when_more_comes(pair: tuple[PlainSocket, socket.socket]) -> None:
    """All connections receive into one buffer."""
    ours, theirs = pair
    received = []
    for each in (b"first", b"second", b"3"):
        theirs.sendall(each)
        received.append(ours.receive())
    assert received == [b"first", b"second", b"3"]


def test_a_short_reply_takes_no_more_memory_than_it_has_bytes(
    pair: tuple[PlainSocket, socket.socket],
) -> None:
    """Room for the longest, given back afterwards, would leave gaps: the heap would grow for hours."""
    ours, theirs = pair
    theirs.sendall(bytes(300))
    tracemalloc.start()
    try:
        received = ours.receive()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(received) == 300
    assert most < sockets.RECEIVE_BYTES / 4
