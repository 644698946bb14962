"""Runs the model on a batch: on the event loop if it is fast enough, in a thread of its own otherwise."""

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
from typing import Any, Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

_JUDGED_BATCHES = 5
_WARM_UP_S = 1.0

logger = logging.getLogger(__name__)


class PredictionError(Exception):
    """The model failed on a batch; `error_id` finds the cause in the log."""

    def __init__(self, error_id: str) -> None:
        super().__init__(f"The prediction failed. The service's log tells more under error id {error_id}.")
        self.error_id = error_id


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Out]):
    """What became of a batch: its outputs, one a row in the rows' order, or the error; times in seconds."""

    outputs: Sequence[Out]
    error: PredictionError | None
    started_s: float
    ended_s: float


class Inference(Generic[In, Out]):
    """Calls `predict_batch`, and decides where.

    A hand-over to a thread and back costs about as much as a small model's prediction, and it makes the tail:
    two threads then compete for the interpreter lock. Measured for one row at a time: 17 µs inline, 31 µs
    through the thread (medians); on a busy machine 38 µs against 175 µs at the 99th percentile. So a model
    runs inline while the median of its last five batches stays below `inline_s`; a model not yet measured, or
    slower, runs in the thread, where it can't stall the event loop. The median, so that one batch interrupted
    by the machine changes nothing. A fast model that may hang on some input is better off with 0, which keeps
    it in the thread: nothing can interrupt it on the event loop.
    `inline` tells where the next batch runs.
    """

    def __init__(self, predict_batch: Callable[[Sequence[In]], Sequence[Out]], inline_s: float) -> None:
        self._predict_batch = predict_batch
        self._inline_s = inline_s
        self._durations_s: deque[float] = deque(maxlen=_JUDGED_BATCHES)
        self.inline = False
        self._thread: _Thread | None = None

    def warm_up(self, row: In, sizes: Sequence[int]) -> None:
        """Predict a few batches of copies of `row`, before anybody waits, so that the first request is fast.

        What is slow once (imports, caches, allocations) is over then, and it is known where the model runs.
        Waits for a second at most: a model that is slow, or hangs, has its first requests wait in the thread.
        """
        done = threading.Event()

        def predict() -> None:
            for size in [*sizes] * _JUDGED_BATCHES:
                outcome = self._predict([row] * size, time.perf_counter)
                if done.is_set():
                    return
                self._note(outcome, lambda _: None)
            done.set()

        self._in_thread(predict)
        done.wait(_WARM_UP_S)
        done.set()

    def _in_thread(self, work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = _Thread()
        self._thread.run(work)

    def run(
        self,
        rows: Sequence[In],
        done: Callable[[Outcome[Out]], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Predict; `done` is called on the event loop with the outcome, before `run` returns if inline."""
        if self.inline:
            self._note(self._predict(rows, clock), done)
            return
        loop = asyncio.get_running_loop()
        self._in_thread(lambda: _call_in(loop, self._note, self._predict(rows, clock), done))

    async def outputs(self, rows: Sequence[In]) -> Outcome[Out]:
        """The same for a coroutine."""
        future: asyncio.Future[Outcome[Out]] = asyncio.get_running_loop().create_future()
        self.run(rows, lambda outcome: None if future.done() else future.set_result(outcome))
        return await future

    def _note(self, outcome: Outcome[Out], done: Callable[[Outcome[Out]], None]) -> None:
        durations_s = self._durations_s
        durations_s.append(outcome.ended_s - outcome.started_s)
        self.inline = sorted(durations_s)[len(durations_s) // 2] < self._inline_s
        done(outcome)

    def _predict(self, rows: Sequence[In], clock: Callable[[], float]) -> Outcome[Out]:
        started_s = clock()
        try:
            outputs = self._predict_batch(rows)
            if len(outputs) != len(rows):
                raise ValueError(f"predict_batch gave {len(outputs)} results for {len(rows)} rows.")
        except BaseException as failure:  # a model may call sys.exit, or panic in Rust
            if isinstance(failure, KeyboardInterrupt) and _on_main_thread():
                raise
            error = PredictionError(uuid.uuid4().hex[:12])
            logger.exception("a batch of %d rows failed, error id %s", len(rows), error.error_id)
            return Outcome((), error, started_s, clock())
        return Outcome(outputs, None, started_s, clock())


def _on_main_thread() -> bool:
    """Whether a KeyboardInterrupt raised here is somebody's Ctrl-C: no other thread ever gets one."""
    return threading.current_thread() is threading.main_thread()


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    """Call on the loop; a loop that ended meanwhile has nobody left who waits."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, *arguments)


class _Thread:
    """A thread that does one thing after the other; a daemon, so that a hung model can't hold up the end."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="inference", daemon=True).start()

    def run(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def _run(self) -> None:
        while True:
            self._work.get()()
