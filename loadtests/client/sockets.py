"""Bytes out and in over one connection: plain TCP by the shortest way, TLS by gevent's own."""

from __future__ import annotations

import contextlib
import errno
import os
import select
from typing import Any, Final

import gevent.monkey
from gevent import get_hub, getcurrent, socket, ssl

from loadtests.client.target import Target

RECEIVE_BYTES: Final = 65_536
READ, WRITE = 1, 2
REJECTED: Final = (errno.ECONNRESET, errno.EPIPE)
"""Errors left by a TCP reset; by the latter where the peer had ended the stream before."""

_KernelSocket: Any = gevent.monkey.get_original("socket", "socket")
_poll: Any = gevent.monkey.get_original("select", "poll")
"""The kernel's own poll: gevent's would yield to other greenlets before a request."""


class PlainWire:
    """A TCP connection read when the event loop says so.

    Where gevent's socket tries to read first, which before a reply never succeeds, this one waits first;
    it keeps its watcher, and the watcher wakes the waiting greenlet itself, with nothing between them.
    """

    def __init__(self, connected: Any) -> None:
        self._socket = connected
        self._socket.setblocking(False)
        self._hub = get_hub()
        self._readable = self._hub.loop.io(self._socket.fileno(), READ)
        self._poll = _poll_of(self._socket)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        sent = self._try_send(data)
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:])

    def receive(self) -> bytes:
        """Some bytes; none at the stream's end."""
        while True:
            self._readable.start(getcurrent().switch)
            try:
                self._hub.switch()
            finally:
                self._readable.stop()
            try:
                received: bytes = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            return received

    def is_stale(self) -> bool:
        """Whether something is to be read before anything was asked: the stream's end, most likely."""
        return bool(self._poll.poll(0))

    def was_rejected(self) -> bool:
        """Whether the peer's kernel refused what was sent, because its program had closed the connection."""
        return _error_of(self._socket) in REJECTED

    def close(self) -> None:
        """Close the connection."""
        self._readable.close()
        self._socket.close()

    def _try_send(self, data: bytes | memoryview) -> int:
        try:
            sent: int = self._socket.send(data)
        except BlockingIOError:
            return 0
        return sent

    def _send_rest(self, rest: memoryview) -> None:
        writable = self._hub.loop.io(self._socket.fileno(), WRITE)
        try:
            while rest:
                self._hub.wait(writable)
                rest = rest[self._try_send(rest) :]
        finally:
            writable.close()


class TlsWire:
    """A TLS connection, its server's name verified."""

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._socket = context.wrap_socket(connected, server_hostname=name)
        self._poll = _poll_of(self._socket)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Some bytes; none at the stream's end."""
        received: bytes = self._socket.recv(RECEIVE_BYTES)
        return received

    def is_stale(self) -> bool:
        """Whether something is to be read before anything was asked: the stream's end, most likely."""
        return bool(self._poll.poll(0))

    def was_rejected(self) -> bool:
        """Whether the peer's kernel refused what was sent, because its program had closed the connection."""
        return _error_of(self._socket) in REJECTED

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()


Wire = PlainWire | TlsWire


def connect(target: Target, context: ssl.SSLContext | None) -> Wire:
    """A connection to the target, with TLS where a `context` is given; OSError where there is none."""
    if context is None and target.family is not None:
        return PlainWire(_reach(target))
    connected = _reach_name(target)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return PlainWire(_KernelSocket(fileno=connected.detach()))
    try:
        return TlsWire(connected, context, target.host)
    except BaseException:
        connected.close()
        raise


def _reach_name(target: Target) -> socket.socket:
    """A socket connected to one of the addresses of a name.

    Of their errors the most telling one: a family of addresses that this machine hasn't got fails like a
    lack of ports.
    """
    errors: list[OSError] = []
    for family, kind, _, _, address in socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM):
        reaching = socket.socket(family, kind)
        try:
            reaching.connect(address)
        except OSError as error:
            reaching.close()
            errors.append(error)
        except BaseException:
            reaching.close()
            raise
        else:
            return reaching
    raise min(errors, key=lambda error: error.errno == errno.EADDRNOTAVAIL)


def _reach(target: Target) -> Any:
    """A kernel's socket connected to an address that needs no look-up, which would wake a thread."""
    reaching = _KernelSocket(target.family, socket.SOCK_STREAM)
    try:
        reaching.setblocking(False)
        reaching.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = reaching.connect_ex((target.host, target.port))
        if error == errno.EINPROGRESS:
            hub = get_hub()
            writable = hub.loop.io(reaching.fileno(), WRITE)
            try:
                hub.wait(writable)
            finally:
                writable.close()
            error = reaching.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
    except BaseException:
        reaching.close()
        raise
    return reaching


def _error_of(connected: Any) -> int:
    """The number of the error that is pending on a socket, 0 for none."""
    try:
        return int(connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    except OSError as error:
        return error.errno or 0


def _poll_of(connected: Any) -> Any:
    """What tells at once whether a socket has something to be read, or has been closed by its peer."""
    poll = _poll()
    poll.register(connected.fileno(), select.POLLIN)
    return poll
