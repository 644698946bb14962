"""A keep-alive HTTP/1.1 connection that sends encoded requests; network errors are values, not exceptions.

It needs 0.3 of the processor time of FastHttpUser with ready bodies (`benchmarks/results/generator.md`).
"""

from __future__ import annotations

import errno
import os
from time import perf_counter
from typing import Any, Final

import gevent
import httptools
from gevent import socket, ssl

from loadtests.client.reply import MOST_KEPT_BYTES, OversizedReplyError, Reply, ReplyParser
from loadtests.client.sockets import Socket, open_socket
from loadtests.client.target import Target

OUR_LIMITS: Final = {
    errno.EMFILE: "no_descriptor",
    errno.ENFILE: "no_descriptor",
    errno.EADDRNOTAVAIL: "no_port",
}
"""Errors of opening a connection caused by this machine: no file descriptors or no ports left."""
RACE_S: Final = 0.05
"""A server that closed a connection before it read the request shows it within this time."""


class UnreachableError(Exception):
    """No connection could be opened; the argument is the reply's `failure`."""


class ExchangeTimeout(BaseException):
    """An exchange took too long; no `Exception`, like gevent.Timeout, so that no handler swallows it."""


class Connection:
    """One connection to a target, opened when needed and kept alive."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = (tls or self.make_tls_context()) if target.tls else None
        self._socket: Socket | None = None
        self._parser: ReplyParser
        self._timeout_s = 0.0
        self._timer: Any = None

    @staticmethod
    def make_tls_context() -> ssl.SSLContext:
        """A context that verifies certificates; connections may share it."""
        return ssl.create_default_context()

    def exchange(self, request: bytes, timeout_s: float, repeatable: bool = False) -> Reply:
        """Send `request` (head and body) and read the whole reply within `timeout_s`, connecting included.

        A server may close a kept connection at any moment. A request lost to that, before any byte of a
        reply, is sent once more over a new connection if it is `repeatable` or was probably never read. Where
        the new one is refused, the failure is still 'reset': the request was sent.
        """
        reply = Reply()
        if timeout_s != self._timeout_s:
            self._timeout_s = timeout_s
            self._timer = gevent.get_hub().loop.timer(timeout_s, timeout_s)
        self._timer.again(gevent.getcurrent().throw, ExchangeTimeout)
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
        except UnreachableError as error:
            lost = reply.resent and error.args[0] == "refused"
            self._fail(reply, "reset" if lost else error.args[0])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(reply, "invalid_reply")
        except OversizedReplyError as error:
            reply.invalid = str(error)
            reply.body = bytes(reply.body[:MOST_KEPT_BYTES])
            self._fail(reply, "invalid_reply")
        except (OSError, EOFError):
            self._fail(reply, "reset")
        except ExchangeTimeout:
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
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _is_kept(self) -> bool:
        """Whether there is a connection to use again; one that the server closed meanwhile is dropped."""
        if self._socket is not None and self._socket.is_stale():
            self.close()
        return self._socket is not None

    def _was_unread(self, error: Exception, sent: float) -> bool:
        """Whether the server had closed the connection before the request arrived: its kernel sends a reset.

        A program that reads a request and then closes usually ends the stream without one. Over a network
        the reset arrives after the end of the stream, so this waits for it up to `RACE_S`.
        """
        if isinstance(error, ConnectionResetError | BrokenPipeError):
            return True
        while self._socket is not None and not self._socket.was_rejected():
            if perf_counter() - sent > RACE_S:
                return False
            gevent.sleep(RACE_S / 10)
        return self._socket is not None

    def _transfer(self, request: bytes, reply: Reply) -> None:
        connected = self._open() if self._socket is None else self._socket
        parser, bodiless = self._parser, request.startswith(b"HEAD ")
        parser.expect(reply, bodiless)
        connected.send(request)
        while not parser.complete:
            data = connected.receive()
            if data:
                parser.feed(data)
            else:
                parser.feed_end()
        if bodiless:
            self._parser = ReplyParser()
        if not parser.keep_alive:
            self.close()

    def _open(self) -> Socket:
        try:
            opened = self._socket = open_socket(self._target, self._tls)
        except OSError as error:
            raise UnreachableError(_classify(error)) from None
        self._parser = ReplyParser()
        return opened

    def _fail(self, reply: Reply, failure: str) -> None:
        self.close()
        reply.failure = failure


def _classify(error: OSError) -> str:
    """Why no connection could be opened: 'refused' by the service, or what this machine has run out of."""
    number = error.errno
    if isinstance(error, socket.gaierror):  # a failed look-up hides that no file could be opened
        number = _exhausted_resource()
    return OUR_LIMITS.get(number or 0, "refused")


def _exhausted_resource() -> int | None:
    """The error number of opening a file now; None if that works."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno
    return None
