"""The micro-batcher: single predictions that arrive together are answered by one call of the model.

A batch is what the queue holds when the model is free, so batches grow with the load by themselves: under
load the queue fills while the model works, and an idle service answers a lone request at once. The window
(`max_wait_s`) is spent only on requests known to be arriving: those whose body is not there yet. Waiting for
arrivals one merely hopes for would add latency and no capacity.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from service.batching.inference import Inference, Outcome

In = TypeVar("In")
Out = TypeVar("Out")
IN_ONE_GO_S = 0.001
"""For so long batches that run on the event loop follow each other."""
TIMER_GRAIN_S = 0.0005
"""No wait is cut finer: the event loop's timers go by the millisecond."""
Arrival = int
"""Names a request that is arriving, from `expect` to `submit` or `withdraw`."""


class Answer(NamedTuple, Generic[Out]):
    """One row's prediction, and where its time went."""

    output: Out
    queue_s: float
    inference_s: float
    rows: int


class Row(Generic[In, Out]):
    """One prediction asked for; `answer` is done with an `Answer`, an exception, or cancelled.

    `origin` is kept for whoever observes the batch: a span's context, for one.
    """

    __slots__ = ("answer", "data", "origin", "queued_s")

    def __init__(self, data: In, answer: asyncio.Future[Answer[Out]], queued_s: float, origin: Any) -> None:
        self.data = data
        self.answer = answer
        self.queued_s = queued_s
        self.origin = origin


@dataclass(frozen=True, slots=True)
class Batch(Generic[In, Out]):
    """Rows the model answered, or failed, together; times in seconds of the batcher's clock."""

    rows: Sequence[Row[In, Out]]
    started_s: float
    inference_s: float
    busy_since_s: float
    error: Exception | None


BatchListener = Callable[[Batch[Any, Any]], None]
"""Called on the event loop with each batch, once its rows are answered."""


class MicroBatcher(Generic[In, Out]):
    """Collects rows and has the model answer them, one batch of up to `max_rows` at a time, oldest first."""

    def __init__(
        self,
        inference: Inference[In, Out],
        max_rows: int,
        max_wait_s: float,
        listeners: Sequence[BatchListener] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inference = inference
        self._max_rows = max_rows
        self._max_wait_s = max_wait_s
        self._listeners = listeners
        self._clock = clock
        self._queue: OrderedDict[Row[In, Out], None] = OrderedDict()
        self._arriving: dict[Arrival, float] = {}
        self._arrivals = 0
        self._working = False
        self._considering = False
        self._timer: asyncio.TimerHandle | None = None
        self._finished_s = float("-inf")

    @property
    def depth(self) -> int:
        """Rows waiting for the model, requests still arriving included."""
        return len(self._queue) + len(self._arriving)

    @property
    def working(self) -> bool:
        """Whether a batch is under way in the model's thread."""
        return self._working

    def expect(self) -> Arrival:
        """Announce a request whose row is still to come; it has a place in the queue from now on."""
        self._arrivals += 1
        self._arriving[self._arrivals] = self._clock()
        return self._arrivals

    def withdraw(self, arrival: Arrival) -> None:
        """Give up the place of a request that will have no row."""
        if self._arriving.pop(arrival, None) is not None and self._timer is not None:
            self._consider_soon()

    def submit(self, data: In, arrival: Arrival | None = None, origin: Any = None) -> Row[In, Out]:
        """Queue a row.

        A batch that is full with it starts now; else everything that is ready in the event loop comes first.
        """
        if arrival is not None:
            self._arriving.pop(arrival, None)
        row: Row[In, Out] = Row(data, asyncio.get_running_loop().create_future(), self._clock(), origin)
        self._queue[row] = None
        if len(self._queue) == self._max_rows and not self._working:
            self._consider()
        else:
            self._consider_soon()
        return row

    def drop(self, row: Row[In, Out]) -> None:
        """Free a row's place: it is not computed, unless that has begun."""
        self._queue.pop(row, None)
        row.answer.cancel()

    def expire(self, row: Row[In, Out], error: Exception) -> None:
        """Answer a row with an error now, wherever it stands; nothing happens if it has its answer."""
        self._queue.pop(row, None)
        if not row.answer.done():
            row.answer.set_exception(error)

    def _consider_soon(self) -> None:
        if not self._considering and not self._working:
            self._considering = True
            asyncio.get_running_loop().call_soon(self._consider)

    def _consider(self) -> None:
        """Start a batch, or wait for what is arriving.

        Batches that are done at once follow each other for up to a millisecond: between two passes of the
        event loop lies all that has to be read, and under overload that is most of the work.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._considering = True
        until_s = self._clock() + IN_ONE_GO_S
        while self._queue and not self._working:
            if len(self._queue) < self._max_rows and (wait_s := self._wait_s()) > TIMER_GRAIN_S:
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._consider)
                break
            self._start()
            if self._clock() >= until_s:
                break
        self._considering = False
        if self._timer is None and self._queue:
            self._consider_soon()

    def _start(self) -> None:
        take = self._queue.popitem
        rows = [take(last=False)[0] for _ in range(min(len(self._queue), self._max_rows))]
        self._working = True
        self._inference.run(
            [row.data for row in rows], lambda outcome: self._finish(rows, outcome), self._clock
        )

    def _wait_s(self) -> float:
        """How long the window stays open: no longer than for its oldest row, nor for a stalled sender."""
        if not self._arriving:
            return 0.0
        oldest_s = next(iter(self._queue)).queued_s
        newest_arrival_s = next(reversed(self._arriving.values()))
        return min(oldest_s, newest_arrival_s) + self._max_wait_s - self._clock()

    def _finish(self, rows: list[Row[In, Out]], outcome: Outcome[Out]) -> None:
        """Answer every waiter: each row with its own output, or all of them with the batch's error."""
        self._working = False
        inference_s = outcome.ended_s - outcome.started_s
        if outcome.error is not None:
            for row in rows:
                if not row.answer.done():
                    row.answer.set_exception(outcome.error)
        else:
            size = len(rows)
            for row, output in zip(rows, outcome.outputs, strict=True):
                if not row.answer.done():
                    queue_s = outcome.started_s - row.queued_s
                    row.answer.set_result(Answer(output, queue_s, inference_s, size))
        batch = Batch(
            rows=rows,
            started_s=outcome.started_s,
            inference_s=inference_s,
            busy_since_s=max(self._finished_s, rows[0].queued_s),
            error=outcome.error,
        )
        self._finished_s = outcome.ended_s
        for listener in self._listeners:
            listener(batch)
        if self._queue:
            self._consider_soon()
