"""Several generator processes, one run: what master and workers say to each other over Locust's connection.

A worker says that it is here as soon as it listens. The master sends each worker a `begin`: the scenario, and
which share of it is the worker's. When all have answered that they are ready, it sends a `start`: the instant
at which the run begins. Workers send sealed
batches of packed rows, what they observed of themselves, and when they have stopped the number of rows they
sent. A run is whole when every worker's rows have all arrived.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from gevent.event import Event
from locust.rpc.protocol import Message
from locust.runners import STATE_MISSING, MasterRunner, Runner, WorkerRunner

from configuration.loading import read_scenario
from configuration.scenario import Scenario
from loadtests.recording.run import Run
from loadtests.recording.writer import Observation
from loadtests.traffic.generator import Sent
from reports.data.telemetry import name_worker_source

HERE: Final = "load test: here"
BEGIN: Final = "load test: begin"
READY: Final = "load test: ready"
START: Final = "load test: start"
ROWS: Final = "load test: rows"
OBSERVED: Final = "load test: observed"
DONE: Final = "load test: done"

HEAD_START_S: Final = 1.0
"""The run starts this long after the master says so: every worker knows by then."""

READY_PATIENCE_S: Final = 30.0
COUNT_PATIENCE_S: Final = 5.0
SKEW_S: Final = 1.0
"""Clocks may differ by as much; a busy machine delays the message that tells the time."""


class Share(NamedTuple):
    """What a worker is told: which part of which run is its own."""

    run: str
    """The name of the run's folder: what is said of one run is never taken for another's."""
    scenario: Scenario
    host: str
    worker: int
    workers: int

    @property
    def is_empty(self) -> bool:
        """Whether all of the load was dealt before: arrivals are, users are not."""
        return self.scenario.load.model == "open" and self.worker >= self.workers


@dataclass
class Worker:
    """What the master knows of one worker."""

    number: int
    rows: int = 0
    promised: int | None = None
    """Rows the worker says it sent in all; None until it has stopped."""
    ready: bool = False
    lost: bool = False
    idle: bool = False
    """It joined when all of the load was dealt, and is not missed if it goes."""


class Workers:
    """The master's side of one run: begin it on every worker, gather rows, miss whoever is gone."""

    def __init__(self, runner: MasterRunner, run: Run, values: dict[str, Any], host: str) -> None:
        self._runner = runner
        self._run = run
        self.name = run.folder.name
        self._order = {"run": self.name, "name": run.facts.scenario, "scenario": values, "host": host}
        self._roster: dict[str, Worker] = {}
        self._changed = Event()
        self._started_at: float | None = None
        clients = runner.clients
        active = [client.id for client in clients.ready + clients.spawning + clients.running]
        self.shares = len(active)
        for client_id in active:
            self.enlist(client_id)

    def await_ready(self) -> None:
        """Wait until every worker has its requests ready; fault the run over each that takes too long."""
        deadline = time.monotonic() + READY_PATIENCE_S
        while (waiting := self._unready()) and (left_s := deadline - time.monotonic()) > 0:
            self._changed.clear()
            self._changed.wait(min(left_s, 0.5))
        for worker in waiting:
            self._run.fault(
                f"worker {worker.number + 1} of {self.shares} was not ready in {READY_PATIENCE_S:.0f} s"
            )

    def start(self, started_at: float) -> None:
        """Begin the run at a time of day (s since the epoch): processes share no monotonic clock."""
        self._started_at = started_at
        for client_id in self._roster:
            self._runner.send_message(START, {"started_at": started_at}, client_id)

    def take_ready(self, client_id: str, clock_s: float) -> None:
        """A worker is ready, and its clock says so much; one that joined late starts at once."""
        if (worker := self._roster.get(client_id)) is None:
            return
        worker.ready = True
        self._changed.set()
        if abs(skew_s := clock_s - time.time()) > SKEW_S:
            self._run.fault(
                f"the clock of worker {worker.number + 1} differs by {skew_s:.1f} s from the master's: "
                "its requests were sent at other times than planned; synchronise the clocks"
            )
        if self._started_at is not None:
            self._runner.send_message(START, {"started_at": self._started_at}, client_id)

    def _unready(self) -> list[Worker]:
        return [
            worker
            for client_id, worker in self._roster.items()
            if not worker.ready and not self._is_gone(client_id)
        ]

    def enlist(self, client_id: str) -> None:
        """Tell a worker to begin; one that joins later gets a number of its own."""
        number = len(self._roster)
        late = number >= self.shares
        self._roster[client_id] = Worker(number, idle=late and self._run.facts.model == "open")
        self._tell(client_id)

    def _tell(self, client_id: str) -> None:
        share = {"worker": self._roster[client_id].number, "workers": self.shares}
        self._runner.send_message(BEGIN, self._order | share, client_id)

    def welcome(self, client_id: str) -> None:
        """A worker listens from now on. It may have missed its `begin`, or have joined during the run."""
        if not self._run.goes_on:
            return
        if client_id not in self._roster:
            self.enlist(client_id)
        elif not self._roster[client_id].ready:
            self._tell(client_id)

    def take_rows(self, client_id: str, raw: bytes, endpoints: Sequence[str]) -> None:
        """Rows of a worker have arrived."""
        if worker := self._roster.get(client_id):
            worker.rows += self._run.take(raw, endpoints, worker.number)

    def take_observations(self, observations: Sequence[Sequence[Any]]) -> None:
        """What a worker observed of itself has arrived."""
        self._run.observe([Observation(*observation) for observation in observations])

    def take_count(self, client_id: str, rows: int, lost: int) -> None:
        """A worker has stopped, and has sent so many rows; `lost` requests it could not record."""
        if worker := self._roster.get(client_id):
            if lost:
                self._run.fault(f"worker {worker.number + 1} could not record {lost:,} requests")
            worker.promised = rows
            self._changed.set()

    def watch(self) -> None:
        """Fault the run, once, over every worker that is gone while it is needed."""
        for client_id, worker in self._roster.items():
            if worker.promised is None and self._is_gone(client_id):
                self._lose(worker, "was lost")

    def wait(self, patience_s: float) -> None:
        """Wait for every worker's count, `patience_s` at most; fault the run over each that did not come."""
        deadline = time.monotonic() + patience_s
        while self._awaited() and (left_s := deadline - time.monotonic()) > 0:
            self._changed.clear()
            self._changed.wait(min(left_s, 0.5))
        for worker in self._roster.values():
            if worker.promised is None:
                self._lose(worker, "never said how much it had sent")
            elif worker.promised != worker.rows:
                self._lose(worker, f"sent {worker.promised - worker.rows:,} rows that did not arrive")

    def _awaited(self) -> list[str]:
        return [
            client_id
            for client_id, worker in self._roster.items()
            if worker.promised is None and not self._is_gone(client_id)
        ]

    def _is_gone(self, client_id: str) -> bool:
        client = self._runner.clients.get(client_id)
        return client is None or client.state == STATE_MISSING

    def _lose(self, worker: Worker, what: str) -> None:
        if worker.lost or worker.idle:
            return
        worker.lost = True
        workers = sum(not each.idle for each in self._roster.values())
        self._run.fault(
            f"worker {worker.number + 1} of {workers}, {100 / workers:.0f} % of the load, {what}: "
            f"{worker.rows:,} of its requests are recorded, the rest is not known"
        )


