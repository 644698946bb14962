"""A generator process watches itself: processor, memory, and how late its own event loop runs."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

import gevent
import psutil

from loadtests._recording import Observation

HEARTBEAT_S: Final = 0.02
PERIOD_S: Final = 1.0


class Monitor:
    """Observe this process once a second until stopped; `observe(observations)` takes what was seen."""

    def __init__(self, observe: Callable[[list[Observation]], None], source: str) -> None:
        self._observe = observe
        self._source = source
        self._process = psutil.Process()
        self._worst_lag_s = 0.0
        self._greenlets = [gevent.spawn(self._beat), gevent.spawn(self._report)]

    def stop(self) -> None:
        """End the observation."""
        gevent.killall(self._greenlets)

    def _beat(self) -> None:
        """A heartbeat: what it oversleeps, every other greenlet waited too."""
        while True:
            asleep = perf_counter()
            gevent.sleep(HEARTBEAT_S)
            self._worst_lag_s = max(self._worst_lag_s, perf_counter() - asleep - HEARTBEAT_S)

    def _report(self) -> None:
        busy_s, at = self._busy_s(), perf_counter()
        while True:
            gevent.sleep(PERIOD_S)
            busy_now_s, now = self._busy_s(), perf_counter()
            seen = {
                "cpu_percent": 100.0 * (busy_now_s - busy_s) / (now - at),
                "memory_mib": self._process.memory_info().rss / 2**20,
                "loop_lag_ms": self._worst_lag_s * 1000.0,
            }
            self._worst_lag_s = 0.0
            busy_s, at = busy_now_s, now
            self._observe([Observation(self._source, name, value) for name, value in seen.items()])

    def _busy_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)
