"""Where the model runs, and how its failures are reported. No test depends on how long a call takes."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
from collections.abc import Sequence

import pytest

from service.batching.inference import ModelRunner, PredictionError
from service.batching.watchdog import SIGNAL, Watchdog
from tests.service.live_service import PATIENCE_S


def doubled(rows: Sequence[int]) -> list[int]:
    return [2 * row for row in rows]


def test_a_model_not_yet_measured_runs_in_a_thread_and_a_fast_one_on_the_loop() -> None:
    threads: list[threading.Thread] = []

    def predict(rows: Sequence[int]) -> list[int]:
        threads.append(threading.current_thread())
        return doubled(rows)

    async def main() -> None:
        runner: ModelRunner[int, int] = ModelRunner(predict, inline_s=math.inf)
        for _ in range(2):
            assert (await runner.predict([1, 2])).outputs == [2, 4]

    asyncio.run(main())
    assert [each is threading.main_thread() for each in threads] == [False, True]


def test_one_slow_batch_changes_nothing_and_a_slow_model_leaves_the_loop() -> None:
    """The median of the last five batches decides."""
    now_s = 0.0
    duration_s = 0.0

    def predict(rows: Sequence[int]) -> list[int]:
        nonlocal now_s
        now_s += duration_s
        return doubled(rows)

    async def main() -> list[bool]:
        nonlocal duration_s
        takes_s = iter((0.1, 0.1, 0.1, 5.0, 0.1, 5.0, 5.0))
        runner: ModelRunner[int, int] = ModelRunner(predict, inline_s=1.0)
        inline = []
        while duration_s := next(takes_s, 0.0):
            done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            runner.start([1], done.set_result, lambda: now_s)
            await done
            inline.append(runner.inline)
        return inline

    assert asyncio.run(main()) == [True, True, True, True, True, True, False]


def test_zero_keeps_the_model_off_the_loop() -> None:
    async def main() -> bool:
        runner: ModelRunner[int, int] = ModelRunner(doubled, inline_s=0.0)
        for _ in range(6):
            await runner.predict([1])
        return runner.inline

    assert asyncio.run(main()) is False


class Panic(BaseException):
    """What pyo3 raises for a panic in Rust: not an Exception."""


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ([1], "gave 1 results for 2 rows"),
        (ValueError("odd"), "odd"),
        (SystemExit("bye"), "bye"),
        (Panic("index out of bounds"), "index out of bounds"),
        (asyncio.CancelledError("no more"), "no more"),
    ],
    ids=["short", "raises", "exits", "panics", "cancels"],
)
@pytest.mark.parametrize("inline", [False, True], ids=["thread", "loop"])
def test_a_failure_is_an_error_whose_id_finds_the_cause_in_the_log(
    answered: list[int] | BaseException, message: str, inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """And the next batch is answered."""

    def predict(rows: Sequence[int]) -> list[int]:
        if rows[0] != 13:
            return doubled(rows)
        if isinstance(answered, BaseException):
            raise answered
        return answered

    async def main() -> tuple[bool, Exception | None, Sequence[int]]:
        runner: ModelRunner[int, int] = ModelRunner(predict, inline_s=math.inf if inline else 0.0)
        await runner.predict([1])
        where = runner.inline
        error = (await runner.predict([13, 2])).error
        return where, error, (await runner.predict([2])).outputs

    with caplog.at_level(logging.ERROR):
        where, error, after = asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
    assert where is inline
    assert isinstance(error, PredictionError)
    assert error.error_id in str(error)
    assert error.error_id in caplog.text
    assert message in caplog.text
    assert message not in str(error)
    assert after == [4]


@pytest.mark.parametrize("inline", [False, True], ids=["thread", "loop"])
def test_an_interrupt_ends_the_process_from_the_main_thread_and_a_batch_from_another(inline: bool) -> None:
    """Only the main thread is interrupted from outside; in another thread the model itself raised it."""

    def predict(rows: Sequence[int]) -> list[int]:
        if rows[0] == 13:
            raise KeyboardInterrupt
        return doubled(rows)

    async def main() -> Exception | None:
        runner: ModelRunner[int, int] = ModelRunner(predict, inline_s=math.inf if inline else 0.0)
        await runner.predict([1])
        return (await runner.predict([13])).error

    if inline:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
    else:
        assert isinstance(asyncio.run(asyncio.wait_for(main(), PATIENCE_S)), PredictionError)


def test_a_warm_model_runs_in_the_right_place_from_the_first_request_on() -> None:
    """On the event loop if it is fast enough, else in the thread."""
    calls = 0

    def predict(rows: Sequence[int]) -> list[int]:
        nonlocal calls
        calls += 1
        return doubled(rows)

    fast: ModelRunner[int, int] = ModelRunner(predict, inline_s=math.inf)
    fast.warm_up(1, (1, 32), PATIENCE_S)
    assert fast.inline
    assert calls == 10
    never: ModelRunner[int, int] = ModelRunner(predict, inline_s=0.0)
    never.warm_up(1, (1,), PATIENCE_S)
    assert not never.inline


def test_the_warm_up_gives_up_on_a_model_that_hangs() -> None:
    """The start goes on; the first request waits in the thread, behind the warm-up."""
    released = threading.Event()

    def predict(rows: Sequence[int]) -> list[int]:
        released.wait(PATIENCE_S)
        return doubled(rows)

    runner: ModelRunner[int, int] = ModelRunner(predict, inline_s=math.inf)
    runner.warm_up(1, (1,), timeout_s=0.0)
    released.set()
    asyncio.run(asyncio.wait_for(runner.predict([1]), PATIENCE_S))
    assert runner.inline


def test_a_batch_that_hangs_on_the_loop_is_predicted_again_in_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first time on the loop it would never end."""
    threads: list[threading.Thread] = []

    def predict(rows: Sequence[int]) -> list[int]:
        threads.append(threading.current_thread())
        if len(threads) == 2:
            threading.Event().wait()
        return doubled(rows)

    async def main() -> tuple[bool, ...]:
        runner: ModelRunner[int, int] = ModelRunner(predict, math.inf, Watchdog(bound_s=0.05))
        inline = []
        for _ in range(3):
            assert (await runner.predict([1, 2])).outputs == [2, 4]
            inline.append(runner.inline)
        return tuple(inline)

    before = signal.getsignal(SIGNAL)
    try:
        assert asyncio.run(main()) == (True, True, True), "it was fast again in the thread"
    finally:
        signal.signal(SIGNAL, before)
    assert [each is threading.main_thread() for each in threads] == [False, True, False, True]
    assert "a batch of 2 rows hung on the event loop" in caplog.text


def test_a_late_signal_interrupts_nothing() -> None:
    """The call is over; nothing else may be interrupted in its place."""
    before = signal.getsignal(SIGNAL)
    try:
        assert Watchdog(bound_s=60.0).run(lambda: 42) == 42
        signal.raise_signal(SIGNAL)
    finally:
        signal.signal(SIGNAL, before)
