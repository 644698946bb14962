"""A keep-alive HTTP/1.1 connection that sends ready bytes and says how it ended; errors are values here."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

import gevent
import httptools
from gevent import ssl

from loadtests._target import Target
from loadtests._wire import Wire, connect

IDLE_CHECK_S: Final = 0.5
"""A connection unused for this long is looked at before it is trusted: the server may have closed it."""


class Reply:
    """One answer; `failure` is None, or how it failed: 'timeout', 'refused', 'reset' or 'invalid_reply'."""

    failure: str | None = None
    status = 0
    body = b""
    received_bytes = 0
    retry_after = False
    server_timing: bytes | None = None


class Overdue(BaseException):
    """An exchange has taken as long as it may. Like gevent.Timeout, it passes by `except Exception`."""


class _Stream:
    """What one connection sends back, parsed; one reply after the other."""

    __slots__ = ("_framed", "_headed", "_parser", "complete", "keep_alive", "reply")

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)

    def expect(self, reply: Reply) -> None:
        """The next bytes are this reply's."""
        self.reply = reply
        self.keep_alive = True
        self.complete = False
        self._framed = False
        self._headed = False

    def feed(self, data: bytes) -> None:
        """Take in what was received; HttpParserError if it is no HTTP."""
        self.reply.received_bytes += len(data)
        self._parser.feed_data(data)

    def feed_end(self) -> None:
        """The stream has ended, and with it a reply whose head doesn't say where it ends; else EOFError."""
        if self._framed or not self._headed:
            raise EOFError("the connection ended before the reply did")
        self.reply.status = self._parser.get_status_code()
        self.keep_alive = False
        self.complete = True

    # What follows is called by the parser.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the few headers that matter to measuring and framing."""
        if len(name) not in _LENGTHS:
            return
        name = name.lower()
        if name in _FRAMING:
            self._framed = True
        elif name == b"server-timing":
            told = self.reply.server_timing
            self.reply.server_timing = value if told is None else told + b", " + value
        elif name == b"retry-after":
            self.reply.retry_after = True

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = True

    def on_body(self, body: bytes) -> None:
        """Collect the body, which arrives in pieces."""
        reply = self.reply
        reply.body = reply.body + body if reply.body else body

    def on_message_complete(self) -> None:
        """The last byte has come."""
        self.reply.status = self._parser.get_status_code()
        self.keep_alive = self._parser.should_keep_alive()
        self.complete = True


_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
"""Headers that say where the body ends; without one the end of the stream does."""
_LENGTHS: Final = frozenset(map(len, (*_FRAMING, b"server-timing", b"retry-after")))
"""Headers of other lengths are none of those that matter."""


class Connection:
    """One connection, opened when needed and kept alive; what the network does to it is a value, no error."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = (tls or ssl.create_default_context()) if target.tls else None
        self._wire: Wire | None = None
        self._stream: _Stream
        self._used_at = 0.0
        self._timeout_s = 0.0
        self._timer: Any = None

    def exchange(self, request: bytes, timeout_s: float) -> Reply:
        """Send `request` (head and body) and read the whole reply within `timeout_s`, connecting included."""
        reply = Reply()
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._timer = gevent.get_hub().loop.timer(timeout_s, timeout_s)
        self._timer.again(gevent.getcurrent().throw, Overdue)
        try:
            wire = self._open()
            try:
                self._transfer(wire, request, reply)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                self._fail(reply, "invalid_reply")
            except (OSError, EOFError):
                self._fail(reply, "reset")
        except Overdue:
            self._fail(reply, "timeout")
        except OSError:
            self._fail(reply, "refused")
        finally:
            self._timer.stop()
        self._used_at = perf_counter()
        return reply

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""
        return self._timer is not None and bool(self._timer.active)

    def close(self) -> None:
        """Close the connection; the next exchange opens a new one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _transfer(self, wire: Wire, request: bytes, reply: Reply) -> None:
        stream = self._stream
        stream.expect(reply)
        wire.send(request)
        while not stream.complete:
            data = wire.receive()
            if data:
                stream.feed(data)
            else:
                stream.feed_end()
        if not stream.keep_alive:
            self.close()

    def _open(self) -> Wire:
        wire = self._wire
        if wire is not None and perf_counter() - self._used_at > IDLE_CHECK_S and wire.is_stale():
            self.close()
        if self._wire is None:
            self._wire = connect(self._target, self._tls)
            self._stream = _Stream()
        return self._wire

    def _fail(self, reply: Reply, failure: str) -> None:
        self.close()
        reply.failure = failure
