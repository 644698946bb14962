"""Workers that die or stand still: the run is invalid and says so, and the rows of the others stay."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
LOAD = "{users: [{constant: 8, for: 8s}]}"
STILL_S = 3.5
"""Three seconds in which the event loop stood still are tolerated."""
LENIENT = "[max latency <= 300 s]"
UNSENT = 3 * 4
"""Requests of four paced users in 3 s: rows that a worker may not have handed on when it dies."""


def find_worker(run: Any) -> int:
    """The process of one of the workers: a child of the one that leads them."""
    (leader,) = run.generators
    return psutil.Process(leader).children()[0].pid


def test_a_worker_that_is_killed_makes_the_run_invalid(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    service = misbehaving()
    run = load_test(service.host, LOAD, LENIENT, options=("--processes", "2"))
    service.until_asked(since_s=2.0)
    os.kill(find_worker(run), signal.SIGKILL)
    run.ended()
    assert run.code == 3, run.said
    assert "of 2, 50 % of the load, was lost" in run.said
    assert {row["worker"] for row in run.rows} == {0, 1}
    ledger.add_run(
        run,
        fault="a worker of two is killed",
        recorded="all of the other one, and what the killed one had handed on; the verdict names it",
        seen=service.seen()[0],
        in_flight=UNSENT,
    )


def test_a_worker_that_stood_still_makes_the_run_invalid(
    load_test: Start, misbehaving: Start, ledger: Ledger
) -> None:
    service = misbehaving()
    run = load_test(
        service.host,
        LOAD,
        LENIENT,
        generator="{busy: 1, starved: 1, others: 64}",
        options=("--processes", "2"),
    )
    service.until_asked(since_s=2.0)
    worker = find_worker(run)
    os.kill(worker, signal.SIGSTOP)
    threading.Event().wait(STILL_S)
    os.kill(worker, signal.SIGCONT)
    run.ended()
    assert run.code == 3, run.said
    assert "stood still for more than 100 ms in" in run.said
    ledger.add_run(
        run,
        fault="a worker of two is stopped for 3.5 of 8 s and resumed",
        recorded="all that was sent; the verdict says for how long it stood still",
        seen=service.seen()[0],
    )
