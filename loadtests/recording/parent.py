"""Lets a process end when the one that started it has gone: a process that is killed ends nothing itself.

The id of the parent is asked for twice a second. That works on each system and survives forks. Linux could
send a signal instead (`prctl`), but other systems can't, and it comes already when the *thread*
ends that started the process. The end of a pipe would have to be closed in every process forked meanwhile.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Final

from configuration.errors import ConfigurationError

PARENT: Final = "LOADTEST_PARENT"
"""The environment variable with the id of the process whose end a load test follows: that of its parent."""
PERIOD_S: Final = 0.5


def name_parent() -> dict[str, str]:
    """The variable for a process that is to end with this one."""
    return {PARENT: str(os.getpid())}


def take_parent() -> int | None:
    """The id of the process that this one is to end with, if it was told; its own children are not."""
    text = os.environ.pop(PARENT, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ConfigurationError(f"{PARENT} is {text!r}, which is no process id: unset it")
    return int(text)


def end_with_parent() -> None:
    """From now on, let this process get a SIGTERM when the one that LOADTEST_PARENT names has gone."""
    parent = take_parent()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    await_end(parent, time.sleep)
    os.kill(os.getpid(), signal.SIGTERM)


def await_end(parent: int, sleep: Callable[[float], None]) -> None:
    """Return when this process has another parent; `sleep` waits for seconds."""
    while os.getppid() == parent:
        sleep(PERIOD_S)
