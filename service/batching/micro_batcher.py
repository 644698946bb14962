"""The micro-batcher: single predictions that arrive together are answered by one call of the model.

A batch consists of what the queue holds when the model becomes free, so batches grow with the load: under
load the queue fills while the model works, and an idle service answers a single request at once. The batching
window (`max_wait_s`) applies only while further requests are known to be arriving: those whose body is
incomplete. Waiting for requests that may or may not come would add latency and no capacity.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Generic

from service.batching.inference import InferenceResult, ModelRunner
from service.batching.pending_rows import (
    ArrivalId,
    BatchListener,
    FinishedBatch,
    PendingRow,
    PredictionT,
    RowT,
    TimedPrediction,
)

MAX_LOOP_OCCUPANCY_S = 0.001
"""After this time of consecutive batches on the event loop, the loop's other work has its turn."""
TIMER_RESOLUTION_S = 0.0005
"""Waits shorter than this are skipped: the event loop's timers have a resolution of about a millisecond."""


class MicroBatcher(Generic[RowT, PredictionT]):
    """Queues rows and has the model answer them, one batch of up to `max_rows` at a time, oldest first."""

    def __init__(
        self,
        runner: ModelRunner[RowT, PredictionT],
        max_rows: int,
        max_wait_s: float,
        listeners: Sequence[BatchListener] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._runner = runner
        self._max_rows = max_rows
        self._max_wait_s = max_wait_s
        self._listeners = listeners
        self._clock = clock
        self._queue: OrderedDict[PendingRow[RowT, PredictionT], None] = OrderedDict()
        self._arriving: dict[ArrivalId, float] = {}
        self._last_arrival: ArrivalId = 0
        self._model_is_busy = False
        self._start_is_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._finished_s = float("-inf")

    @property
    def depth(self) -> int:
        """Rows waiting for the model, including those of requests that are still arriving."""
        return len(self._queue) + len(self._arriving)

    @property
    def model_is_busy(self) -> bool:
        """Whether the model's thread is working on a batch."""
        return self._model_is_busy

    def expect(self) -> ArrivalId:
        """Announce a request whose row is still to come; from now on it counts as part of the queue."""
        self._last_arrival += 1
        self._arriving[self._last_arrival] = self._clock()
        return self._last_arrival

    def withdraw(self, arrival: ArrivalId) -> None:
        """Take back the announcement of a request that will have no row."""
        if self._arriving.pop(arrival, None) is not None and self._timer is not None:
            self._schedule_start()

    def submit(
        self, data: RowT, arrival: ArrivalId | None = None, origin: Any = None
    ) -> PendingRow[RowT, PredictionT]:
        """Queue a row.

        A batch that becomes full starts now; otherwise after all callbacks that are ready in the event loop.
        """
        if arrival is not None:
            self._arriving.pop(arrival, None)
        row: PendingRow[RowT, PredictionT] = PendingRow(
            data, asyncio.get_running_loop().create_future(), self._clock(), origin
        )
        self._queue[row] = None
        if len(self._queue) == self._max_rows and not self._model_is_busy:
            self._start_batches()
        else:
            self._schedule_start()
        return row

    def drop(self, row: PendingRow[RowT, PredictionT]) -> None:
        """Remove a row and cancel its answer; it is not computed, unless its batch has started."""
        self._queue.pop(row, None)
        row.answer.cancel()

    def expire(self, row: PendingRow[RowT, PredictionT], error: Exception) -> None:
        """Answer a row with an error, whether it waits or is in a batch; does nothing if it is answered."""
        self._queue.pop(row, None)
        if not row.answer.done():
            row.answer.set_exception(error)

    def _schedule_start(self) -> None:
        if not self._start_is_scheduled and not self._model_is_busy:
            self._start_is_scheduled = True
            asyncio.get_running_loop().call_soon(self._start_batches)

    def _start_batches(self) -> None:
        """Start a batch, or wait for requests that are arriving.

        Batches that finish at once follow each other for up to a millisecond: between two passes of the event
        loop all sockets are read, and under overload that is most of the work.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # An inline model finishes its batch inside this loop: nothing may schedule another start meanwhile.
        self._start_is_scheduled = True
        until_s = self._clock() + MAX_LOOP_OCCUPANCY_S
        while self._queue and not self._model_is_busy:
            if len(self._queue) < self._max_rows and (wait_s := self._window_left_s()) > TIMER_RESOLUTION_S:
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._start_batches)
                break
            self._start_batch()
            if self._clock() >= until_s:
                break
        self._start_is_scheduled = False
        if self._timer is None and self._queue:
            self._schedule_start()

    def _start_batch(self) -> None:
        take = self._queue.popitem
        rows = [take(last=False)[0] for _ in range(min(len(self._queue), self._max_rows))]
        self._model_is_busy = True
        self._runner.start(
            [row.data for row in rows], lambda result: self._finish_batch(rows, result), self._clock
        )

    def _window_left_s(self) -> float:
        """How long to wait for requests that are arriving.

        The window ends `max_wait_s` after the earlier of two moments: the oldest row was queued, the newest
        of the requests still arriving was announced. So a stalled body delays others by `max_wait_s` at most.
        """
        if not self._arriving:
            return 0.0
        oldest_s = next(iter(self._queue)).queued_s
        newest_arrival_s = next(reversed(self._arriving.values()))
        return min(oldest_s, newest_arrival_s) + self._max_wait_s - self._clock()

    def _finish_batch(
        self, rows: list[PendingRow[RowT, PredictionT]], result: InferenceResult[PredictionT]
    ) -> None:
        """Answer each row with its own prediction, or all of them with the batch's error."""
        self._model_is_busy = False
        inference_s = result.ended_s - result.started_s
        if result.error is not None:
            for row in rows:
                if not row.answer.done():
                    row.answer.set_exception(result.error)
        else:
            size = len(rows)
            for row, output in zip(rows, result.outputs, strict=True):
                if not row.answer.done():
                    queue_s = result.started_s - row.queued_s
                    row.answer.set_result(TimedPrediction(output, queue_s, inference_s, size))
        batch = FinishedBatch(
            rows=rows,
            started_s=result.started_s,
            inference_s=inference_s,
            busy_since_s=max(self._finished_s, rows[0].queued_s),
            error=result.error,
        )
        self._finished_s = result.ended_s
        for listener in self._listeners:
            listener(batch)
        if self._queue:
            self._schedule_start()
