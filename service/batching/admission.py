"""What the service takes on: admission by the queue and the measured drain rate, and deadlines."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from service.batching.micro_batcher import TIMER_GRAIN_S, Batch, MicroBatcher, Row

_HALF_LIFE_S = 0.2


class DeadlineExceededError(Exception):
    """A prediction was not there in time."""


class DrainRate:
    """Rows answered a second while there was work, as a ratio of two sums that forget alike.

    Busy time counts from when rows were waiting, so what the event loop does beside inference counts too.
    After `half_life_s` of busy time, what was seen before weighs half.
    """

    def __init__(self, half_life_s: float = _HALF_LIFE_S) -> None:
        self._half_life_s = half_life_s
        self._rows = 0.0
        self._busy_s = 0.0

    def observe(self, rows: int, busy_s: float) -> None:
        """Take in that `rows` were answered in `busy_s` seconds."""
        kept = 0.5 ** (busy_s / self._half_life_s)
        self._rows = kept * self._rows + rows
        self._busy_s = kept * self._busy_s + busy_s

    @property
    def rows_per_s(self) -> float:
        """The rate; infinite before anything was seen."""
        return self._rows / self._busy_s if self._busy_s > 0.0 else math.inf


class Admission:
    """Says in O(1) whether one more row may wait. An observer of the batches.

    The limit is the smaller of `admitted_share` of the queue and what the drain rate answers within
    `patience_s`; of the latter at least one full batch, because a service that takes one row at a time
    can't show how fast it is in batches.
    """

    def __init__(self, queue_rows: int, admitted_share: float, batch_rows: int, patience_s: float) -> None:
        self._most = max(1, int(queue_rows * admitted_share))
        self._batch_rows = batch_rows
        self._patience_s = patience_s
        self._rate = DrainRate()
        self.limit = self._most

    def admits(self, depth: int) -> bool:
        """Whether a row may join `depth` others."""
        return depth < self.limit

    def retry_after_s(self, depth: int) -> int:
        """Whole seconds after which what waits now will have been answered."""
        return max(1, math.ceil(min(depth / self._rate.rows_per_s, 60.0)))

    def __call__(self, batch: Batch[Any, Any]) -> None:
        """Learn from a batch."""
        self._rate.observe(len(batch.rows), batch.started_s + batch.inference_s - batch.busy_since_s)
        drained = self._rate.rows_per_s * self._patience_s
        self.limit = int(min(self._most, max(self._batch_rows, drained)))


class Deadlines:
    """Ends the wait of rows that were not answered in time, with one timer for all of them.

    All rows have the same time, so they expire in the order in which they came: the timer stands at the
    oldest one that is still waiting.
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
        self._rows: deque[Row[Any, Any]] = deque()
        self._armed = False

    def watch(self, row: Row[Any, Any]) -> None:
        """Have the row fail with `DeadlineExceededError` once its time is over."""
        self._rows.append(row)
        if not self._armed:
            self._arm()

    def _arm(self) -> None:
        self._armed = True
        wait_s = self._rows[0].queued_s + self._deadline_s - self._clock()
        asyncio.get_running_loop().call_later(max(0.0, wait_s), self._expire)

    def _expire(self) -> None:
        self._armed = False
        latest_s = self._clock() - self._deadline_s + TIMER_GRAIN_S
        rows = self._rows
        while rows and (rows[0].answer.done() or rows[0].queued_s <= latest_s):
            row = rows.popleft()
            self._batcher.expire(row, DeadlineExceededError())
        if rows:
            self._arm()
