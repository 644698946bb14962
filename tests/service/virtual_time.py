"""An event loop with a virtual clock, which jumps to the next event: tests of time neither sleep nor vary."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from service.batching.inference import InferenceResult


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("all tasks wait and no timer is set")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when no callback is ready, and then at once."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass for work on the event loop itself."""
        self._virtual.now += seconds


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function on its own loop; it must leave no task behind."""
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main(loop))
        assert not asyncio.all_tasks(loop)
        return result
    finally:
        loop.close()


class ScriptedRunner:
    """A model runner that predicts `-row` for each row, one batch after the other.

    The n-th batch takes the n-th of `durations_s` (as in a thread: the loop goes on meanwhile, unless
    `inline`) and fails with the n-th of `errors`; both repeat.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        durations_s: Sequence[float] = (0.0,),
        errors: Sequence[Exception | None] = (None,),
        inline: bool = False,
    ) -> None:
        self._loop = loop
        self._durations_s = durations_s
        self._errors = errors
        self._inline = inline
        self.batches: list[list[int]] = []
        self.started_s: list[float] = []

    def start(
        self, rows: Sequence[int], done: Callable[[InferenceResult[int]], None], clock: Callable[[], float]
    ) -> None:
        index = len(self.batches)
        self.batches.append(list(rows))
        self.started_s.append(clock())
        duration_s = self._durations_s[index % len(self._durations_s)]
        error: Any = self._errors[index % len(self._errors)]
        outputs = [] if error else [-row for row in rows]
        outcome = InferenceResult(outputs, error, clock(), clock() + duration_s)
        if self._inline:
            self._loop.pass_time(duration_s)
            done(outcome)
        else:
            self._loop.call_later(duration_s, done, outcome)
