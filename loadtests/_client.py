"""A keep-alive HTTP/1.1 connection that sends ready bytes and says how it ended; errors are values here."""

from __future__ import annotations

import contextlib
import select
from time import perf_counter
from typing import Final

import gevent
import gevent.monkey
import httptools
from gevent import socket, ssl

from loadtests._target import Target

RECEIVE_BYTES: Final = 65_536
IDLE_CHECK_S: Final = 0.5
"""A connection unused for this long is looked at before it is trusted: the server may have closed it."""

_poll = gevent.monkey.get_original("select", "poll")
"""The kernel's own poll: gevent's would yield to other greenlets before a request."""


class Reply:
    """One answer; `failure` is None, or how it failed: 'timeout', 'refused', 'reset' or 'invalid_reply'."""

    __slots__ = (
        "body",
        "complete",
        "failure",
        "framed",
        "headed",
        "keep_alive",
        "received_bytes",
        "retry_after",
        "server_timing",
        "status",
    )

    def __init__(self) -> None:
        self.failure: str | None = None
        self.status = 0
        self.body = b""
        self.received_bytes = 0
        self.retry_after = False
        self.server_timing: bytes | None = None
        self.keep_alive = True
        self.framed = False
        """Whether the head says where the body ends; else the end of the stream does."""
        self.headed = False
        self.complete = False

    # What follows is called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the few headers that matter to measuring and framing."""
        match name.lower():
            case b"content-length" | b"transfer-encoding":
                self.framed = True
            case b"connection":
                self.keep_alive = value.lower() != b"close"
            case b"server-timing":
                self.server_timing = value
            case b"retry-after":
                self.retry_after = True

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.headed = True

    def on_body(self, body: bytes) -> None:
        """Collect the body, which arrives in pieces."""
        self.body = self.body + body if self.body else body

    def on_message_complete(self) -> None:
        """The last byte has come."""
        self.complete = True


class Connection:
    """One connection, opened when needed and kept alive; what the network does to it is a value, no error."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = (tls or ssl.create_default_context()) if target.tls else None
        self._socket: socket.socket | None = None
        self._used_at = 0.0

    def exchange(self, request: bytes, timeout_s: float) -> Reply:
        """Send `request` (head and body) and read the whole reply within `timeout_s`, connecting included."""
        reply = Reply()
        deadline = gevent.Timeout.start_new(timeout_s)
        try:
            connection = self._open()
            try:
                connection.sendall(request)
                if not self._receive(connection, reply):
                    self.close()
            except httptools.HttpParserError:
                self._fail(reply, "invalid_reply")
            except (OSError, EOFError):
                self._fail(reply, "reset")
        except gevent.Timeout as expired:
            if expired is not deadline:
                raise
            self._fail(reply, "timeout")
        except OSError:
            self._fail(reply, "refused")
        finally:
            deadline.close()
        self._used_at = perf_counter()
        return reply

    def close(self) -> None:
        """Close the connection; the next exchange opens a new one."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        if self._socket is not None and perf_counter() - self._used_at > IDLE_CHECK_S and self._is_stale():
            self.close()
        if self._socket is None:
            plain = socket.create_connection((self._target.host, self._target.port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = plain
            if self._tls is not None:
                self._socket = self._tls.wrap_socket(plain, server_hostname=self._target.host)
        return self._socket

    def _is_stale(self) -> bool:
        """Whether something is to be read before anything was asked: the stream's end, most likely."""
        assert self._socket is not None
        poll = _poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    @staticmethod
    def _receive(connection: socket.socket, reply: Reply) -> bool:
        """Read until the reply is complete; return whether the connection may be used again."""
        parser = httptools.HttpResponseParser(reply)
        while not reply.complete:
            data = connection.recv(RECEIVE_BYTES)
            if not data:
                if reply.framed or not reply.headed:
                    raise EOFError("the connection ended before the reply did")
                reply.keep_alive = False
                break
            reply.received_bytes += len(data)
            parser.feed_data(data)
        reply.status = parser.get_status_code()
        return reply.keep_alive and parser.get_http_version() == "1.1"

    def _fail(self, reply: Reply, failure: str) -> None:
        self.close()
        reply.failure = failure
