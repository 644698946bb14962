"""The parent of workers heeds signals, and notices a worker that has died, without waiting for an answer."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from unittest.mock import Mock

import pytest
import uvicorn
from uvicorn.supervisors.multiprocess import SIGNALS, Process

from service.web.workers import WorkerSupervisor

LONG_S = 60


@pytest.fixture
def supervisor() -> Iterator[WorkerSupervisor]:
    """A parent without sockets and without workers, which waits long for an answer."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    config = uvicorn.Config("service.app:app", log_config=None, timeout_worker_healthcheck=LONG_S)
    yield WorkerSupervisor(config, [], 0.0)
    for number, handler in before.items():
        signal.signal(number, handler)


def add_worker(supervisor: WorkerSupervisor) -> Mock:
    """A worker that answers nothing; its process, which nobody starts."""
    worker = Process(supervisor.config, [])
    worker.process = process = Mock()
    supervisor.processes.append(worker)
    return process


def test_a_worker_that_dies_before_its_answer_is_not_waited_for(supervisor: WorkerSupervisor) -> None:
    """The pipe to it tells that it has gone, once no end of it is left open."""
    process = add_worker(supervisor)
    process.is_alive.return_value = True
    process.kill.side_effect = supervisor.should_exit.set  # it is not replaced
    begun_s = time.monotonic()
    supervisor.keep_subprocess_alive()
    assert process.kill.called
    assert time.monotonic() - begun_s < LONG_S


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_the_replacement_of_workers(supervisor: WorkerSupervisor, number: signal.Signals) -> None:
    """No other worker is started: the service would go on for as long as that takes."""
    add_worker(supervisor)
    kept = [*supervisor.processes]
    signal.raise_signal(number)
    supervisor.restart_all()
    assert supervisor.processes == kept
    supervisor.handle_signals()
    assert supervisor.should_exit.wait(0)


def test_other_signals_stop_nothing(supervisor: WorkerSupervisor) -> None:
    signal.raise_signal(signal.SIGHUP)
    assert not supervisor.should_exit.is_set()
