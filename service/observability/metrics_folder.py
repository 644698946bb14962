"""The temporary folder in which worker processes share their metrics.

A process that is killed removes no folder, so the next start removes what is left. Each process that uses a
folder holds a lock on it, which ends with the process, however it ends: a process id could belong to another
container that shares the folder of temporary files.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from service.observability.worker_gauges import FOLDER_VARIABLE

PREFIX: Final = "service-worker-metrics-"


@contextmanager
def share_metrics() -> Iterator[None]:
    """Have this process and those that it starts share their metrics; remove what killed ones have left."""
    remove_left_folders(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        hold_metrics_folder()
        yield


def hold_metrics_folder() -> None:
    """Let nobody remove the folder while this process lives; without a folder nothing happens."""
    if FOLDER_VARIABLE in os.environ:
        fcntl.flock(_open(Path(os.environ[FOLDER_VARIABLE])), fcntl.LOCK_SH)


def remove_left_folders(parent: Path) -> None:
    """Remove this user's folders of metrics that no process holds.

    An empty one stays: its process may just have made it, and not hold it yet.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is held, is another user's, or is gone already
            descriptor = _open(folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_uid == os.getuid() and any(folder.iterdir()):
                    shutil.rmtree(folder)
            finally:
                os.close(descriptor)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
