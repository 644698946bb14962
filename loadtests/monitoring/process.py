"""Observes a process that generates load: processor, memory, event-loop lag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import gevent
import psutil

from loadtests.recording.observing import observe_every
from loadtests.recording.writer import Observation

HEARTBEAT_S: Final = 0.02
PERIOD_S: Final = 1.0
SCHEDSTAT: Final = Path("/proc/self/schedstat")
"""Nanoseconds on a core, nanoseconds waiting for one, time slices: Linux, sched-stats.rst."""


class ProcessMonitor:
    """Observes this process once a second until stopped; `observe(observations)` takes the values.

    `counts()` adds figures that only the caller knows.
    """

    def __init__(
        self,
        observe: Callable[[Sequence[Observation]], None],
        source: str,
        counts: Callable[[], dict[str, float]],
    ) -> None:
        self._observe = observe
        self._source = source
        self._counts = counts
        self._process = psutil.Process()
        self._worst_lag_s = 0.0
        self._beaten_at = perf_counter()
        self._before, self._at = self._read_times_s(), perf_counter()
        self._greenlets = [
            gevent.spawn(self._beat),
            observe_every(PERIOD_S, self._observe_process, f"the {source}", at_once=False),
        ]

    def stop(self) -> None:
        """End with a last observation: the event loop may have stood still until now."""
        gevent.killall(self._greenlets)
        self._tell(self._take_lag() | self._counts())

    def _beat(self) -> None:
        """A heartbeat: the time that it oversleeps, every other greenlet waited too."""
        while True:
            self._beaten_at = perf_counter()  # an observation in between sets it too: no lag counts twice
            gevent.sleep(HEARTBEAT_S)
            self._worst_lag_s = max(self._worst_lag_s, self._overslept_s())

    def _overslept_s(self) -> float:
        return perf_counter() - self._beaten_at - HEARTBEAT_S

    def _observe_process(self) -> None:
        times, now = self._read_times_s(), perf_counter()
        shares = {
            name: 100.0 * (times[name] - self._before[name]) / (now - self._at)
            for name in times.keys() & self._before.keys()
        }
        self._before, self._at = times, now
        memory = {"memory_mib": self._process.memory_info().rss / 2**20}
        self._tell(shares | memory | self._take_lag() | self._counts())

    def _take_lag(self) -> dict[str, float]:
        """The longest time that the event loop stood still since the last observation, until now."""
        worst_s = max(self._worst_lag_s, self._overslept_s(), 0.0)
        self._worst_lag_s, self._beaten_at = 0.0, perf_counter()
        return {"loop_lag_ms": worst_s * 1000.0}

    def _tell(self, values: Mapping[str, float]) -> None:
        self._observe([Observation(self._source, name, value) for name, value in values.items()])

    def _read_times_s(self) -> dict[str, float]:
        """Seconds this process has run and, on Linux, waited for a core."""
        used = self._process.cpu_times()
        times = {"cpu_percent": float(used.user + used.system)}
        if SCHEDSTAT.exists():
            times["waiting_percent"] = int(SCHEDSTAT.read_text().split()[1]) / 1e9
        return times
