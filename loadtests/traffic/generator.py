"""A process that generates load: it sends, records and hands on requests, and is observed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import gevent
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.monitoring.process import ProcessMonitor
from loadtests.recording.recorder import Recorder
from loadtests.recording.writer import Observation
from loadtests.traffic.references import NO_REFERENCES, References
from loadtests.traffic.schedule import ArrivalSchedule
from loadtests.traffic.sender import RequestSender
from reports.data.failed_requests import NO_FAILED_REQUESTS, FailedRequests

SEAL_S: Final = 0.25


class SentCounts(NamedTuple):
    """Requests of one process: rows handed on, requests that could not be recorded, some that failed."""

    rows: int = 0
    lost: int = 0
    failures: FailedRequests = NO_FAILED_REQUESTS


class LoadGenerator:
    """What one process needs to generate load: a sender, a recorder, a schedule, a monitor of the process."""

    schedule: ArrivalSchedule
    """There once it is known when and at which rates requests are due."""

    def __init__(
        self,
        environment: Environment,
        scenario: Scenario,
        target: Target,
        worker: int = 0,
        workers: int = 1,
        references: References = NO_REFERENCES,
    ) -> None:
        endpoints = [endpoint.name for endpoint in scenario.traffic.all_endpoints]
        self._recorder = Recorder(endpoints)
        self._events = environment.events
        self._share = (worker, workers)
        self.sender = RequestSender(
            scenario, target, self._recorder, environment, worker, workers, references
        )

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
        self._monitor = ProcessMonitor(observe, source, self._counts)
        self._sealing = gevent.spawn(_call_every, SEAL_S, recorder.seal)
        self.sender.start()

    def begin_at(self, instant: float) -> None:
        """Count the time of the run from `instant`, on the clock of `time.perf_counter`."""
        self._recorder.started = instant

    def schedule_arrivals(self, scenario: Scenario) -> None:
        """Send when the resolved scenario says: it states rates, no multiples of a capacity."""
        self.schedule = ArrivalSchedule(scenario, self._recorder.started, *self._share)

    def stop(self) -> SentCounts:
        """Hand on the last rows; return how many there were in all, and what else is told of them."""
        self._monitor.stop()
        self.sender.close()
        self._sealing.kill()
        self._events.request.remove_listener(self._recorder.on_request)
        self._recorder.seal()
        return SentCounts(
            self._recorder.recorded,
            self._recorder.lost + self.sender.broken,
            self.sender.failures.list_kept(),
        )

    def _counts(self) -> dict[str, float]:
        sender = self.sender
        counts = {"in_flight": float(sender.in_flight), "resent": float(sender.resent)}
        return counts | sender.count_checks() | sender.count_records()


def _call_every(period_s: float, act: Callable[[], None]) -> None:
    while True:
        gevent.sleep(period_s)
        act()
