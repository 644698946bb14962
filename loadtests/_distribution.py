"""Several generator processes, one run: what master and workers say to each other over Locust's connection.

The master sends each worker a `begin`: the scenario, the instant at which the run starts, which share is
the worker's. Workers send sealed batches of packed rows, what they observed of themselves, and when they
have stopped the number of rows they sent. A run is whole when every worker's rows have all arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from gevent.event import Event
from locust.rpc.protocol import Message
from locust.runners import STATE_MISSING, MasterRunner, Runner, WorkerRunner

from configuration.loading import read_scenario
from configuration.scenario import Scenario
from loadtests._recording import Observation
from loadtests._run import Run

BEGIN: Final = "load test: begin"
ROWS: Final = "load test: rows"
OBSERVED: Final = "load test: observed"
DONE: Final = "load test: done"

HEAD_START_S: Final = 1.0
"""The run starts this long after the master says so: every worker knows by then."""

COUNT_PATIENCE_S: Final = 5.0


class Share(NamedTuple):
    """What a worker is told: which part of which run is its own."""

    scenario: Scenario
    host: str
    started_at: float
    """The run's start as a time of day (seconds since the epoch): processes share no monotonic clock."""
    worker: int
    workers: int


@dataclass
class Worker:
    """What the master knows of one worker."""

    number: int
    rows: int = 0
    promised: int | None = None
    """Rows the worker says it sent in all; None until it has stopped."""
    lost: bool = False


class Workers:
    """The master's side of one run: begin it on every worker, gather rows, miss whoever is gone."""

    def __init__(
        self, runner: MasterRunner, run: Run, values: dict[str, Any], host: str, started_at: float
    ) -> None:
        self._runner = runner
        self._run = run
        self._order = {"name": run.facts.scenario, "scenario": values, "host": host}
        self._roster: dict[str, Worker] = {}
        self._changed = Event()
        self.started_at = started_at
        clients = runner.clients
        active = [client.id for client in clients.ready + clients.spawning + clients.running]
        for client_id in active:
            self.enlist(client_id, len(active))

    def enlist(self, client_id: str, workers: int) -> None:
        """Tell a worker to begin; one that joins later gets a number of its own."""
        worker = self._roster[client_id] = Worker(len(self._roster))
        share = {"started_at": self.started_at, "worker": worker.number, "workers": workers}
        self._runner.send_message(BEGIN, self._order | share, client_id)

    def welcome(self, client_id: str) -> None:
        """A worker has connected while the run goes on: Locust will give it users, so it must begin."""
        if client_id not in self._roster and self._run.goes_on:
            self.enlist(client_id, len(self._roster) + 1)

    def take_rows(self, client_id: str, raw: bytes, endpoints: Sequence[str]) -> None:
        """Rows of a worker have arrived."""
        if worker := self._roster.get(client_id):
            worker.rows += self._run.take(raw, endpoints, worker.number)

    def take_observations(self, observations: Sequence[Sequence[Any]]) -> None:
        """What a worker observed of itself has arrived."""
        self._run.observe([Observation(*observation) for observation in observations])

    def take_count(self, client_id: str, rows: int) -> None:
        """A worker has stopped, and has sent so many rows."""
        if worker := self._roster.get(client_id):
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
        if worker.lost:
            return
        worker.lost = True
        workers = len(self._roster)
        self._run.fault(
            f"worker {worker.number + 1} of {workers}, {100 / workers:.0f} % of the load, {what}: "
            f"{worker.rows:,} of its requests are recorded, the rest is not known"
        )


def share_of(message: Message) -> Share:
    """What a `begin` says."""
    data = message.data
    scenario = read_scenario(data["scenario"], Path(f"{data['name']}.yaml"))
    return Share(scenario, data["host"], data["started_at"], data["worker"], data["workers"])


class Master:
    """A worker's side: what it sends the master."""

    def __init__(self, runner: WorkerRunner, worker: int) -> None:
        self._runner = runner
        self.source = f"worker {worker + 1}"

    def send_rows(self, raw: bytes, endpoints: Sequence[str]) -> None:
        """Send packed rows."""
        self._runner.send_message(ROWS, {"raw": raw, "endpoints": list(endpoints)})

    def send_observations(self, observations: Sequence[Observation]) -> None:
        """Send what was observed just now."""
        self._runner.send_message(OBSERVED, {"observations": [list(each) for each in observations]})

    def send_count(self, rows: int) -> None:
        """Say how many rows were sent in all."""
        self._runner.send_message(DONE, {"rows": rows})


def connect(
    runner: Runner, begin_share: Callable[[Share], None], workers: Callable[[], Workers | None]
) -> None:
    """Listen to the other processes of a load test: a worker to its master, a master to its workers."""

    def listen(kind: str, act: Callable[[Message], None]) -> None:
        runner.register_message(kind, lambda msg, **_: act(msg))

    def of_run(act: Callable[[Workers, Message], None]) -> Callable[[Message], None]:
        def hear(message: Message) -> None:
            if (roster := workers()) is not None:
                act(roster, message)

        return hear

    if isinstance(runner, WorkerRunner):
        listen(BEGIN, lambda message: begin_share(share_of(message)))
    elif isinstance(runner, MasterRunner):
        listen(ROWS, of_run(lambda roster, message: roster.take_rows(message.node_id, **message.data)))
        listen(OBSERVED, of_run(lambda roster, message: roster.take_observations(**message.data)))
        listen(DONE, of_run(lambda roster, message: roster.take_count(message.node_id, **message.data)))

        def on_connect(client_id: str, **_: object) -> None:
            if (roster := workers()) is not None:
                roster.welcome(client_id)

        runner.environment.events.worker_connect.add_listener(on_connect)
