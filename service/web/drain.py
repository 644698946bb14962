"""Graceful shutdown: after SIGTERM the service is not ready, but still serves, until the notice is over."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType

from rest_model_service.schemas import ReadinessStatus
from rest_model_service.status_manager import StatusManager

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Drain:
    """Delays the server's own graceful shutdown by a notice period, in which connections are drained.

    Load balancers and Kubernetes watch readiness and send nothing new by the end of the notice, and replies
    ask clients to close their connections, so no request is sent into a connection that is being closed. A
    second signal ends the notice at once.
    """

    def __init__(self, notice_s: float) -> None:
        self._notice_s = notice_s
        self.draining = False

    def install(self) -> None:
        """Run before the server's signal handlers; call it on the running event loop, in its main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            stop = signal.getsignal(number)
            if callable(stop):
                signal.signal(number, self._delay(stop, loop))

    def _delay(self, stop: signal._HANDLER, loop: asyncio.AbstractEventLoop) -> signal._HANDLER:
        assert callable(stop)

        def on_signal(number: int, frame: FrameType | None) -> None:
            again, self.draining = self.draining, True
            StatusManager().set_readiness_status(ReadinessStatus.REFUSING_TRAFFIC)
            if again or self._notice_s == 0.0:
                stop(number, frame)
            else:
                loop.call_soon_threadsafe(loop.call_later, self._notice_s, stop, number, None)

        return on_signal
