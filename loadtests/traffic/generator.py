"""A process that generates load: it sends, records and seals, and watches its own health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import gevent
import psutil
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.recording.observing import observe_every
from loadtests.recording.recorder import Recorder
from loadtests.recording.writer import Observation
from loadtests.traffic.sender import Sending

SEAL_S: Final = 0.25
HEARTBEAT_S: Final = 0.02
PERIOD_S: Final = 1.0
SCHEDSTAT: Final = Path("/proc/self/schedstat")
"""Nanoseconds on a core, nanoseconds waiting for one, time slices: Linux, sched-stats.rst."""


class Sent(NamedTuple):
    """Requests of one process: rows handed on, and requests that could not be recorded."""

    rows: int = 0
    lost: int = 0


class Generator:
    """What one process needs to generate load: ready requests, a recorder that listens, a monitor."""

    def __init__(
        self,
        environment: Environment,
        scenario: Scenario,
        host: str,
        headers: Mapping[str, str],
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        endpoints = [endpoint.name for endpoint in scenario.traffic.endpoints]
        self._recorder = Recorder(endpoints)
        self._events = environment.events
        self.sending = Sending(scenario, host, headers, self._recorder, environment, worker, workers)

    def start(
        self,
        take: Callable[[bytes, Sequence[str]], object],
        observe: Callable[[Sequence[Observation]], None],
        source: str,
    ) -> None:
        """Listen to requests and hand on their rows; observe this process as `source`."""
        recorder = self._recorder
        recorder.sink = lambda raw: take(raw, recorder.endpoints)
        self._events.request.add_listener(recorder.on_request)
        self._monitor = Monitor(observe, source, self._counts)
        self._sealing = gevent.spawn(_every, SEAL_S, recorder.seal)

    def _counts(self) -> dict[str, float]:
        return {"in_flight": float(self.sending.in_flight), "resent": float(self.sending.resent)}

    def begin_at(self, instant: float) -> None:
        """Count the run's time from `instant`, on the clock of `time.perf_counter`."""
        self._recorder.started = instant

    def stop(self) -> Sent:
        """Hand on the last rows; return how many there were in all, and how many could not be recorded."""
        self._monitor.stop()
        self._sealing.kill()
        self._events.request.remove_listener(self._recorder.on_request)
        self._recorder.seal()
        return Sent(self._recorder.recorded, self._recorder.lost)


def _every(period_s: float, act: Callable[[], None]) -> None:
    while True:
        gevent.sleep(period_s)
        act()


class Monitor:
    """Observe this process once a second until stopped; `observe(observations)` takes what was seen."""

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
        self._before, self._at = self._times_s(), perf_counter()
        self._greenlets = [
            gevent.spawn(self._beat),
            observe_every(PERIOD_S, self._look, f"the {source}", at_once=False),
        ]

    def stop(self) -> None:
        """End the observation with a last look: the loop may have stood still until now."""
        gevent.killall(self._greenlets)
        self._tell(self._lag() | self._counts())

    def _beat(self) -> None:
        """A heartbeat: what it oversleeps, every other greenlet waited too."""
        while True:
            self._beaten_at = perf_counter()  # a look in between sets it, too: nothing is told twice
            gevent.sleep(HEARTBEAT_S)
            self._worst_lag_s = max(self._worst_lag_s, self._overslept_s())

    def _overslept_s(self) -> float:
        return perf_counter() - self._beaten_at - HEARTBEAT_S

    def _look(self) -> None:
        times, now = self._times_s(), perf_counter()
        shares = {
            name: 100.0 * (times[name] - self._before[name]) / (now - self._at)
            for name in times.keys() & self._before.keys()
        }
        self._before, self._at = times, now
        memory = {"memory_mib": self._process.memory_info().rss / 2**20}
        self._tell(shares | memory | self._lag() | self._counts())

    def _lag(self) -> dict[str, float]:
        """The longest that the event loop stood still since the last look, until this moment."""
        worst_s = max(self._worst_lag_s, self._overslept_s(), 0.0)
        self._worst_lag_s, self._beaten_at = 0.0, perf_counter()
        return {"loop_lag_ms": worst_s * 1000.0}

    def _tell(self, seen: Mapping[str, float]) -> None:
        self._observe([Observation(self._source, name, value) for name, value in seen.items()])

    def _times_s(self) -> dict[str, float]:
        """Seconds this process has run and, where Linux says so, waited for a core to run on."""
        used = self._process.cpu_times()
        times = {"cpu_percent": float(used.user + used.system)}
        if SCHEDSTAT.exists():
            times["waiting_percent"] = int(SCHEDSTAT.read_text().split()[1]) / 1e9
        return times
