"""Builds, sends and records the requests of all users of one process."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from itertools import count
from time import perf_counter
from typing import Any, Final
from weakref import WeakSet

import gevent
from locust.env import Environment
from locust.exception import StopUser

from configuration.scenario import Scenario
from loadtests.answers.server_timing import parse_server_timing
from loadtests.client.connection import Connection
from loadtests.client.credentials import CredentialKeeper
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.choice import choose_connection
from loadtests.payloads.bodies import NO_VALUES
from loadtests.payloads.deck import build_deck
from loadtests.payloads.journeys import JourneyPlan, Turn
from loadtests.payloads.request import Request
from loadtests.recording.failures import FailureKeeper, describe_request
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import OUTCOME_CODES
from loadtests.traffic.references import NO_REFERENCES, References, prepare_probes
from loadtests.traffic.unsent import describe_failure, describe_unmade, make_unsent_row
from loadtests.traffic.visitor import Visitor, phase_offset
from reports.data.samples import KINDS
from reports.data.telemetry import LEFT_OUT, RECORDS, RECORDS_FAILED, RECORDS_TAKEN

UNAUTHORISED: Final = 401
MOST_TOLD: Final = 3
"""Errors of this program that are logged in full."""
logger = logging.getLogger(__name__)
LATE_USERS: Final = 1_000_000
"""Users of a worker that joined late are numbered from a multiple of it, beyond all others."""


class RequestSender:
    """Deals requests to users, opens their connections, sends and records."""

    def __init__(
        self,
        scenario: Scenario,
        target: Target,
        recorder: Recorder,
        environment: Environment,
        worker: int = 0,
        workers: int = 1,
        references: References = NO_REFERENCES,
    ) -> None:
        self.target = target
        self.seed = scenario.seeds["pacing"] * 1_000_003 + worker
        self._connect = choose_connection(scenario.traffic.is_grpc)
        self._tls = self._connect.make_tls_context() if target.tls else None
        self._timeout_s = scenario.traffic.timeout_s
        self._chance = random.Random(self.seed)  # noqa: S311 - pauses want a seed
        source = scenario.traffic.credentials
        self._keeper = None if source is None else CredentialKeeper(source)
        self.probes = prepare_probes(scenario, target, references)
        """Their answers are compared with the `references`."""
        self._deck = build_deck(scenario, target, worker, workers, self.probes.requests)
        self._recorder = recorder
        self._fire = environment.events.request.fire
        self._log_error = environment.stats.log_error
        self._wanted = frozenset(("ok", *scenario.expected))
        self._user_numbers = count(worker, workers) if worker < workers else count(worker * LATE_USERS)
        self._connections: WeakSet[Connection] = WeakSet()
        self.failures = FailureKeeper()
        """The first requests that failed for each reason."""
        self.resent = 0
        """Requests sent twice, because the server had closed their connection as they were sent."""
        self.left_out = 0
        """Requests that were not made, because all records had been sent."""
        self._logins = frozenset(step.endpoint.name for step in scenario.traffic.login)
        self.broken = 0
        """Turns that an error of this program ended."""
        self.in_flight_limit = scenario.load.in_flight_limit

    def start(self) -> None:
        """Keep the credential fresh from now on."""
        if self._keeper is not None:
            self._keeper.start()

    def await_start(self) -> None:
        """Return when the run has begun: a master sets its begin a moment ahead, for its workers."""
        gevent.sleep(max(0.0, self._recorder.started - perf_counter()))

    def open_connection(self) -> Connection:
        """A connection for one user; it is opened at the first request."""
        connection = self._connect(self.target, self._tls)
        self._connections.add(connection)
        return connection

    @property
    def in_flight(self) -> int:
        """Requests under way, without those of foreign users."""
        return sum(connection.busy for connection in self._connections)

    def count_checks(self) -> dict[str, float]:
        """Telemetry of the checks of replies (`Deck.count_checks`)."""
        return self._deck.count_checks()

    def number_user(self) -> int:
        """The number of a new user, distinct over all workers."""
        return next(self._user_numbers)

    def deal_turns(self, user: int) -> Iterator[Turn]:
        """The deck of turns, over and over, from a place that differs from user to user.

        It ends with the last record of the files that are replayed, if there are any.
        """
        return self._deck.deal(phase_offset(user))

    def count_records(self) -> dict[str, float]:
        """Telemetry of this process: how many records of replayed files were taken; which reading failed."""
        counts = {LEFT_OUT: float(self.left_out)} if self.left_out else {}
        for stream in self._deck.streams:
            if stream.records is not None:
                counts[f"{RECORDS} {stream.name}"] = float(stream.records)
                counts[f"{RECORDS_TAKEN} {stream.name}"] = float(stream.records_taken)
            if stream.failed:
                counts[f"{RECORDS_FAILED} {stream.name}"] = 1.0
        return counts

    def close(self) -> None:
        """Renew no credential and encode no request any more; users have stopped."""
        if self._keeper is not None:
            self._keeper.stop()
        for stream in self._deck.streams:
            stream.close()

    def take_turn(
        self, connection: Connection, turn: Turn, visitor: Visitor, intended: float | None = None
    ) -> bool:
        """Send a request, or make a journey; who is not logged in yet does that first. Whether all succeeded.

        `intended` is when the turn should have started, on the clock of `time.perf_counter`; None means now.
        A turn that needs a login starts with it: what follows waits for its reply, and is not late by it.
        """
        try:
            return self._take_turn(connection, turn, visitor, intended)
        except StopUser:
            raise
        except Exception:  # of ours: it makes the run invalid instead of ending a user unseen
            self.broken += 1
            if self.broken <= MOST_TOLD:
                logger.exception("a turn broke off")
            return False

    def _take_turn(
        self, connection: Connection, turn: Turn, visitor: Visitor, intended: float | None
    ) -> bool:
        if self._deck.login is not None and not visitor.logged_in:
            login = self._deck.login
            visitor.logged_in = self._make_journey(connection, login, visitor.values, visitor, intended)
            if not visitor.logged_in:
                return False
            intended = None
        if isinstance(turn, Request):
            return self.send(connection, turn, intended).outcome == "ok"
        return self._make_journey(connection, turn, dict(visitor.values), visitor, intended)

    def _make_journey(
        self,
        connection: Connection,
        journey: JourneyPlan,
        values: dict[str, Any],
        visitor: Visitor,
        intended: float | None = None,
    ) -> bool:
        """Make the steps in order, each with the `values` of those before; whether all succeeded.

        A pause before the first one is part of the plan: that request is due after it.
        """
        for step in journey.steps:
            if any(step.think_s):
                pause_s = self._chance.uniform(*step.think_s)
                visitor.pause(pause_s)
                intended = None if intended is None else intended + pause_s
            try:
                request = step.make_request(values)
            except ValueError as error:  # a reply before it did not hold what it needs
                self._record_unmade(step.empty, str(error), intended)
                return False
            reply = self.send(connection, request, intended, values)
            if reply.status == UNAUTHORISED:  # what the login gave is no longer accepted
                visitor.logged_in = False
            if reply.outcome != "ok":
                return False
            values |= reply.taken
            intended = None
        return True

    def send(
        self,
        connection: Connection,
        request: Request,
        intended: float | None = None,
        credentials: Mapping[str, Any] = NO_VALUES,
    ) -> Reply:
        """Send one request, record its sample, tell Locust; return the reply with its outcome.

        `intended` is when it should have started, on the clock of `time.perf_counter`; None means now.
        `credentials` are values taken from replies, which are not kept where the request fails.
        """
        encoded, credential = request.encoded, None
        if self._keeper is not None:
            credential = self._keeper.credential
            encoded = credential.insert_into(encoded)
        sent = perf_counter()
        reply = connection.exchange(encoded, self._timeout_s, request.repeatable)
        ended = perf_counter()
        if intended is None:
            intended = sent
        outcome = request.check.classify(reply)
        if credential is not None:
            outcome = credential.reclassify(outcome, reply.status, request.endpoint)
        reply.outcome = outcome
        self.resent += reply.resent
        latency_ms = (ended - intended) * 1000.0
        started = self._recorder.started
        failed = outcome not in self._wanted
        if failed and self.failures.wants((request.name, outcome, reply.status)):
            self._keep_failed(request, encoded, reply, intended - started, credentials)
        queue_ms, inference_ms, batch_size, trace_id = parse_server_timing(reply.server_timing)
        self._fire(
            request_type=request.method,
            name=request.name,
            response_time=latency_ms,
            response_length=len(reply.body),
            exception=describe_failure(outcome, reply.status) if failed else None,
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
                len(encoded),
                reply.received_bytes,
                queue_ms,
                inference_ms,
                batch_size,
                trace_id,
            ),
        )
        return reply

    def _keep_failed(
        self, request: Request, encoded: bytes, reply: Reply, at_s: float, credentials: Mapping[str, Any]
    ) -> None:
        self.failures.keep(
            describe_request(
                request.name,
                KINDS[request.kind],
                request.origin,
                encoded,
                reply,
                reply.outcome,
                request.check.explain(reply),
                at_s,
                map(str, credentials.values()),
                is_login=request.name in self._logins,
            )
        )

    def drop(self, turn: Turn, intended: float) -> None:
        """Record a turn that was due and not begun, because too many were under way."""
        self._record_unsent(turn if isinstance(turn, Request) else turn.first, "dropped", intended)

    def _record_unmade(self, request: Request, why: str, intended: float | None) -> None:
        """Record a step of a journey that could not be made."""
        intended, outcome = perf_counter() if intended is None else intended, "invalid_reply"
        self._record_unsent(request, outcome, intended)
        if self.failures.wants((request.name, outcome, 0)):
            self.failures.keep(describe_unmade(request, outcome, why, intended - self._recorder.started))

    def _record_unsent(self, request: Request, outcome: str, intended: float) -> None:
        self._recorder.record(make_unsent_row(request, outcome, intended - self._recorder.started))
        self._log_error(request.method, request.name, describe_failure(outcome, 0))


_NO_CONTEXT: Final[dict[str, Any]] = {}
