"""A load test as a child process, which Ctrl-C reaches once and which is waited for."""

from __future__ import annotations

import signal
import subprocess
from types import FrameType
from typing import Self

from loadtests.cli.exit_codes import INVALID
from loadtests.recording.signals import list_stop_signals


class ChildProcess:
    """Runs one command at a time in another session, and forwards signals to it."""

    def __init__(self) -> None:
        self.stopped = False
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._stop) for each in list_stop_signals()}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def run(self, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """The exit code and the output; after a signal nothing is run."""
        if self.stopped:
            return INVALID, ""
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if self.stopped:
            self._process.terminate()
        said, _ = self._process.communicate()
        return self._process.returncode, said

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send a signal to the command that runs, if one does; nothing is run afterwards."""
        self.stopped = True
        if self._process is not None:
            self._process.send_signal(number)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self.stop(number)
