"""The protocol between a master and its workers: whatever happens to messages, no row is lost unnoticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from locust.runners import STATE_MISSING, STATE_RUNNING

from loadtests.workers.master import WorkerRoster, hear_workers
from loadtests.workers.protocol import ASSIGN, DONE, LISTENING, READY, ROWS, START

RUN = "short-1"


@dataclass
class RecordedRun:
    """As much of a run's recording as the roster uses: rows are counted."""

    folder: Any = field(default_factory=lambda: SimpleNamespace(name=RUN))
    facts: Any = field(default_factory=lambda: SimpleNamespace(scenario="short", model="closed"))
    is_running: bool = True
    rows: int = 0
    faults: list[str] = field(default_factory=list)

    def record(self, raw: bytes, _: Any, __: int = 0) -> int:
        self.rows += len(raw)
        return len(raw)

    def add_fault(self, reason: str) -> None:
        if reason not in self.faults:
            self.faults.append(reason)


class Clients(dict[str, Any]):
    """Locust's list of the workers that a master knows, by state."""

    @property
    def ready(self) -> list[Any]:
        return [client for client in self.values() if client.state == STATE_RUNNING]

    spawning: tuple[Any, ...] = ()
    running: tuple[Any, ...] = ()


class MasterSide:
    """A master's runner: it knows clients, sends and hears."""

    def __init__(self) -> None:
        self.clients: Any = Clients()
        self.clients.spawning = self.clients.running = []
        self.sent: list[tuple[str, str]] = []
        self.heard: dict[str, Callable[..., None]] = {}

    def register_message(self, kind: str, hear: Callable[..., None]) -> None:
        self.heard[kind] = hear

    def send_message(self, kind: str, _: Any, client_id: str) -> None:
        self.sent.append((kind, client_id))


@dataclass
class Sent:
    """A message on its way."""

    kind: str
    worker: str
    data: dict[str, Any]


@dataclass
class Truth:
    """What really became of one worker."""

    sent_rows: int = 0
    stopped: bool = False
    vanished: bool = False
    told_done: bool = False


