"""The graceful stop: after SIGTERM the service is not ready, but still serves, until the notice is over."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType

from rest_model_service.schemas import ReadinessStatus
from rest_model_service.status_manager import StatusManager

_ORDERS = (signal.SIGTERM, signal.SIGINT)


class Drain:
    """Puts a notice before the server's own graceful stop, in which accepted requests are answered.

    Whoever watches readiness (a load balancer, Kubernetes) sends nothing new by the end of the notice, and
    replies ask their connections to close: so no request meets a closed door. A second signal ends the
    notice at once.
    """

    def __init__(self, notice_s: float) -> None:
        self._notice_s = notice_s
        self.draining = False

    def install(self) -> None:
        """Stand before the server's signal handlers; to be called on the running event loop."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for order in _ORDERS:
            stop = signal.getsignal(order)
            if callable(stop):
                signal.signal(order, self._before(stop, loop))

    def _before(self, stop: signal._HANDLER, loop: asyncio.AbstractEventLoop) -> signal._HANDLER:
        assert callable(stop)

        def on_signal(number: int, frame: FrameType | None) -> None:
            again, self.draining = self.draining, True
            StatusManager().set_readiness_status(ReadinessStatus.REFUSING_TRAFFIC)
            if again or self._notice_s == 0.0:
                stop(number, frame)
            else:
                loop.call_soon_threadsafe(loop.call_later, self._notice_s, stop, number, None)

        return on_signal
