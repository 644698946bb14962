"""Deadlines of rows: one timer fails all that are not answered in time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from service.batching.micro_batcher import TIMER_RESOLUTION_S, MicroBatcher
from service.batching.pending_rows import PendingRow


class DeadlineExceededError(Exception):
    """There was no prediction within the deadline."""


class DeadlineTimer:
    """Fails rows that are not answered within `deadline_s`, with a single timer.

    All rows have the same deadline, so they expire in the order of their arrival, and the timer is set for
    the oldest one that still waits.
    """

    def __init__(
        self,
        batcher: MicroBatcher[Any, Any],
        deadline_s: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._batcher = batcher
        self._deadline_s = deadline_s
        self._clock = clock
        self._rows: deque[PendingRow[Any, Any]] = deque()
        self._is_set = False

    def watch(self, row: PendingRow[Any, Any]) -> None:
        """Fail the row with `DeadlineExceededError` at its deadline, unless it is answered by then."""
        self._rows.append(row)
        if not self._is_set:
            self._set()

    def _set(self) -> None:
        self._is_set = True
        wait_s = self._rows[0].queued_s + self._deadline_s - self._clock()
        asyncio.get_running_loop().call_later(max(0.0, wait_s), self._expire)

    def _expire(self) -> None:
        self._is_set = False
        latest_s = self._clock() - self._deadline_s + TIMER_RESOLUTION_S
        rows = self._rows
        while rows and (rows[0].answer.done() or rows[0].queued_s <= latest_s):
            row = rows.popleft()
            self._batcher.expire(row, DeadlineExceededError())
        if rows:
            self._set()
