"""Runs processes pinned to one core, and reads the processor time of their process trees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

PROJECT: Final = Path(__file__).parents[2]
TIMEOUT_S: Final = 10.0


class ProcessEndedError(Exception):
    """A process ended too early; the message has the last lines of its output."""


class PinnedProcess:
    """A process that is pinned to one core, and its descendants."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process = process
        self._said = said

    @property
    def pid(self) -> int:
        """The process's own id."""
        return self._process.pid

    def tree(self) -> list[psutil.Process]:
        """Return the process and its living descendants."""
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_s(self) -> float:
        """Return the processor time, user and system, of the whole tree, reaped children included."""
        return sum(sum(process.cpu_times()[:4]) for process in self.tree())

    def check_alive(self) -> None:
        """Raise `ProcessEndedError` unless the process is alive."""
        if self._process.poll() is not None:
            words = self._said.read_text(errors="replace").strip().splitlines()[-5:]
            raise ProcessEndedError(
                f"{self._process.args[-1]!r} ended with {self._process.returncode}: " + " / ".join(words)  # type: ignore[index]
            )

    def kill(self) -> None:
        """Kill the whole tree at once; its remaining output is not needed."""
        for process in self.tree():
            process.kill()
        self._process.wait(TIMEOUT_S)


@contextmanager
def start_pinned(
    command: Sequence[str],
    core: int,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    checkout: Path = PROJECT,
) -> Iterator[PinnedProcess]:
    """Run `command` in `checkout` on one core until the block ends; its output goes to a file in `folder`."""
    said = folder / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            cwd=checkout,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    started = PinnedProcess(process, said)
    try:
        yield started
    finally:
        started.kill()
