"""Several worker processes and their parent, which stops them without losing a connection."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from typing import Final

from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess

from service.web.drain import LAST_REQUESTS_S
from service.web.listening import turn_away_connections

_STOP_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT}
_POLL_S: Final = 0.05


class _StopEvent(threading.Event):
    """Is set as soon as a signal to stop has come: uvicorn looks at its signals only between two restarts."""

    def __init__(self, signal_queue: list[int]) -> None:
        super().__init__()
        self._signal_queue = signal_queue

    def is_set(self) -> bool:
        """Whether the workers are to stop."""
        return super().is_set() or not _STOP_SIGNALS.isdisjoint(self._signal_queue)


class WorkerSupervisor(Multiprocess):
    """uvicorn's parent of several workers, which share its listening sockets.

    uvicorn's own keeps these sockets open until the last worker has ended, so the kernel makes connections
    that nobody accepts any more, and resets them at the end. This one turns new connections away while all
    workers still serve.
    """

    def __init__(self, config: Config, sockets: list[socket.socket], notice_s: float) -> None:
        super().__init__(config, sockets)
        self._notice_s = notice_s
        self.should_exit = _StopEvent(self.signal_queue)

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended or hang.

        uvicorn asks each worker over a pipe and keeps the worker's end of it, too. So it would wait for the
        answer of a worker that has just died as long as for one that hangs, and meanwhile heed no signal.
        """
        for each in self.processes:
            each.child_conn.close()
        super().keep_subprocess_alive()

    def terminate_all(self) -> None:
        """Stop the workers: the notice, which a second signal ends, then no new connections, then the end."""
        self.signal_queue.clear()
        if self._notice_s > 0.0:
            super().terminate_all()
            until_s = time.monotonic() + self._notice_s
            while time.monotonic() < until_s and not _STOP_SIGNALS.intersection(self.signal_queue):
                time.sleep(_POLL_S)
        turn_away_connections(each.fileno() for each in self.sockets)
        for each in self.sockets:
            each.close()
        time.sleep(LAST_REQUESTS_S)
        super().terminate_all()


def end_with_parent() -> None:
    """Have this process, if it is a worker, stop by SIGTERM when its parent is gone: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
