"""Runs the model on a batch: on the event loop if the model is fast enough, otherwise in a thread."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from service.batching.pending_rows import PredictionT, RowT
from service.batching.watchdog import HungCallError, Watchdog

_MEASURED_BATCHES = 5
_WARM_UP_S = 1.0

logger = logging.getLogger(__name__)


class PredictionError(Exception):
    """The model failed on a batch, or gave what is no prediction; the log has the cause under `error_id`."""

    def __init__(self) -> None:
        error_id = uuid.uuid4().hex[:12]
        super().__init__(f"The prediction failed. The service's log tells more under error id {error_id}.")
        self.error_id = error_id


@dataclass(frozen=True, slots=True)
class InferenceResult(Generic[PredictionT]):
    """The outputs of a batch, one for each row in the rows' order, or the error; times in seconds."""

    outputs: Sequence[PredictionT]
    error: PredictionError | None
    started_s: float
    ended_s: float


class ModelRunner(Generic[RowT, PredictionT]):
    """Calls `predict_batch`, on the event loop or in a thread; `inline` says where the next batch runs.

    Handing a batch to a thread and back costs about as much as a small model's prediction, and it lengthens
    the tail, because two threads then compete for the interpreter lock. Measured for one row at a time: 17 µs
    inline, 31 µs through the thread (medians); on a busy machine 38 µs against 175 µs at the 99th percentile
    (2026-11-20, two cores of an AMD EPYC).

    So a model runs inline while the median duration of its last five batches is below `inline_s`; the median,
    because a single batch may be interrupted by the machine. A model that is slower, or not yet measured,
    runs in the thread, where it does not block the event loop. A batch that hangs on the event loop is
    interrupted by the `watchdog`, if there is one, and predicted again in the thread, where the model stays
    until it is measured to be fast again. Native code that never comes back to Python can't be interrupted: a
    model that may hang there needs `inline_s` 0, which keeps it in the thread.
    """

    def __init__(
        self,
        predict_batch: Callable[[Sequence[RowT]], Sequence[PredictionT]],
        inline_s: float,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._predict_batch = predict_batch
        self._inline_s = inline_s
        self._watchdog = watchdog
        self._durations_s: deque[float] = deque(maxlen=_MEASURED_BATCHES)
        self.inline = False
        self._thread: _WorkerThread | None = None

    def warm_up(self, row: RowT, sizes: Sequence[int], timeout_s: float = _WARM_UP_S) -> None:
        """Predict a few batches of copies of `row` before the first request.

        Imports, caches and allocations of the first calls are done then, and it is measured where the model
        runs. Gives up after `timeout_s`: the requests of a model that is slow, or hangs, wait in the thread.
        """
        done = threading.Event()

        def predict() -> None:
            for size in [*sizes] * _MEASURED_BATCHES:
                result = self._call_model([row] * size, time.perf_counter)
                if done.is_set():
                    return
                self._record(result, lambda _: None)
            done.set()

        self._run_in_thread(predict)
        done.wait(timeout_s)
        done.set()

    def start(
        self,
        rows: Sequence[RowT],
        done: Callable[[InferenceResult[PredictionT]], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Predict; calls `done` on the event loop with the result, before `start` returns if inline."""
        if self.inline and (result := self._call_inline(rows, clock)) is not None:
            self._record(result, done)
            return
        loop = asyncio.get_running_loop()
        self._run_in_thread(lambda: _call_on_loop(loop, self._record, self._call_model(rows, clock), done))

    async def predict(self, rows: Sequence[RowT]) -> InferenceResult[PredictionT]:
        """Predict, for a coroutine that waits for the result."""
        future: asyncio.Future[InferenceResult[PredictionT]] = asyncio.get_running_loop().create_future()
        self.start(rows, lambda result: None if future.done() else future.set_result(result))
        return await future

    def _run_in_thread(self, work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = _WorkerThread()
        self._thread.run(work)

    def _record(
        self, result: InferenceResult[PredictionT], done: Callable[[InferenceResult[PredictionT]], None]
    ) -> None:
        durations_s = self._durations_s
        durations_s.append(result.ended_s - result.started_s)
        self.inline = sorted(durations_s)[len(durations_s) // 2] < self._inline_s
        done(result)

    def _call_inline(
        self, rows: Sequence[RowT], clock: Callable[[], float]
    ) -> InferenceResult[PredictionT] | None:
        """The result of a batch on the event loop; None if it hung there, and the model has to leave."""
        if self._watchdog is None:
            return self._call_model(rows, clock)
        try:
            return self._watchdog.run(lambda: self._call_model(rows, clock))
        except HungCallError:
            logger.warning(
                "a batch of %d rows hung on the event loop: the model now runs in a thread", len(rows)
            )
            self._durations_s.clear()
            self.inline = False
            return None

    def _call_model(self, rows: Sequence[RowT], clock: Callable[[], float]) -> InferenceResult[PredictionT]:
        started_s = clock()
        try:
            outputs = self._predict_batch(rows)
            if len(outputs) != len(rows):
                raise ValueError(f"predict_batch gave {len(outputs)} results for {len(rows)} rows.")
        except HungCallError:
            raise
        except BaseException as failure:  # a model may call sys.exit, or panic in native code
            if isinstance(failure, KeyboardInterrupt) and _is_main_thread():
                raise
            error = PredictionError()
            logger.exception("a batch of %d rows failed, error id %s", len(rows), error.error_id)
            return InferenceResult((), error, started_s, clock())
        return InferenceResult(outputs, None, started_s, clock())


def _is_main_thread() -> bool:
    """Whether a KeyboardInterrupt raised here comes from Ctrl-C, which interrupts the main thread only."""
    return threading.current_thread() is threading.main_thread()


def _call_on_loop(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    """Call a function on the event loop, unless the loop has ended: then nobody waits for the result."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, *arguments)


class _WorkerThread:
    """Does one piece of work after the other; a daemon thread, so that a hung model can't block exit."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="inference", daemon=True).start()

    def run(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def _run(self) -> None:
        while True:
            self._work.get()()
