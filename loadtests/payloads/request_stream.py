"""Requests that are encoded while the load goes on, a little ahead of the users who send them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from math import inf
from time import perf_counter
from typing import Final

import gevent
from gevent.event import Event

from loadtests.payloads.request import Request

AHEAD_REQUESTS: Final = 2_048
AHEAD_BYTES: Final = 4 * 2**20
"""So many requests are encoded ahead, or so many bytes of them."""
SLICE_S: Final = 0.002
"""Encoding stops every so often for as long again: a request that is due waits no longer."""

logger = logging.getLogger(__name__)


class RecordsOverError(Exception):
    """The records that requests are made of were all taken."""


class RequestStream:
    """Requests in order, each taken once by one of the users of a process.

    The first ones are encoded when the stream is made; the others by a greenlet that works in slices while
    fewer than `AHEAD_REQUESTS` wait. `make` raises `RecordsOverError` after the last one.
    """

    def __init__(self, name: str, make: Callable[[], Request], records: int | None) -> None:
        self.name = name
        """Of the endpoint."""
        self.records = records
        """How many records there are to take; None where they begin anew."""
        self.records_taken = 0
        self.failed = False
        """Whether requests ended because no more could be made, instead of being over."""
        self._make = make
        self._ready: deque[Request] = deque()
        self._bytes = 0
        self._over = False
        self._encoder: gevent.Greenlet | None = None
        self._encoder_waits = False
        self._asked, self._made = Event(), Event()
        self._encode_for(inf)

    @property
    def is_over(self) -> bool:
        """Whether the last request was taken."""
        return self._over and not self._ready

    def take(self) -> Request | None:
        """The next request; None if there is none any more."""
        if self._encoder is None:
            self._encoder = gevent.spawn(self._keep_ahead)
        while not self._ready:
            if self._over:
                return None
            self._asked.set()
            self._made.clear()
            self._made.wait()
        request = self._ready.popleft()
        self._bytes -= len(request.encoded)
        self.records_taken += request.rows or 1
        if self._encoder_waits and 2 * len(self._ready) < AHEAD_REQUESTS and 2 * self._bytes < AHEAD_BYTES:
            self._asked.set()
        return request

    def close(self) -> None:
        """End the encoding; nothing is taken any more."""
        self._over = True
        self._made.set()
        if self._encoder is not None:
            self._encoder.kill()

    def _keep_ahead(self) -> None:
        while not self._over:
            if self._is_full():
                self._asked.clear()
                self._encoder_waits = True
                self._asked.wait()
                self._encoder_waits = False
            self._encode_for(SLICE_S)
            gevent.sleep(SLICE_S)

    def _is_full(self) -> bool:
        return len(self._ready) >= AHEAD_REQUESTS or self._bytes >= AHEAD_BYTES

    def _encode_for(self, seconds: float) -> None:
        until = perf_counter() + seconds
        while not self._over and not self._is_full() and perf_counter() < until:
            try:
                request = self._make()
            except RecordsOverError:
                self._over = True
            except Exception as error:  # whatever it is, users wait for what comes next
                if seconds == inf:
                    raise
                logger.error("%s; no further request is made for the endpoint %r", error, self.name)
                self._over = self.failed = True
            else:
                self._ready.append(request)
                self._bytes += len(request.encoded)
        self._made.set()
