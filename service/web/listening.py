"""The listening sockets of this process, and how they take no new connections before they are closed.

A listening socket has a queue of connections that the kernel has made and no process has accepted yet. When
its last descriptor is closed the kernel resets them, although their clients may have sent a request. So new
connections are turned away first, and the queue is emptied, before the socket is closed.
"""

from __future__ import annotations

import ctypes
import logging
import os
import select
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_DESCRIPTORS: Final = Path("/dev/fd")
_TCP_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
_SO_ATTACH_FILTER: Final = 26
"""`SO_ATTACH_FILTER` of Linux, which Python's `socket` does not name."""
_DROP_SYN: Final = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load byte 13 of the TCP header, its flags
        (0x45, 0, 1, 0x02),  # skip one instruction unless SYN is set
        (0x06, 0, 0, 0),  # drop the packet
        (0x06, 0, 0, 0xFFFFFFFF),  # keep all of it
    )
)
"""A classic BPF program that drops the first packet of each new connection (filter(7), socket(7))."""

logger = logging.getLogger(__name__)


def find_sockets() -> dict[int, int]:
    """Find this process's TCP sockets: the descriptor of each by its inode.

    Empty on systems that don't list descriptors in /dev/fd.
    """
    found = {}
    for descriptor in [int(each.name) for each in _DESCRIPTORS.iterdir()] if _DESCRIPTORS.is_dir() else ():
        try:
            with _borrow(descriptor) as borrowed:
                if borrowed.type == socket.SOCK_STREAM and borrowed.family in _TCP_FAMILIES:
                    found[os.fstat(descriptor).st_ino] = descriptor
        except OSError:  # no socket, or the descriptor of the list itself, which is closed by now
            continue
    return found


def find_listeners() -> dict[int, int]:
    """Find those of this process's TCP sockets that listen, as `find_sockets` does."""
    found = {}
    for inode, descriptor in find_sockets().items():
        with _borrow(descriptor) as borrowed:
            if borrowed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found[inode] = descriptor
    return found


def turn_away_connections(descriptors: Iterable[int]) -> None:
    """Have these listening sockets ignore attempts to connect; connections that wait there stay.

    Whoever shares a socket is affected, too. A client tries again after a second, and is refused if the
    socket has been closed by then. On systems other than Linux nothing happens.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(_DROP_SYN)
    filtering = struct.pack("HP", len(_DROP_SYN) // 8, ctypes.addressof(program))
    for descriptor in descriptors:
        try:
            with _borrow(descriptor) as listener:
                listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtering)
        except OSError as error:
            logger.warning("connections that arrive during the shutdown may be reset: %s", error)


def have_waiting(descriptors: Iterable[int]) -> bool:
    """Whether connections wait to be accepted at one of these listening sockets."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(0))


@contextmanager
def _borrow(descriptor: int) -> Iterator[socket.socket]:
    """A socket object for somebody else's descriptor, which stays open. Raises OSError if it is no socket."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        yield borrowed
    finally:
        borrowed.detach()
