"""Ends the service when the process that started it has gone: one that is killed ends nothing itself."""

from __future__ import annotations

import os
import signal
import threading
import time

from service.configuration import StartError

PARENT = "LOADTEST_PARENT"
"""The environment variable with the id of that process: it is named by a load test, and by make."""
_PERIOD_S = 0.5
_GRACE_S = 2.0
"""The load stops first, so that no request of its last moment fails."""
_END_PATIENCE_S = 60.0
"""A service that hangs is killed this long after it was asked to end."""


def follow_parent() -> None:
    """From now on end gracefully, as after SIGTERM, when the process that PARENT names is no parent any more.

    It is not passed on to workers: they follow the process that started them.
    """
    named = os.environ.pop(PARENT, "")
    if not named:
        return
    if not (named.isascii() and named.isdecimal()):
        raise StartError(f"{PARENT} is {named!r}, which is no process id: unset it")
    threading.Thread(target=_follow, args=(int(named),), name="parent", daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PERIOD_S)
    time.sleep(_GRACE_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_PATIENCE_S)
    os.kill(os.getpid(), signal.SIGKILL)
