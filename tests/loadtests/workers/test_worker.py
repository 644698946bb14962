"""A worker begins what its master assigns, once, and says how much it sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.env import Environment
from locust.runners import STATE_STOPPED, WorkerRunner

from configuration.loading import load_scenario
from loadtests.traffic.open_model import ArrivalUser
from loadtests.workers.protocol import ASSIGN, DONE, LISTENING, READY, ROWS, START
from loadtests.workers.worker import WorkerSession
from reports.data.failed_requests import FailedRequests


class WorkerSide(WorkerRunner):
    """A worker's runner without a connection: it keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.heard: dict[str, Callable[..., None]] = {}
        self.state = STATE_STOPPED

    def __del__(self) -> None:
        """Locust's would end greenlets that this one has not got."""

    def register_message(self, kind: str, hear: Callable[..., None], *_: Any) -> None:
        self.heard[kind] = hear

    def send_message(self, kind: str, data: Any = None, *_: Any) -> None:
        self.sent.append((kind, data))

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        self.heard[kind](SimpleNamespace(node_id="master", data=data))

    @property
    def kinds(self) -> list[str]:
        """What was sent, without what it observed of itself."""
        return [kind for kind, _ in self.sent if "observ" not in kind]


@pytest.fixture
def runner() -> WorkerSide:
    return WorkerSide()


@pytest.fixture
def session(runner: WorkerSide) -> Iterator[WorkerSession]:
    environment = Environment(user_classes=[ArrivalUser])
    environment.runner = runner
    made = WorkerSession(environment, {}, forked=False)
    yield made
    made.finish()


def assignment(run: str = "short-1") -> dict[str, Any]:
    scenario = load_scenario("smoke")
    host = "http://127.0.0.1:9"
    resolved = scenario.resolve()
    return {
        "run": run,
        "name": "smoke",
        "scenario": resolved,
        "host": host,
        "worker": 0,
        "workers": 1,
        "references": {},
    }


def test_it_says_that_it_listens_is_ready_and_how_much_it_sent(
    runner: WorkerSide, session: WorkerSession
) -> None:
    runner.hear(ASSIGN, assignment())
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    session.finish()
    session.finish()
    assert runner.kinds == [LISTENING, READY, DONE]
    assert runner.sent[-1][1] == {
        "run": "short-1",
        "rows": 0,
        "lost": 0,
        "failures": FailedRequests().to_json(),
    }


def test_an_assignment_that_comes_twice_is_begun_once_and_answered_twice(
    runner: WorkerSide, session: WorkerSession
) -> None:
    """The first answer may have been lost."""
    runner.hear(ASSIGN, assignment())
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    sender = session.sender
    runner.hear(ASSIGN, assignment())
    assert session.sender is sender
    assert runner.kinds == [LISTENING, READY, READY]


def test_a_start_that_comes_twice_does_not_begin_the_schedule_anew(
    runner: WorkerSide, session: WorkerSession
) -> None:
    runner.hear(ASSIGN, assignment())
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    schedule = session.schedule
    runner.hear(START, {"run": "short-1", "started_at": time.time() + 5})
    assert session.schedule is schedule


def test_users_wait_until_the_worker_is_started(runner: WorkerSide, session: WorkerSession) -> None:
    """Locust may give users to a worker that joins late before its master can start it."""
    waiting = gevent.spawn(lambda: session.sender)
    gevent.sleep(0)
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    runner.hear(ASSIGN, assignment())
    runner.hear(START, {"run": "other-1", "started_at": time.time()})
    gevent.sleep(0)
    assert not waiting.ready()
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    assert waiting.get(timeout=30) is session.sender


def test_what_was_recorded_is_sent_before_the_count(runner: WorkerSide, session: WorkerSession) -> None:
    runner.hear(ASSIGN, assignment())
    runner.hear(START, {"run": "short-1", "started_at": time.time()})
    request = next(session.sender.deal_turns(0))
    assert session.sender.send(session.sender.open_connection(), request).outcome == "refused"
    session.finish()
    assert runner.kinds[-2:] == [ROWS, DONE]
    assert runner.sent[-1][1]["rows"] == 1


def test_an_assignment_is_a_sign_of_life(runner: WorkerSide, session: WorkerSession) -> None:
    """A worker may have waited for long until a master was started again."""
    session._silent_s = 300.0
    runner.hear(ASSIGN, assignment())
    assert session._silent_s == 0.0


def test_a_worker_with_load_and_a_silent_master_ends(
    session: WorkerSession, runner: WorkerSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign of life starts its patience anew, and without a part of a run it waits."""
    looks, ends = iter(range(100)), []
    silences: list[float] = []

    def look(_: float) -> None:
        number = next(looks)
        silences.append(session._silent_s)
        if number == 5:
            session._environment.events.heartbeat_received.fire(client_id="one", timestamp=0.0)
        if number == 30:
            session._generator = SimpleNamespace()  # type: ignore[assignment]

    monkeypatch.setattr("loadtests.workers.worker.gevent.sleep", look)
    monkeypatch.setattr(runner, "quit", lambda: ends.append(session._silent_s), raising=False)
    session._follow_master()
    session._generator = None
    assert silences[5:8] == [5.0, 1.0, 2.0]
    assert ends == [26.0]
    assert session.lost_master