def share_of(message: Message) -> Share:
    """What a `begin` says."""
    data = message.data
    scenario = read_scenario(data["scenario"], Path(f"{data['name']}.yaml"))
    return Share(data["run"], scenario, data["host"], data["worker"], data["workers"])


class Master:
    """A worker's side: what it sends the master."""

    def __init__(self, runner: WorkerRunner, share: Share) -> None:
        self._runner = runner
        self.run = share.run
        self.source = name_worker_source(share.worker)

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, {"run": self.run, **data})

    def send_ready(self) -> None:
        """Say that requests could be sent, and what time it is here."""
        self._send(READY, {"clock_s": time.time()})

    def send_rows(self, raw: bytes, endpoints: Sequence[str]) -> None:
        """Send packed rows."""
        self._send(ROWS, {"raw": raw, "endpoints": list(endpoints)})

    def send_observations(self, observations: Sequence[Observation]) -> None:
        """Send what was observed just now."""
        self._send(OBSERVED, {"observations": [list(each) for each in observations]})

    def send_count(self, sent: Sent) -> None:
        """Say how many rows were sent in all, and how many requests could not be recorded."""
        self._send(DONE, {"rows": sent.rows, "lost": sent.lost})


class Sharing(Protocol):
    """A worker's part in a run."""

    def begin_share(self, share: Share) -> None:
        """Make ready."""

    def start_share(self, started_at: float) -> None:
        """Begin at a time of day."""


def connect(runner: Runner, sharing: Sharing | None, workers: Callable[[], Workers | None]) -> None:
    """Listen to the other processes of a load test: a worker to its master, a master to its workers."""

    def listen(kind: str, act: Callable[[Message], None]) -> None:
        runner.register_message(kind, lambda msg, **_: act(msg))

    def of_run(act: Callable[[Workers, Message], None]) -> Callable[[Message], None]:
        def hear(message: Message) -> None:
            roster, name = workers(), message.data.pop("run")
            if roster is not None and roster.name == name:
                act(roster, message)

        return hear

    if sharing is not None:
        listen(BEGIN, lambda message: sharing.begin_share(share_of(message)))
        listen(START, lambda message: sharing.start_share(**message.data))
        runner.send_message(HERE)
    elif isinstance(runner, MasterRunner):
        listen(READY, of_run(lambda roster, message: roster.take_ready(message.node_id, **message.data)))
        listen(ROWS, of_run(lambda roster, message: roster.take_rows(message.node_id, **message.data)))
        listen(OBSERVED, of_run(lambda roster, message: roster.take_observations(**message.data)))
        listen(DONE, of_run(lambda roster, message: roster.take_count(message.node_id, **message.data)))

        def greet(message: Message) -> None:
            if (roster := workers()) is not None:
                roster.welcome(message.node_id)

        listen(HERE, greet)


def leave_signals_to_the_master() -> None:
    """Let a Ctrl-C, which reaches all processes of a terminal, stop the master only: it stops its workers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def take_signals_back() -> None:
    """All rows are sent: from here on a signal may end this process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
