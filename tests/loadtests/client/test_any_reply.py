"""Whatever bytes come as a reply, however they are cut: an outcome with a name, and nothing left over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadtests.client.connection import Connection
from loadtests.client.reply import Reply, ReplyParser
from tests.loadtests.any_bytes import Answering, cut_bytes, mutate_bytes

REQUEST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"
RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
GOOD = (
    RIGHT,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nServer-Timing: a;dur=1\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nRetry-After: 1\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
)
PIECES = (
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"\xff: \xfe\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"0\r\n\r\n",
    b"HTTP/1.1 ",
    b"100",
    b"-1",
    b"99999999999999999999",
    b"\0",
    b":",
)
PATIENCE_S = 120.0


replies = cut_bytes(mutate_bytes(GOOD, PIECES) | st.binary(max_size=60) | st.sampled_from(GOOD))


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    started = Answering()
    yield started
    started.close()


@settings(max_examples=150)
@given(pieces=replies)
@example(pieces=[RIGHT + RIGHT])
@example(pieces=[GOOD[2][:30], GOOD[2][30:]])
def test_any_reply_has_a_named_outcome(server: Answering, pieces: list[bytes]) -> None:
    """The stream ends after it, so that nothing but the end of the stream decides when."""
    server.pieces = pieces
    with contextlib.closing(Connection(server.target)) as connection:
        reply = connection.exchange(REQUEST, PATIENCE_S)
        assert reply.failure in (None, "reset", "invalid_reply")
        assert not connection.busy
        assert_told(reply)
        assert server.ended.wait(PATIENCE_S)
        server.ended.clear()
        server.pieces = [RIGHT]
        again = connection.exchange(REQUEST, PATIENCE_S)
        assert (again.failure, again.status, bytes(again.body)) == (None, 200, b"right")
        assert server.ended.wait(PATIENCE_S)
        server.ended.clear()


@pytest.mark.parametrize("whole", GOOD[:-1])
@settings(max_examples=30)
@given(data=st.data())
def test_a_reply_is_the_same_however_it_is_cut(whole: bytes, data: st.DataObject) -> None:
    cut = parse(data.draw(cut_bytes(st.just(whole), most=8)))
    uncut = parse([whole])
    assert (cut.status, bytes(cut.body)) == (uncut.status, bytes(uncut.body))
    assert (cut.server_timing, cut.retry_after) == (uncut.server_timing, uncut.retry_after)
    assert cut.list_headers() == uncut.list_headers()


def parse(pieces: Sequence[bytes]) -> Reply:
    """The reply that these pieces are, the last of which ends the stream."""
    reply, parser = Reply(), ReplyParser()
    parser.expect(reply)
    for piece in filter(None, pieces):
        parser.feed(piece)
    if not parser.complete:
        parser.feed_end()
    return reply


def assert_told(reply: Reply) -> None:
    """What came can be told: a reply has a status, and its headers can be listed."""
    assert reply.failure is not None or 100 <= reply.status <= 999
    assert all(isinstance(each, str) for field in reply.list_headers() for each in field)
    assert isinstance(reply.find_header("content-length"), str | None)
