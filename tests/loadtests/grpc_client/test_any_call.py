"""Whatever bytes come as the reply to a gRPC call: an outcome with a name, and nothing left over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.grpc_client.connection import GrpcConnection, frame_message
from loadtests.grpc_client.readiness import encode_ready_call, read_readiness
from loadtests.grpc_client.tensors import decode_response
from tests.loadtests.any_bytes import Answering, cut_bytes, mutate_bytes

PATIENCE_S = 120.0
READY = frame_message(b"\x08\x01")


def encode_reply(message: bytes, status: str = "0", http_status: str = "200") -> bytes:
    """What a server sends on a new connection, from its settings to the trailers of the first call."""
    client = H2Connection()
    server = H2Connection(H2Configuration(client_side=False))
    client.initiate_connection()
    asked = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "here")]
    client.send_headers(1, asked, end_stream=True)
    server.initiate_connection()
    server.receive_data(client.data_to_send())
    server.send_headers(1, [(":status", http_status), ("content-type", "application/grpc")])
    server.send_data(1, message)
    server.send_headers(1, [("grpc-status", status), ("grpc-message", "a%20b")], end_stream=True)
    return bytes(server.data_to_send())


RIGHT = encode_reply(READY)
GOOD = (
    RIGHT,
    encode_reply(READY, status="14"),
    encode_reply(READY, status="4"),
    encode_reply(b"", http_status="502"),
    encode_reply(b"\1" + READY[1:]),
)
PIECES = (
    bytes(9),
    b"\0\0\4\3\0\0\0\0\1\0\0\0\2",  # RST_STREAM
    b"\0\0\x08\7\0\0\0\0\0" + bytes(8),  # GOAWAY
    b"\0\0\x08\6\0\0\0\0\0" + bytes(8),  # PING
    b"\xff\xff\xff\0\0\0\0\0\1",  # a frame longer than is allowed
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    started = Answering()
    yield started
    started.close()


@settings(max_examples=100)
@given(pieces=cut_bytes(mutate_bytes(GOOD, PIECES) | st.binary(max_size=60) | st.sampled_from(GOOD)))
def test_any_reply_to_a_call_has_a_named_outcome(server: Answering, pieces: list[bytes]) -> None:
    call = encode_ready_call(server.target)
    with contextlib.closing(GrpcConnection(server.target)) as connection:
        server.pieces = pieces
        reply = connection.exchange(call, PATIENCE_S)
        assert reply.failure in (None, "reset", "invalid_reply", "timeout")
        assert not connection.busy
        assert read_readiness(reply) is None or reply.failure is None
        assert all(isinstance(each, str) for field in reply.list_headers() for each in field)
        assert server.ended.wait(PATIENCE_S)
        server.ended.clear()
        server.pieces = [RIGHT]
        assert read_readiness(connection.exchange(call, PATIENCE_S)) == 200
        assert server.ended.wait(PATIENCE_S)
        server.ended.clear()


@given(message=st.binary(max_size=80))
def test_any_message_is_a_reply_or_is_told(message: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode_response(message)
