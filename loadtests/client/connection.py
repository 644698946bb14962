"""A keep-alive HTTP/1.1 connection that sends ready bytes and says how it ended; errors are values here."""

from __future__ import annotations

import errno
import os
from time import perf_counter
from typing import Any, Final

import gevent
import httptools
from gevent import socket, ssl

from loadtests.client.sockets import Wire, connect
from loadtests.client.target import Target

OUR_LIMITS: Final = {
    errno.EMFILE: "no_descriptor",
    errno.ENFILE: "no_descriptor",
    errno.EADDRNOTAVAIL: "no_port",
}
"""Errors of opening a connection that are this machine's: of file descriptors, of ports there are no more."""
FINAL: Final = 200
"""Replies of lower statuses are interim: another one follows."""
SWITCHING: Final = 101
"""But for this one: what follows it is no HTTP."""
RACE_S: Final = 0.05
"""A server that closes a connection as a request leaves shows it within a round trip; later it hung up."""


class Reply:
    """One answer; `failure` is None, or how it failed.

    That is 'timeout', 'refused', 'reset' or 'invalid_reply', and 'no_descriptor' or 'no_port' where this
    machine had none left.
    """

    failure: str | None = None
    status = 0
    body: bytes | bytearray = b""
    received_bytes = 0
    retry_after = False
    server_timing: bytes | None = None
    resent = False
    """Whether the request was sent twice: the server had closed the connection as the first one left."""


class UnreachedError(Exception):
    """No connection could be opened; the argument is the reply's `failure`."""


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

    def on_message_begin(self) -> None:
        """A reply begins; one behind the awaited one answers nothing, and what carries it isn't trusted."""
        if self.complete:
            self.keep_alive = False
            self.reply = Reply()

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
        if not reply.body:
            reply.body = body
        else:
            if isinstance(reply.body, bytes):
                reply.body = bytearray(reply.body)
            reply.body += body

    def on_message_complete(self) -> None:
        """The last byte has come: of the reply, or of an interim one that announces it (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        if status < FINAL and status != SWITCHING:
            self._announced()
        elif not self.complete:
            self.reply.status = status
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = True

    def _announced(self) -> None:
        """What was said in an interim reply is not said of the final one."""
        self._framed = self._headed = False
        self.reply.server_timing = None
        self.reply.retry_after = False


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
        self._timeout_s = 0.0
        self._timer: Any = None

    def exchange(self, request: bytes, timeout_s: float, repeatable: bool = False) -> Reply:
        """Send `request` (head and body) and read the whole reply within `timeout_s`, connecting included.

        A server may close a kept connection at any moment. A request lost to that, at once and before any
        byte of a reply, is sent once more over a fresh one if it is `repeatable` or seems never to have been
        read.
        """
        reply = Reply()
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._timer = gevent.get_hub().loop.timer(timeout_s, timeout_s)
        self._timer.again(gevent.getcurrent().throw, Overdue)
        try:
            kept, sent = self._is_kept(), perf_counter()
            try:
                self._transfer(request, reply)
            except (OSError, EOFError) as error:
                at_once = kept and not reply.received_bytes and perf_counter() - sent < RACE_S
                if not at_once or not (repeatable or self._was_unread(error, sent)):
                    raise
                self.close()
                reply.resent = True
                self._transfer(request, reply)
        except UnreachedError as error:
            self._fail(reply, error.args[0])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(reply, "invalid_reply")
        except (OSError, EOFError):
            self._fail(reply, "reset")
        except Overdue:
            self._fail(reply, "timeout")
        finally:
            self._timer.stop()
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

    def _is_kept(self) -> bool:
        """Whether there is a connection to use again; one that the server has closed meanwhile is dropped."""
        if self._wire is not None and self._wire.is_stale():
            self.close()
        return self._wire is not None

    def _was_unread(self, error: Exception, sent: float) -> bool:
        """Whether the request met a connection that was closed already, as the server's kernel says (reset).

        A program that reads a request and then hangs up ends the stream instead, as a rule. Over a network
        the reset comes behind the stream's end: it is waited for, a moment.
        """
        if isinstance(error, ConnectionResetError | BrokenPipeError):
            return True
        while self._wire is not None and not self._wire.was_rejected():
            if perf_counter() - sent > RACE_S:
                return False
            gevent.sleep(RACE_S / 10)
        return self._wire is not None

    def _transfer(self, request: bytes, reply: Reply) -> None:
        wire = self._open() if self._wire is None else self._wire
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
        try:
            wire = self._wire = connect(self._target, self._tls)
        except OSError as error:
            raise UnreachedError(_failure_of(error)) from None
        self._stream = _Stream()
        return wire

    def _fail(self, reply: Reply, failure: str) -> None:
        self.close()
        reply.failure = failure


def _failure_of(error: OSError) -> str:
    """Why no connection could be opened: the service's doing ('refused'), or what this machine lacks."""
    number = error.errno
    if isinstance(error, socket.gaierror):  # it tells of the look-up, not what kept that from files
        number = _lacking()
    return OUR_LIMITS.get(number or 0, "refused")


def _lacking() -> int | None:
    """The number of the error that opening a file meets now."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno
    return None
