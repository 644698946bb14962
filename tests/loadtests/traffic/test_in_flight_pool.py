"""The open model sends without waiting, within a bound, and waits for all replies at the end."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import gevent
import pytest
from gevent.event import Event

from loadtests.traffic import open_model
from loadtests.traffic.open_model import InFlightPool


class Sender:
    """A sender whose replies come when they are let."""

    def __init__(self) -> None:
        self.let = Event()
        self.intended: list[float] = []
        self.dropped: list[float] = []
        self.opened = self.closed = self.left_out = 0
        self.fails = False

    def number_user(self) -> int:
        return 0

    def deal_turns(self, _: int) -> Any:
        return repeat("request")

    def open_connection(self) -> Any:
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1

    def take_turn(self, _: Any, __: Any, ___: Any, intended: float) -> bool:
        self.intended.append(intended)
        self.let.wait()
        if self.fails:
            raise RuntimeError("broken")
        return True

    def drop(self, _: Any, intended: float) -> None:
        self.dropped.append(intended)


@pytest.fixture
def sender() -> Sender:
    return Sender()


def test_requests_are_sent_in_their_order_and_none_waits_for_another(sender: Sender) -> None:
    pool = InFlightPool(sender, limit=10)  # type: ignore[arg-type]
    for intended in (1.0, 2.0, 3.0):
        pool.submit(intended)
    gevent.sleep(0)
    assert sender.intended == [1.0, 2.0, 3.0]
    assert len(pool) == 3
    sender.let.set()
    pool.drain()
    assert len(pool) == 0


def test_what_is_beyond_the_limit_is_dropped(sender: Sender) -> None:
    pool = InFlightPool(sender, limit=2)  # type: ignore[arg-type]
    for intended in (1.0, 2.0, 3.0):
        pool.submit(intended)
    assert sender.dropped == [3.0]
    sender.let.set()
    pool.drain()
    assert sender.intended == [1.0, 2.0]


def test_a_connection_is_used_again_and_closed_at_the_end(sender: Sender) -> None:
    pool = InFlightPool(sender, limit=10)  # type: ignore[arg-type]
    sender.let.set()
    for intended in range(5):
        pool.submit(float(intended))
        gevent.sleep(0)
        gevent.sleep(0)
    assert (sender.opened, sender.closed) == (1, 0)
    pool.drain()
    assert sender.closed == 1


def test_draining_waits_for_the_replies(sender: Sender) -> None:
    pool = InFlightPool(sender, limit=10)  # type: ignore[arg-type]
    pool.submit(1.0)
    draining = gevent.spawn(pool.drain)
    gevent.sleep(0)
    gevent.sleep(0)
    assert not draining.ready()
    sender.let.set()
    draining.join(30)
    assert draining.ready()
    assert sender.closed == sender.opened == 1


def test_when_all_records_were_sent_nothing_is_sent_any_more(sender: Sender) -> None:
    sender.deal_turns = lambda _: iter(["only"])  # type: ignore[method-assign]
    sender.let.set()
    pool = InFlightPool(sender, limit=10)  # type: ignore[arg-type]
    for intended in (1.0, 2.0, 3.0):
        pool.submit(intended)
    pool.drain()
    assert sender.intended == [1.0]
    assert sender.left_out == 2


def test_what_a_burst_leaves_idle_is_closed_and_what_is_needed_stays_open(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection is closed with each request, so that closing many delays nobody."""
    clock_s = 1_000.0
    monkeypatch.setattr(open_model, "perf_counter", lambda: clock_s)
    pool = InFlightPool(sender, limit=10)  # type: ignore[arg-type]
    for intended in range(5):
        pool.submit(float(intended))
    sender.let.set()
    gevent.sleep(0.01)
    for _ in range(20):
        clock_s += open_model.IDLE_S / 2
        pool.submit(clock_s)
        gevent.sleep(0)
        gevent.sleep(0)
    assert (sender.opened, sender.closed) == (5, 4)
    clock_s += 10 * open_model.IDLE_S
    pool.submit(clock_s)
    assert (sender.opened, sender.closed) == (5, 4), "the only one is used again, however long it was idle"
    pool.drain()
    assert sender.closed == sender.opened == 5
