"""Processes on a core of their own, and the processor time that they and their children take."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

PROJECT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 10.0


class EndedError(Exception):
    """A process that should have gone on has ended; the message has its last words."""


class Running:
    """A process and its descendants."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self._process = process
        self._said = said

    @property
    def pid(self) -> int:
        """The process's own id."""
        return self._process.pid

    def tree(self) -> list[psutil.Process]:
        """The process and its descendants, as far as they live."""
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_s(self) -> float:
        """Seconds of processor time, user and system, of the whole tree, of reaped children too."""
        return sum(sum(process.cpu_times()[:4]) for process in self.tree())

    def check(self) -> None:
        """EndedError unless the process lives."""
        if self._process.poll() is not None:
            words = self._said.read_text(errors="replace").strip().splitlines()[-5:]
            raise EndedError(
                f"{self._process.args[-1]!r} ended with {self._process.returncode}: " + " / ".join(words)  # type: ignore[index]
            )

    def end(self) -> None:
        """End the whole tree at once; what it would still write is not wanted."""
        for process in self.tree():
            process.kill()
        self._process.wait(PATIENCE_S)


@contextmanager
def running(
    command: Sequence[str], core: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run `command` in the project's folder, on one core, until the block ends; it speaks into `folder`."""
    said = folder / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    started = Running(process, said)
    try:
        yield started
    finally:
        started.end()
