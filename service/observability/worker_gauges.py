"""Removes the gauges of ended worker processes from the metrics that all workers report together."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import multiprocess

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def remove_gauges_of_this_process() -> None:
    """Remove this process's gauges; nothing happens where a single process serves."""
    if FOLDER_VARIABLE in os.environ:
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def remove_gauges_of_dead_processes() -> None:
    """Remove the gauges of processes that were killed; their counters stay, because they count past events.

    prometheus_client has no list of the processes: their ids are read from its file names.
    """
    if FOLDER_VARIABLE not in os.environ:
        return
    for path in Path(os.environ[FOLDER_VARIABLE]).glob("gauge_live*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not _is_alive(pid):
            with suppress(FileNotFoundError):  # another process removes it at the same moment
                multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
