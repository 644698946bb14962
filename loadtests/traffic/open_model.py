"""The open model's one user per process: requests are sent when they are due, whatever became of others."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Final, NamedTuple

import gevent
from gevent import get_hub, getcurrent
from gevent.event import Event
from greenlet import greenlet
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests.payloads.journeys import Turn
from loadtests.traffic.sender import RequestSender
from loadtests.traffic.session import session_of
from loadtests.traffic.visitor import Visitor

NEVER_S: Final = 3600.0
"""How long to wait if no arrival is left; the end of the profile comes before."""
IDLE_S: Final = 90.0
"""A connection that was idle for so long is closed, as Go's http.Transport does by default."""


class _IdleSender(NamedTuple):
    """A greenlet with an open connection that waits for a request."""

    greenlet: greenlet
    since: float
    """When its last request ended, on the clock of `time.perf_counter`."""


class InFlightPool:
    """Sends requests without waiting for their replies, each in a greenlet with its own connection.

    At most `limit` requests are in flight; one beyond is dropped, and recorded as dropped. A greenlet whose
    reply has arrived keeps its connection and sends the next request: a new greenlet and connection for each
    request took 43 instead of 26 µs of processor time.

    The one that became idle last sends next. So a burst leaves greenlets behind that nobody needs; each is
    ended once it was idle for `IDLE_S`, when the next request is submitted.
    """

    def __init__(self, sender: RequestSender, limit: int) -> None:
        self._sender = sender
        self._limit = limit
        self._turns = sender.deal_turns(sender.number_user())
        self._hub = get_hub()
        self._idle: deque[_IdleSender] = deque()
        """In the order in which they became idle."""
        self._in_flight = 0
        self._none_in_flight = Event()
        self._ending = Event()

    def __len__(self) -> int:
        return self._in_flight

    def submit(self, intended: float) -> None:
        """Send the next request, due at `intended` on the clock of `time.perf_counter`, without waiting."""
        turn = next(self._turns, None)
        if turn is None:
            self._sender.left_out += 1
            return
        if self._in_flight >= self._limit:
            self._sender.drop(turn, intended)
            return
        self._in_flight += 1
        idle = self._idle.pop().greenlet if self._idle else greenlet(self._send_in_turn, self._hub)
        self._hub.loop.run_callback(idle.switch, turn, intended)
        if self._idle and self._idle[0].since < perf_counter() - IDLE_S:
            self._end(self._idle.popleft())

    def drain(self) -> None:
        """Wait for the requests in flight, each bounded by its timeout; then close the connections.

        Journeys are not gone on with.
        """
        self._ending.set()
        while self._in_flight:
            self._none_in_flight.clear()
            self._none_in_flight.wait()
        while self._idle:
            self._end(self._idle.pop())
        gevent.sleep(0)

    def _end(self, idle: _IdleSender) -> None:
        self._hub.loop.run_callback(idle.greenlet.switch, None, 0.0)

    def _send_in_turn(self, turn: Turn | None, intended: float) -> None:
        """Send one request after the other, idle in between, until given None."""
        connection, visitor = self._sender.open_connection(), Visitor(self._pause)
        while turn is not None:
            try:
                self._sender.take_turn(connection, turn, visitor, intended)
            except StopUser:
                pass
            finally:
                self._in_flight -= 1
                if not self._in_flight:
                    self._none_in_flight.set()
            self._idle.append(_IdleSender(getcurrent(), perf_counter()))
            turn, intended = self._hub.switch()
        connection.close()

    def _pause(self, seconds: float) -> None:
        """Think within a journey; when the load ends meanwhile, the journey ends, too."""
        if self._ending.wait(seconds):
            raise StopUser


class ArrivalUser(User):
    """Sends a request at each arrival of the schedule.

    The schedule is followed in `wait_time`, so that a graceful stop interrupts the wait and not a request.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        session = session_of(environment)
        self._sender, self._schedule = session.sender, session.schedule
        self._pool = InFlightPool(self._sender, self._sender.in_flight_limit)

    def on_start(self) -> None:
        """Wait for the begin of the run."""
        self._sender.await_start()

    @task
    def send_due(self) -> None:
        """Send every request that is due by now."""
        now = perf_counter()
        while (due := self._schedule.next_due()) is not None and due <= now:
            self._schedule.mark_sent()
            self._pool.submit(due)

    def wait_time(self) -> float:
        """Seconds until the next arrival."""
        due = self._schedule.next_due()
        return NEVER_S if due is None else max(0.0, due - perf_counter())

    def on_stop(self) -> None:
        """Send what came due while the stop was under way, then wait for all replies."""
        self.send_due()
        self._pool.drain()
