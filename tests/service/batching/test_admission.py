"""Admission control and deadlines: the limit, its arithmetic and its cost."""

from __future__ import annotations

import asyncio
import gc
import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batching.admission import AdmissionControl, DrainRate
from service.batching.deadlines import DeadlineTimer
from service.batching.micro_batcher import MicroBatcher
from service.batching.pending_rows import FinishedBatch, PendingRow
from tests.service.virtual_time import ScriptedRunner, VirtualLoop, run


def batch(rows: int, busy_s: float, started_s: float = 0.0) -> FinishedBatch[Any, Any]:
    """A batch that was answered `busy_s` after there was work."""
    waiting: list[Any] = [PendingRow(0, None, 0.0, None)] * rows  # type: ignore[arg-type]
    return FinishedBatch(waiting, started_s, busy_s, started_s, None)


def test_before_the_first_batch_the_queue_is_the_limit() -> None:
    assert AdmissionControl(2_000, 0.8, 32, 0.05).limit == 1_600


@pytest.mark.parametrize(
    ("rows", "busy_s", "limit", "why"),
    [
        (32, 0.016, 100, "2,000 rows a second, for 50 ms"),
        (32, 0.000_1, 1_600, "fast: 80 % of the queue is less than it could drain"),
        (1, 0.060, 32, "slow so far: one full batch may always wait"),
    ],
)
def test_the_limit_is_what_drains_within_the_longest_delay(
    rows: int, busy_s: float, limit: int, why: str
) -> None:
    admission = AdmissionControl(2_000, 0.8, 32, 0.05)
    admission.observe_batch(batch(rows, busy_s))
    assert admission.limit == limit, why
    assert admission.admits(limit - 1)
    assert not admission.admits(limit)


def test_the_limit_follows_a_service_that_slows_down_and_recovers() -> None:
    admission = AdmissionControl(2_000, 0.8, 32, 0.05)
    limits = []
    for busy_s in (0.002, 0.020, 0.002):
        for _ in range(round(2.0 / busy_s)):
            admission.observe_batch(batch(32, busy_s))
        limits.append(admission.limit)
    assert limits[0] == limits[2] == pytest.approx(800, abs=1)
    assert limits[1] == pytest.approx(80, abs=1)


@pytest.mark.parametrize(("depth", "seconds"), [(0, 1), (1_000, 1), (2_500, 3), (10**9, 60)])
def test_retry_after_is_the_time_in_which_the_waiting_rows_drain(depth: int, seconds: int) -> None:
    admission = AdmissionControl(2_000, 0.8, 32, 0.05)
    admission.observe_batch(batch(10, 0.01))
    assert admission.retry_after_s(depth) == seconds


@given(st.lists(st.tuples(st.integers(1, 32), st.floats(1e-5, 1.0)), min_size=1, max_size=50))
def test_the_rate_lies_between_the_slowest_and_the_fastest_batch(seen: list[tuple[int, float]]) -> None:
    rate = DrainRate()
    assert rate.rows_per_s == math.inf
    for rows, busy_s in seen:
        rate.observe(rows, busy_s)
    rates = [rows / busy_s for rows, busy_s in seen]
    assert min(rates) * 0.999 <= rate.rows_per_s <= max(rates) * 1.001


def count_calls_of_admission(waiting: int) -> int:
    """How many functions are called to decide on one more request, with so many waiting."""

    async def main(loop: VirtualLoop) -> int:
        inference: Any = ScriptedRunner(loop, [1.0])
        batcher: MicroBatcher[int, int] = MicroBatcher(inference, 4, 0.005, (), loop.time)
        rows = [batcher.submit(each) for each in range(waiting)]
        admission = AdmissionControl(100_000, 0.8, 32, 0.05)
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        gc.disable()  # a collection would call finalizers
        sys.setprofile(count)
        admission.admits(batcher.depth)
        sys.setprofile(None)
        gc.enable()
        for row in rows:
            batcher.drop(row)
        await asyncio.sleep(2.0)
        return calls

    calls = run(main)
    assert isinstance(calls, int)
    return calls


def test_admission_costs_the_same_for_any_depth() -> None:
    assert count_calls_of_admission(10) == count_calls_of_admission(5_000)


@pytest.mark.parametrize(("rows", "at_once"), [(1_000, 1_000), (1_000, 1)], ids=["a burst", "a stream"])
def test_one_timer_serves_all_deadlines(rows: int, at_once: int) -> None:
    """It is set once in a deadline of 0.1 s, not once a row; in the stream a row arrives each millisecond."""

    async def main(loop: VirtualLoop) -> int:
        inference: Any = ScriptedRunner(loop, inline=True)
        batcher: MicroBatcher[int, int] = MicroBatcher(inference, 1_000, 0.005, (), loop.time)
        deadlines = DeadlineTimer(batcher, 0.1, loop.time)
        timers = 0
        call_later = loop.call_later

        def counted(delay_s: float, callback: Any, *arguments: Any, **options: Any) -> Any:
            nonlocal timers
            timers += getattr(callback, "__self__", None) is deadlines
            return call_later(delay_s, callback, *arguments, **options)

        loop.call_later = counted  # type: ignore[method-assign]
        for _ in range(rows // at_once):
            waiting = [batcher.submit(each) for each in range(at_once)]
            for row in waiting:
                deadlines.watch(row)
            await asyncio.gather(*(row.answer for row in waiting))
            await asyncio.sleep(0.001)
        return timers

    assert run(main) <= 1 + rows / at_once * 0.001 / 0.1
