"""Interrupts a call on the event loop that lasts too long, so that the loop can serve the other requests."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, TypeVar

SIGNAL: Final = signal.SIGUSR2
LEAST_BOUND_S: Final = 0.05
"""A shorter bound would wake the process often, and take pauses of the machine for calls that hang."""

ResultT = TypeVar("ResultT")


class HungCallError(BaseException):
    """The call was interrupted. No `Exception`, which the called code might handle as one of its own."""


class Watchdog:
    """Interrupts a call that lasts longer than `bound_s`, at the latest after twice that time.

    A thread looks once in `bound_s` whether the call is still the one it saw the last time. If it is, a
    signal to the main thread ends what that waits for, and its handler raises `HungCallError`. So a call
    costs two assignments. Code that never comes back to Python's interpreter can't be interrupted. Has to be
    made in the main thread, which makes the calls.
    """

    def __init__(self, bound_s: float) -> None:
        self._bound_s = max(LEAST_BOUND_S, bound_s)
        self._call: object | None = None
        signal.signal(SIGNAL, self._interrupt)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def run(self, function: Callable[[], ResultT]) -> ResultT:
        """Call the function. Raises `HungCallError` if it was interrupted."""
        self._call = object()
        try:
            return function()
        finally:
            self._call = None

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the signal: it may also come late, or from elsewhere, when no call is under way."""
        if self._call is not None:
            self._call = None
            raise HungCallError

    def _watch(self) -> None:
        main_thread = threading.main_thread().ident
        assert main_thread is not None
        seen = None
        while True:
            time.sleep(self._bound_s)
            if seen is not None and seen is self._call:
                signal.pthread_kill(main_thread, SIGNAL)
            seen = self._call
