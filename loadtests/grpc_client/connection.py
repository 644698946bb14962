"""A connection that makes unary gRPC calls, one at a time, over HTTP/2.

The protocol's frames are those of the library `h2`; sockets, the timeout and the clock are those of the
HTTP/1.1 connection. grpcio's own client runs threads of its own, which gevent can't see and which don't
survive a fork; with its gevent support it needed as much processor time a call (228 against 226 us, medians
of three alternating rounds of 3,000 calls on 16 connections, two shared cores, 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import httptools
from gevent import ssl
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error

from loadtests.client.connection import Connection
from loadtests.client.reply import Reply, require_bounded
from loadtests.client.sockets import Socket
from loadtests.client.target import Target
from loadtests.grpc_client.statuses import DEADLINE_EXCEEDED, STATUSES

PREFIX_BYTES: Final = 5
"""In front of each message: whether it is compressed, and its length."""
_NOT_SENT: Final = ("host", "connection", "content-length", "accept")
"""Headers of HTTP/1.1 that a call does not have."""

Headers = tuple[tuple[str, str], ...]


def frame_message(message: bytes) -> bytes:
    """A message as a call carries it: uncompressed, with its length in front."""
    return b"\0" + len(message).to_bytes(4, "big") + message


@dataclass
class _Call:
    """What a connection collects of one reply."""

    stream: int
    headers: dict[str, str] = field(default_factory=dict)
    """Those before the message and those after it."""
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False


class GrpcConnection(Connection):
    """One connection to a target, opened when needed and kept alive.

    A request is encoded as for HTTP/1.1: a request line, header fields, an empty line, the framed message.
    In a reply, `status` is the HTTP status that means the same as the status of the call, `body` the
    message, and `first_bytes` the headers and trailers as text.
    """

    def __init__(self, target: Target, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(target, tls)
        self._http2 = H2Connection()
        self._is_going = False
        """Whether the server has announced that it will close the connection."""
        self._is_new = True

    @staticmethod
    def make_tls_context() -> ssl.SSLContext:
        """A context that verifies certificates and asks for HTTP/2; connections may share it."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2"])
        return context

    def _open(self) -> Socket:
        opened = super()._open()
        self._http2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self._http2.initiate_connection()
        self._is_going, self._is_new = False, True
        return opened

    def _is_kept(self) -> bool:
        """Whether there is a connection to use again: what the server sent meanwhile is read first."""
        while self._socket is not None and self._socket.is_stale():
            try:
                self._receive(self._socket, None)
            except (OSError, EOFError, ValueError, H2Error, httptools.HttpParserError):
                self.close()
        if self._is_going:
            self.close()
        return self._socket is not None

    def _transfer(self, request: bytes, reply: Reply) -> None:
        connected = self._open() if self._socket is None else self._socket
        head, _, message = request.partition(b"\r\n\r\n")
        try:
            call = self._begin(connected, _read_head(head, self._target.tls, self._timeout_s), message)
            while not call.complete:
                size = self._receive(connected, call)
                reply.received_bytes += size if call.headers else 0
                require_bounded(len(call.data))
            _fill(reply, call)
        except (H2Error, ValueError) as error:
            raise httptools.HttpParserError(f"no HTTP/2: {error}") from None
        if self._is_going:
            self.close()

    def _begin(self, connected: Socket, headers: Headers, message: bytes) -> _Call:
        """Send a request; the server may have to make room for a long message first."""
        http2 = self._http2
        call = _Call(http2.get_next_available_stream_id())
        http2.send_headers(call.stream, headers)
        rest = memoryview(message)
        while True:
            room = min(http2.local_flow_control_window(call.stream), http2.max_outbound_frame_size)
            part, rest = rest[:room], rest[room:]
            http2.send_data(call.stream, bytes(part), end_stream=not rest)
            if not rest:
                break
            if not http2.local_flow_control_window(call.stream):
                connected.send(http2.data_to_send())
                self._receive(connected, call)
        connected.send(http2.data_to_send())
        return call

    def _receive(self, connected: Socket, call: _Call | None) -> int:
        """Read what has arrived, and answer it; the number of bytes."""
        data = connected.receive()
        if not data:
            raise EOFError("the connection ended before the reply did")
        if self._is_new and data.startswith(b"HTTP/1"):
            raise httptools.HttpParserError("the server speaks HTTP/1")
        self._is_new = False
        for event in self._http2.receive_data(data):
            if call is not None and getattr(event, "stream_id", None) == call.stream:
                self._collect(event, call)
            if isinstance(event, events.ConnectionTerminated):
                self._is_going = True
                if call is not None and (event.last_stream_id or 0) < call.stream:
                    raise ConnectionResetError(
                        "the server is closing the connection, and has not read the call"
                    )
        if answer := self._http2.data_to_send():
            connected.send(answer)
        return len(data)

    def _collect(self, event: Any, call: _Call) -> None:
        match event:
            case events.ResponseReceived() | events.TrailersReceived():
                call.headers.update((str(name), str(value)) for name, value in event.headers)
            case events.DataReceived():
                call.data.extend(event.data)
                self._http2.acknowledge_received_data(event.flow_controlled_length, call.stream)
            case events.StreamEnded():
                call.complete = True
            case events.StreamReset():
                raise ConnectionResetError(f"the server reset the call (HTTP/2 error {event.error_code})")


@lru_cache(maxsize=4096)
def _read_head(head: bytes, tls: bool, timeout_s: float) -> Headers:
    """The header fields of a call, from the encoded head of a request."""
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    given = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    authority = next(value for name, value in given if name == "host")
    return (
        (":method", method),
        (":scheme", "https" if tls else "http"),
        (":path", path),
        (":authority", authority),
        ("te", "trailers"),
        ("grpc-timeout", f"{max(1, round(timeout_s * 1000))}m"),
        *((name, value) for name, value in given if name not in _NOT_SENT),
    )


def _fill(reply: Reply, call: _Call) -> None:
    """Put the outcome of a call into the reply."""
    told = call.headers
    lines = "".join(f"\r\n{name}: {value}" for name, value in told.items() if not name.startswith(":"))
    reply.first_bytes = f"HTTP/2 {told.get(':status', '')}{lines}\r\n\r\n".encode()
    if timing := told.get("server-timing"):
        reply.server_timing = timing.encode()
    code = told.get("grpc-status", "")
    if told.get(":status") != "200" or not (code.isascii() and code.isdigit()):
        reply.status = int(told.get(":status") or 0)
        if reply.status == 200:  # whoever answered does not speak gRPC
            reply.failure = "invalid_reply"
        return
    reply.status = STATUSES.get(int(code), STATUSES[2]).http
    if int(code) == DEADLINE_EXCEEDED:
        reply.failure = "timeout"
    elif int(code) == 0:
        length = int.from_bytes(call.data[1:PREFIX_BYTES], "big")
        if call.data[:1] != b"\0" or len(call.data) != PREFIX_BYTES + length:
            reply.failure = "invalid_reply"
        else:
            reply.body = bytes(call.data[PREFIX_BYTES:])
    else:
        reply.body = unquote(told.get("grpc-message", "")).encode()