class WorkersOfARun(RuleBasedStateMachine):
    """Messages are lost, late, doubled and out of order; workers vanish and join at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = MasterSide()
        self.run = RecordedRun()
        self.way: list[Sent] = []
        self.truth: dict[str, Truth] = {}
        self.flawless = True
        self.skewed: set[str] = set()
        self.doubled_rows = 0
        self.finished = False

    @initialize(workers=st.integers(1, 3))
    def begin(self, workers: int) -> None:
        for number in range(workers):
            self._add(f"w{number}")
        roster = WorkerRoster(self.runner, self.run, {}, "http://here")  # type: ignore[arg-type]
        self.roster = roster
        hear_workers(self.runner, lambda: roster)  # type: ignore[arg-type]
        roster.start(time.time())

    def _add(self, worker: str) -> None:
        self.runner.clients[worker] = SimpleNamespace(id=worker, state=STATE_RUNNING)
        self.truth[worker] = Truth()

    def _hear(self, message: Sent) -> None:
        self.runner.heard[message.kind](SimpleNamespace(node_id=message.worker, data=dict(message.data)))

    def _pick(self, place: int) -> str:
        return sorted(self.truth)[place % len(self.truth)]

    def _send(self, kind: str, worker: str, **data: Any) -> None:
        if not self.truth[worker].vanished:
            self.way.append(Sent(kind, worker, {"run": RUN, **data}))

    @rule(place=st.integers(0, 5), skew_s=st.sampled_from([0.0, 0.0, 0.0, 40.0, -40.0]))
    def is_ready(self, place: int, skew_s: float) -> None:
        worker = self._pick(place)
        if not self.truth[worker].vanished and not self.finished:
            self._hear(Sent(READY, worker, {"run": RUN, "clock_s": time.time() + skew_s}))
            assert self.runner.sent[-1] == (START, worker), "who is ready after the start begins at once"
            if skew_s:
                self.skewed.add(worker)

    @rule(place=st.integers(0, 5), rows=st.integers(1, 50))
    def sends_rows(self, place: int, rows: int) -> None:
        worker = self._pick(place)
        truth = self.truth[worker]
        if not truth.stopped and not truth.vanished:
            truth.sent_rows += rows
            self._send(ROWS, worker, raw=bytes(rows), endpoints=["prediction"])

    @rule(place=st.integers(0, 5))
    def stops(self, place: int) -> None:
        worker = self._pick(place)
        truth = self.truth[worker]
        if not truth.stopped and not truth.vanished:
            truth.stopped = True
            self._send(DONE, worker, rows=truth.sent_rows, lost=0)

    @precondition(lambda self: self.way)
    @rule(place=st.integers(0, 50))
    def arrives(self, place: int) -> None:
        message = self.way.pop(place % len(self.way))
        self._hear(message)
        if message.kind == DONE and not self.finished:
            self.truth[message.worker].told_done = True

    @precondition(lambda self: self.way)
    @rule(place=st.integers(0, 50))
    def is_lost(self, place: int) -> None:
        self.way.pop(place % len(self.way))
        self.flawless = False

    @precondition(lambda self: self.way and not self.finished)
    @rule(place=st.integers(0, 50))
    def is_doubled(self, place: int) -> None:
        message = self.way[place % len(self.way)]
        self._hear(message)
        if message.kind == ROWS:
            self.flawless = False
            self.doubled_rows += len(message.data["raw"])
        else:
            self.truth[message.worker].told_done = True

    @rule(place=st.integers(0, 5), missing=st.booleans())
    def vanishes(self, place: int, missing: bool) -> None:
        worker = self._pick(place)
        if not self.truth[worker].told_done:
            self.flawless = False
        self.truth[worker].vanished = True
        if missing and worker in self.runner.clients:
            self.runner.clients[worker].state = STATE_MISSING
        else:
            self.runner.clients.pop(worker, None)

    @precondition(lambda self: len(self.truth) < 6 and not self.finished)
    @rule()
    def joins_late(self) -> None:
        worker = f"w{len(self.truth)}"
        self._add(worker)
        self._hear(Sent(LISTENING, worker, {}))
        assert self.runner.sent[-1] == (ASSIGN, worker)

    @rule()
    def speaks_of_another_run(self) -> None:
        before = (self.run.rows, list(self.run.faults))
        for kind, data in ((ROWS, {"raw": b"123", "endpoints": []}), (DONE, {"rows": 9, "lost": 9})):
            self._hear(Sent(kind, self._pick(0), {"run": "other-1", **data}))
        assert (self.run.rows, self.run.faults) == before

    @rule()
    def is_watched(self) -> None:
        if not self.finished:
            self.roster.fault_lost_workers()

    @precondition(lambda self: not self.finished)
    @rule()
    def finishes(self) -> None:
        self.finished = True
        self.run.is_running = False
        self.roster.finish(patience_s=0.0)
        sent = sum(truth.sent_rows for truth in self.truth.values())
        late = any(message.kind == ROWS for message in self.way)
        late |= not all(truth.told_done for truth in self.truth.values())
        if self.run.rows != sent or late:
            assert self.run.faults, "rows are missing, doubled or unaccounted for, and nobody says so"
        if self.flawless and not late and not self.skewed:
            assert self.run.faults == []
            assert self.run.rows == sent
        for worker in self.skewed:
            number = 1 + sorted(self.truth).index(worker)
            assert any(f"the clock of worker {number} differs" in fault for fault in self.run.faults)
        for worker, truth in self.truth.items():
            if not truth.told_done:
                number = 1 + sorted(self.truth).index(worker)
                assert any(
                    f"worker {number} of" in fault and ("was lost" in fault or "never said" in fault)
                    for fault in self.run.faults
                )

    def teardown(self) -> None:
        if hasattr(self, "roster") and not self.finished:
            self.roster.finish(patience_s=0.0)


TestWorkersOfARun = WorkersOfARun.TestCase
TestWorkersOfARun.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


def test_who_takes_too_long_to_get_ready_is_named() -> None:
    runner, run = MasterSide(), RecordedRun()
    for worker in ("a", "b"):
        runner.clients[worker] = SimpleNamespace(id=worker, state=STATE_RUNNING)
    roster = WorkerRoster(runner, run, {}, "")  # type: ignore[arg-type]
    roster.hear_ready("a", time.time())
    roster.await_ready(patience_s=0.0)
    roster.finish(0.0)
    assert run.faults[0] == "worker 2 of 2 was not ready in 0 s"


def test_a_worker_of_the_open_model_that_joins_late_is_not_missed() -> None:
    """All arrivals were dealt before it came: it sends nothing."""
    runner, run = MasterSide(), RecordedRun()
    run.facts.model = "open"
    runner.clients["a"] = SimpleNamespace(id="a", state=STATE_RUNNING)
    roster = WorkerRoster(runner, run, {}, "")  # type: ignore[arg-type]
    roster.hear_listening("late")
    roster.hear_done("a", 0, 0)
    roster.finish(0.0)
    assert run.faults == []


def test_what_a_worker_could_not_record_is_a_fault() -> None:
    runner, run = MasterSide(), RecordedRun()
    runner.clients["a"] = SimpleNamespace(id="a", state=STATE_RUNNING)
    roster = WorkerRoster(runner, run, {}, "")  # type: ignore[arg-type]
    roster.hear_done("a", 0, 1_200)
    roster.finish(0.0)
    assert run.faults == ["worker 1 could not record 1,200 requests"]
