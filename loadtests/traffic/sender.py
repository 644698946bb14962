"""What all users of one process share during a run: where requests go, which ones, and how one is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from time import perf_counter
from typing import Any, Final
from weakref import WeakSet

import gevent
from gevent import ssl
from locust.env import Environment

from configuration.scenario import Scenario
from loadtests.client.connection import Connection
from loadtests.client.target import Target
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import NAN, OUTCOME_CODES, SampleRow
from loadtests.traffic.payloads import Request, deck
from loadtests.traffic.replies import outcome_of, server_timing
from shapes.arrivals import arrivals

GOLDEN_RATIO: Final = 0.618_033_988_749_895
"""Its multiples modulo 1 spread evenly, however many are taken (a low-discrepancy sequence)."""

LATE_USERS: Final = 1_000_000
"""Users of workers that joined late are numbered from multiples of it, beyond those of the others."""


class RequestFailedError(Exception):
    """What Locust's error table shows: an outcome and its status, nothing that varies without bound."""


class Sending:
    """Deal requests to users, open their connections, send and record.

    A worker whose number is beyond the shares that were dealt joined late: it has no arrivals (open model).
    """

    def __init__(
        self,
        scenario: Scenario,
        host: str,
        headers: Mapping[str, str],
        recorder: Recorder,
        environment: Environment,
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        self.target = Target.parse(host)
        self.seed = scenario.seeds["pacing"] * 1_000_003 + worker
        self._tls = ssl.create_default_context() if self.target.tls else None
        self._timeout_s = scenario.traffic.timeout_s
        self._deck = deck(scenario, self.target, headers, worker)
        self._recorder = recorder
        self._fire = environment.events.request.fire
        self._log_error = environment.stats.log_error
        self._wanted = frozenset(("ok", *scenario.expected))
        self._users = count(worker, workers) if worker < workers else count(worker * LATE_USERS)
        self.scenario = scenario
        self._share = (worker, workers)
        self._schedule = self._arrivals()
        self._due: float | None = None
        self._connections: WeakSet[Connection] = WeakSet()
        self.resent = 0
        """Requests sent a second time, because the server had closed their connection as they left."""
        self.in_flight_limit = scenario.load.in_flight_limit

    def await_start(self) -> None:
        """Return once the run has begun: a master begins it a moment after it has told its workers."""
        gevent.sleep(max(0.0, self._recorder.started - perf_counter()))

    def connect(self) -> Connection:
        """A connection for one user."""
        connection = Connection(self.target, self._tls)
        self._connections.add(connection)
        return connection

    @property
    def in_flight(self) -> int:
        """Requests under way; those of foreign users are not among them."""
        return sum(connection.busy for connection in self._connections)

    def join(self) -> int:
        """The number of a user who just came, distinct over all workers."""
        return next(self._users)

    def due(self) -> float | None:
        """When this process's next request is due, on the clock of `time.perf_counter`; None after the last.

        The open model's schedule belongs to the process: Locust stops users and starts others when a worker
        joins or comes back, and none of them may begin it anew.
        """
        if self._due is None:
            self._due = next(self._schedule, None)
        return self._due

    def launched(self) -> None:
        """The request that was due is under way, or dropped."""
        self._due = None

    def _arrivals(self) -> Iterator[float]:
        worker, workers = self._share
        if worker >= workers:
            return
        load, seed = self.scenario.load, self.scenario.seeds["arrivals"]
        profile = self.scenario.full_profile
        for times in arrivals(profile, load.spacing, seed=seed, share=worker, shares=workers):
            yield from (times + self._recorder.started).tolist()

    def deal(self, user: int) -> Iterator[Request]:
        """The deck, round and round, from a place that differs from user to user."""
        requests = self._deck
        size = len(requests)
        return (requests[place % size] for place in count(int(phase_of(user) * size)))

    def send(self, connection: Connection, request: Request, intended: float | None = None) -> str:
        """Send one request, record its sample, tell Locust; return the outcome.

        `intended` is when it should have started, on the clock of `time.perf_counter`; None is now.
        """
        sent = perf_counter()
        reply = connection.exchange(request.wire, self._timeout_s, request.repeatable)
        ended = perf_counter()
        if intended is None:
            intended = sent
        outcome = outcome_of(request, reply)
        self.resent += reply.resent
        latency_ms = (ended - intended) * 1000.0
        started = self._recorder.started
        queue_ms, inference_ms, batch_size, trace_id = server_timing(reply.server_timing)
        self._fire(
            request_type=request.method,
            name=request.name,
            response_time=latency_ms,
            response_length=len(reply.body),
            exception=None if outcome in self._wanted else _failure(outcome, reply.status),
            context=_NO_CONTEXT,
            sample=(  # a bare tuple in the order of SampleRow: making one costs as much as packing one
                intended - started,
                sent - started,
                latency_ms,
                (ended - sent) * 1000.0,
                request.endpoint,
                OUTCOME_CODES[outcome],
                request.kind,
                reply.status,
                request.rows or 1,
                len(request.wire),
                reply.received_bytes,
                queue_ms,
                inference_ms,
                batch_size,
                trace_id,
            ),
        )
        return outcome

    def drop(self, request: Request, intended: float) -> None:
        """Record a request that was due and never sent: too many were under way."""
        self._recorder.record(
            SampleRow(
                intended - self._recorder.started,
                NAN,
                NAN,
                NAN,
                request.endpoint,
                OUTCOME_CODES["dropped"],
                request.kind,
                0,
                request.rows or 1,
                0,
                0,
            )
        )
        self._log_error(request.method, request.name, _failure("dropped", 0))


_NO_CONTEXT: Final[dict[str, Any]] = {}


def phase_of(user: int) -> float:
    """A user's place in [0, 1): paced users start there within their pace, so that they knock in turn."""
    return (user * GOLDEN_RATIO) % 1.0


def _failure(outcome: str, status: int) -> RequestFailedError:
    return RequestFailedError(f"{outcome} (HTTP {status})" if status else outcome)
