"""The open model's one user a process: requests leave at their time, whatever became of the others."""

from __future__ import annotations

from time import perf_counter
from typing import Final

import gevent
import numpy as np
from gevent import get_hub, getcurrent
from gevent.event import Event
from greenlet import greenlet
from locust import User, task
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.traffic.payloads import Request
from loadtests.traffic.sender import Sending
from shapes.arrivals import arrivals

NEVER_S: Final = 3600.0
"""How long to wait when no arrival is left; the end of the profile comes before."""


def arrivals_due(scenario: Scenario, shares: int, start_s: float, end_s: float) -> int:
    """How many arrivals the schedule of `shares` processes has in [`start_s`, `end_s`) of the run."""
    load, seed = scenario.load, scenario.seeds["arrivals"]
    due = 0
    for share in range(shares):
        schedule = arrivals(scenario.full_profile, load.spacing, seed=seed, share=share, shares=shares)
        for times in schedule:
            due += int(np.count_nonzero((times >= start_s) & (times < end_s)))
            if times[-1] >= end_s:
                break
    return due


class Flights:
    """Requests under way, each in a greenlet of its own over a connection that nobody else uses meanwhile.

    At most `limit` at a time; a request beyond is dropped, and recorded as such. A greenlet that has landed
    keeps its connection and is the next to fly: a new one for each request took a good part of its cost.
    """

    def __init__(self, sending: Sending, limit: int) -> None:
        self._sending = sending
        self._limit = limit
        self._requests = sending.deal(sending.join())
        self._hub = get_hub()
        self._idle: list[greenlet] = []
        self._under_way = 0
        self._landed = Event()

    def __len__(self) -> int:
        return self._under_way

    def launch(self, intended: float) -> None:
        """Send the next request, due at `intended` on the clock of `time.perf_counter`, and don't wait."""
        request = next(self._requests)
        if self._under_way >= self._limit:
            self._sending.drop(request, intended)
            return
        self._under_way += 1
        flyer = self._idle.pop() if self._idle else greenlet(self._fly, self._hub)
        self._hub.loop.run_callback(flyer.switch, request, intended)

    def land(self) -> None:
        """Wait for the requests under way, each bounded by its timeout; then close the connections."""
        while self._under_way:
            self._landed.clear()
            self._landed.wait()
        while self._idle:
            self._hub.loop.run_callback(self._idle.pop().switch, None, 0.0)
        gevent.sleep(0)

    def _fly(self, request: Request | None, intended: float) -> None:
        """Send one request after the other, parked in between, until told None."""
        connection = self._sending.connect()
        while request is not None:
            try:
                self._sending.send(connection, request, intended)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self._landed.set()
            self._idle.append(getcurrent())
            request, intended = self._hub.switch()
        connection.close()


class ArrivalUser(User):
    """Launch a request at each arrival of the scenario's schedule.

    The schedule lives in `wait_time`, so that a graceful stop interrupts the wait and not a request.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._sending: Sending = environment.loadtest.sending  # type: ignore[attr-defined]
        self._flights = Flights(self._sending, self._sending.in_flight_limit)

    def on_start(self) -> None:
        """Let the run begin."""
        self._sending.await_start()

    @task
    def launch_due(self) -> None:
        """Launch every request that is due by now."""
        now = perf_counter()
        while (due := self._sending.due()) is not None and due <= now:
            self._sending.launched()
            self._flights.launch(due)

    def wait_time(self) -> float:
        """Seconds until the next arrival."""
        due = self._sending.due()
        return NEVER_S if due is None else max(0.0, due - perf_counter())

    def on_stop(self) -> None:
        """Launch what came due while the stop was under way, then wait for all replies."""
        self.launch_due()
        self._flights.land()
