"""Graceful shutdown: not ready but still serving; then no new connections; then the server's own shutdown."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Final

from rest_model_service.schemas import ReadinessStatus
from rest_model_service.status_manager import StatusManager

from service.web.listening import find_listeners, find_sockets, have_waiting, turn_away_connections

LAST_REQUESTS_S: Final = 0.5
"""How long connections are still served after new ones are turned away: a client that has connected sends its
request within this time."""
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_MOST_WAITS: Final = 10


class Drain:
    """Delays the server's own graceful shutdown until no request is lost by it.

    First there is a notice period. Load balancers and Kubernetes watch readiness and send nothing new by the
    end of it, and replies ask clients to close their connections, so no request is sent into a connection
    that is being closed. Then new connections are turned away, and those that the kernel has made are
    accepted and served for `LAST_REQUESTS_S`; longer only if more of them wait than are accepted in that
    time. Each further signal ends the current wait at once.

    A socket that was there before the server started belongs to several processes, and their parent
    turns connections away there (`service/web/workers.py`).
    """

    def __init__(self, notice_s: float) -> None:
        self._notice_s = notice_s
        self._shared: frozenset[int] = frozenset()
        self._waits = self._wait_in_turn()
        self._next: asyncio.TimerHandle | None = None
        self._ended = False
        self.draining = False

    def install(self) -> None:
        """Run before the server's signal handlers; call it on the running event loop, in its main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._shared = frozenset(find_sockets())
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            stop = signal.getsignal(number)
            if callable(stop):
                signal.signal(number, self._delay(stop, loop))
        if multiprocessing.parent_process() is not None:
            # Ctrl-C reaches all processes of a terminal; the parent passes it on as SIGTERM.
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _delay(self, stop: signal._HANDLER, loop: asyncio.AbstractEventLoop) -> signal._HANDLER:
        assert callable(stop)

        def on_signal(number: int, frame: FrameType | None) -> None:
            self.draining = True
            StatusManager().set_readiness_status(ReadinessStatus.REFUSING_TRAFFIC)
            if self._ended:
                stop(number, frame)
            else:
                loop.call_soon_threadsafe(self._go_on, partial(stop, number, None))

        return on_signal

    def _go_on(self, stop: Callable[[], object]) -> None:
        """End the current wait; begin the next one, or stop the server if there is none."""
        if self._next is not None:
            self._next.cancel()
        wait_s = next(self._waits, None)
        if wait_s is None:
            self._ended = True
            stop()
        else:
            self._next = asyncio.get_running_loop().call_later(wait_s, self._go_on, stop)

    def _wait_in_turn(self) -> Iterator[float]:
        """The seconds of each wait, one after the other."""
        if self._notice_s > 0.0:
            yield self._notice_s
        listeners = find_listeners()
        turn_away_connections(
            descriptor for inode, descriptor in listeners.items() if inode not in self._shared
        )
        yield LAST_REQUESTS_S
        for _ in range(_MOST_WAITS):
            if not have_waiting(listeners.values()):
                return
            yield LAST_REQUESTS_S
