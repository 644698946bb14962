"""The master's side of a run with workers: assign parts, take in rows, miss workers that are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gevent.event import Event
from locust.rpc.protocol import Message
from locust.runners import STATE_MISSING, MasterRunner

from loadtests.recording.observing import observe_every
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import Observation
from loadtests.traffic.references import NO_REFERENCES, References, encode_references
from loadtests.workers.protocol import (
    ANSWERS,
    ASSIGN,
    DONE,
    LISTENING,
    OBSERVATIONS,
    READY,
    READY_PATIENCE_S,
    ROWS,
    START,
)
from reports.data.answers import ComparedAnswers
from reports.data.failed_requests import FailedRequests

WATCH_PERIOD_S: Final = 0.5
NO_FAILURES: Final[Mapping[str, Any]] = {}
SKEW_S: Final = 1.0
"""Clocks may differ by this much; a busy machine delays the message that tells the time."""


@dataclass
class JoinedWorker:
    """What the master knows of one worker."""

    number: int
    rows: int = 0
    reported_rows: int | None = None
    """Rows that the worker says it sent in all; None until it has stopped."""
    ready: bool = False
    lost: bool = False
    idle: bool = False
    """It joined after the arrivals were dealt and sends nothing, so losing it costs no row."""


class WorkerRoster:
    """The workers of one run."""

    def __init__(
        self,
        runner: MasterRunner,
        run: RunRecording,
        scenario: dict[str, Any],
        host: str,
        references: References = NO_REFERENCES,
    ) -> None:
        self._runner = runner
        self._run = run
        self.name = run.folder.name
        self._assignment = {
            "run": self.name,
            "name": run.facts.scenario,
            "scenario": scenario,
            "host": host,
            "references": encode_references(references),
        }
        self._workers: dict[str, JoinedWorker] = {}
        self._changed = Event()
        self._started_at: float | None = None
        clients = runner.clients
        active = [client.id for client in clients.ready + clients.spawning + clients.running]
        self.shares = len(active)
        """Among how many workers the arrivals were dealt."""
        for client_id in active:
            self._enlist(client_id)
        self._finished = False
        self._watch = observe_every(WATCH_PERIOD_S, self.fault_lost_workers, "the workers")

    def await_ready(self, patience_s: float = READY_PATIENCE_S) -> None:
        """Wait until every worker has built its requests; fault the run for each that takes too long."""
        for worker in self._wait_while(self._list_unready, patience_s):
            self._run.add_fault(
                f"worker {worker.number + 1} of {self.shares} was not ready in {patience_s:.0f} s"
            )

    def start(self, started_at: float) -> None:
        """Begin the run at a time of day (s since the epoch): processes share no monotonic clock."""
        self._started_at = started_at
        for client_id in self._workers:
            self._send_start(client_id)

    def fault_lost_workers(self) -> None:
        """Fault the run, once, for every worker that is gone while it is needed."""
        for client_id, worker in self._workers.items():
            if worker.reported_rows is None and self._is_gone(client_id):
                self._fault_lost(worker, "was lost")

    def finish(self, patience_s: float) -> None:
        """Wait for every worker's rows, at most `patience_s`; fault the run for rows that are missing."""
        self._watch.kill()
        self._wait_while(self._list_incomplete, patience_s)
        self._finished = True
        for worker in self._workers.values():
            if worker.reported_rows is None:
                self._fault_lost(worker, "never said how much it had sent")
            elif (missing := worker.reported_rows - worker.rows) > 0:
                self._fault_lost(worker, f"sent {missing:,} rows that did not arrive")
            elif missing < 0:
                self._fault_lost(
                    worker, f"sent {worker.reported_rows:,} rows, of which {-missing:,} arrived twice"
                )

    # Messages of workers.

    def hear_listening(self, client_id: str) -> None:
        """A worker listens from now on: it may have missed its assignment, or join during the run."""
        if not self._run.is_running:
            return
        if client_id not in self._workers:
            self._enlist(client_id)
        elif not self._workers[client_id].ready:
            self._assign(client_id)

    def hear_ready(self, client_id: str, clock_s: float) -> None:
        """A worker is ready; a late one starts at once. `clock_s` is the time of day on its machine."""
        if (worker := self._workers.get(client_id)) is None:
            return
        worker.ready = True
        self._changed.set()
        if abs(skew_s := clock_s - time.time()) > SKEW_S:
            self._run.add_fault(
                f"the clock of worker {worker.number + 1} differs by {skew_s:.1f} s from the master's: "
                "its requests were sent at other times than planned; synchronise the clocks"
            )
        if self._started_at is not None:
            self._send_start(client_id)

    def hear_rows(self, client_id: str, raw: bytes, endpoints: Sequence[str]) -> None:
        """Packed rows of a worker have arrived."""
        if (worker := self._workers.get(client_id)) and not self._finished:
            worker.rows += self._run.record(raw, endpoints, worker.number)
            self._changed.set()

    def hear_observations(self, client_id: str, observations: Sequence[Sequence[Any]]) -> None:
        """Values that a worker observed of itself have arrived."""
        if client_id in self._workers:
            self._run.observe([Observation(*observation) for observation in observations])

    def hear_answers(self, client_id: str, answers: Mapping[str, Any]) -> None:
        """What a worker saw of the answers to probes has arrived."""
        if client_id in self._workers and not self._finished:
            self._run.add_answers(ComparedAnswers.from_json(answers))

    def hear_done(
        self, client_id: str, rows: int, lost: int, failures: Mapping[str, Any] = NO_FAILURES
    ) -> None:
        """A worker has stopped and sent `rows` in all; it could not record `lost` requests.

        `failures` are the first requests that failed for each reason, as `FailedRequests` writes them.
        """
        if worker := self._workers.get(client_id):
            if failures and worker.reported_rows is None:
                self._run.keep_failures(FailedRequests.from_json(failures))
            if lost:
                self._run.add_fault(f"worker {worker.number + 1} could not record {lost:,} requests")
            worker.reported_rows = rows
            self._changed.set()

    def _enlist(self, client_id: str) -> None:
        """Number a worker and assign its part; one that joins later has a number of its own."""
        number = len(self._workers)
        late = number >= self.shares
        self._workers[client_id] = JoinedWorker(number, idle=late and self._run.facts.model == "open")
        self._assign(client_id)

    def _assign(self, client_id: str) -> None:
        part = {"worker": self._workers[client_id].number, "workers": self.shares}
        self._runner.send_message(ASSIGN, self._assignment | part, client_id)

    def _send_start(self, client_id: str) -> None:
        self._runner.send_message(START, {"run": self.name, "started_at": self._started_at}, client_id)

    def _wait_while(self, listed: Callable[[], list[JoinedWorker]], patience_s: float) -> list[JoinedWorker]:
        """Wait until `listed()` is empty, at most `patience_s`; return what it holds then."""
        deadline = time.monotonic() + patience_s
        while (waiting := listed()) and (left_s := deadline - time.monotonic()) > 0:
            self._changed.clear()
            self._changed.wait(min(left_s, WATCH_PERIOD_S))
        return waiting

    def _list_unready(self) -> list[JoinedWorker]:
        return [each for key, each in self._workers.items() if not each.ready and not self._is_gone(key)]

    def _list_incomplete(self) -> list[JoinedWorker]:
        return [
            each
            for key, each in self._workers.items()
            if (each.reported_rows is None or each.rows < each.reported_rows) and not self._is_gone(key)
        ]

    def _is_gone(self, client_id: str) -> bool:
        client = self._runner.clients.get(client_id)
        return client is None or client.state == STATE_MISSING

    def _fault_lost(self, worker: JoinedWorker, what: str) -> None:
        if worker.lost or worker.idle:
            return
        worker.lost = True
        workers = sum(not each.idle for each in self._workers.values())
        self._run.add_fault(
            f"worker {worker.number + 1} of {workers}, {100 / workers:.0f} % of the load, {what}: "
            f"{worker.rows:,} of its requests are recorded, the rest is not known"
        )


def hear_workers(runner: MasterRunner, find_roster: Callable[[], WorkerRoster | None]) -> None:
    """Pass the messages of workers to the roster of the run that they are about."""

    def of_run(hear: Callable[..., None]) -> Callable[..., None]:
        def act(msg: Message, **_: Any) -> None:
            roster, data = find_roster(), dict(msg.data)
            if roster is not None and roster.name == data.pop("run"):
                hear(roster, msg.node_id, **data)

        return act

    def greet(msg: Message, **_: Any) -> None:
        if (roster := find_roster()) is not None:
            roster.hear_listening(msg.node_id)

    runner.register_message(LISTENING, greet)
    runner.register_message(READY, of_run(WorkerRoster.hear_ready))
    runner.register_message(ROWS, of_run(WorkerRoster.hear_rows))
    runner.register_message(OBSERVATIONS, of_run(WorkerRoster.hear_observations))
    runner.register_message(ANSWERS, of_run(WorkerRoster.hear_answers))
    runner.register_message(DONE, of_run(WorkerRoster.hear_done))
