"""Sends and receives bytes over one connection: plain TCP with few system calls, TLS through gevent."""

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
_select: Any = gevent.monkey.get_original("select", "select")
_poll: Any = gevent.monkey.get_original("select", "poll") if hasattr(select, "poll") else None
"""The kernel's own, as gevent's would yield to other greenlets before a request. Some systems lack poll."""
_received = memoryview(bytearray(RECEIVE_BYTES))
"""Where all connections receive: none yields to another before it has copied what came.

`recv(RECEIVE_BYTES)` would reserve that much for each reply and give back what was not needed. A reply that
is kept, as the last one of each connection is, then leaves a gap too small for the next, and the heap grows.
"""


class PlainSocket:
    """A TCP connection that waits before it reads.

    gevent's socket tries to read first, which never succeeds before a reply. This one waits first, and keeps
    one watcher that switches straight to the waiting greenlet.
    """

    def __init__(self, connected: Any) -> None:
        self._socket = connected
        self._socket.setblocking(False)
        self._hub = get_hub()
        self._readable = self._hub.loop.io(self._socket.fileno(), READ)
        self._poll = _poll_for(self._socket)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        sent = self._try_send(data)
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:])

    def receive(self) -> bytes:
        """Received bytes; empty at the end of the stream."""
        while True:
            self._readable.start(getcurrent().switch)
            try:
                self._hub.switch()
            finally:
                self._readable.stop()
            try:
                return bytes(_received[: self._socket.recv_into(_received)])
            except BlockingIOError:
                continue

    def is_stale(self) -> bool:
        """Whether there is something to read before a request: most likely the end of the stream."""
        return bool(self._poll.poll(0))

    def was_rejected(self) -> bool:
        """Whether the peer reset the connection, because its program had closed it."""
        return _pending_error(self._socket) in REJECTED

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


class TlsSocket:
    """A TLS connection whose server name is verified."""

    def __init__(self, connected: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._socket = context.wrap_socket(connected, server_hostname=name)
        self._poll = _poll_for(self._socket)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Received bytes; empty at the end of the stream."""
        return bytes(_received[: self._socket.recv_into(_received)])

    def is_stale(self) -> bool:
        """Whether there is something to read before a request: most likely the end of the stream."""
        return bool(self._poll.poll(0))

    def was_rejected(self) -> bool:
        """Whether the peer reset the connection, because its program had closed it."""
        return _pending_error(self._socket) in REJECTED

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()


Socket = PlainSocket | TlsSocket


def open_socket(target: Target, context: ssl.SSLContext | None) -> Socket:
    """Open a connection to the target, with TLS if a `context` is given; OSError if that fails."""
    if context is None and target.family is not None:
        return PlainSocket(_connect_address(target))
    connected = _connect_by_name(target)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        return PlainSocket(_KernelSocket(fileno=connected.detach()))
    try:
        return TlsSocket(connected, context, target.host)
    except BaseException:
        connected.close()
        raise


def _connect_by_name(target: Target) -> socket.socket:
    """A socket connected to one of the addresses of a name.

    If all fail, the most telling error is raised: an address family that this machine lacks fails like a
    lack of ports.
    """
    errors: list[OSError] = []
    for family, kind, _, _, address in socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM):
        connecting = socket.socket(family, kind)
        try:
            connecting.connect(address)
        except OSError as error:
            connecting.close()
            errors.append(error)
        except BaseException:
            connecting.close()
            raise
        else:
            return connecting
    raise min(errors, key=lambda error: error.errno == errno.EADDRNOTAVAIL)


def _connect_address(target: Target) -> Any:
    """A kernel socket connected to an address: no look-up, which would wake a thread."""
    connecting = _KernelSocket(target.family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = connecting.connect_ex((target.host, target.port))
        if error == errno.EINPROGRESS:
            hub = get_hub()
            writable = hub.loop.io(connecting.fileno(), WRITE)
            try:
                hub.wait(writable)
            finally:
                writable.close()
            error = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _pending_error(connected: Any) -> int:
    """The number of the pending error of a socket, 0 for none."""
    try:
        return int(connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    except OSError as error:
        return error.errno or 0


class _SelectOne:
    """A poll object for one socket, where the system has none; its number must be below 1,024."""

    def __init__(self, number: int) -> None:
        self._number = number

    def poll(self, timeout_ms: int) -> list[int]:
        """The socket, if it has something to read within `timeout_ms`."""
        readable: list[int] = _select([self._number], [], [], timeout_ms / 1000.0)[0]
        return readable


def _poll_for(connected: Any) -> Any:
    """A poll object that tells whether a socket has something to read or was closed by its peer."""
    if _poll is None:
        return _SelectOne(connected.fileno())
    poll = _poll()
    poll.register(connected.fileno(), select.POLLIN)
    return poll
