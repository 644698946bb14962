"""Output that can't be written changes nothing else, least of all an exit code."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reports.rendering.streams import can_redraw, is_colorful

ROOT = Path(__file__).parents[3]
PROGRAM = (
    "import os, sys\n"
    "from reports.rendering.streams import make_output_safe\n"
    "make_output_safe()\n"
    "opened = os.open(os.devnull, os.O_RDONLY)\n"
    "for _ in range(3):\n"
    "    print('größe ≤ 5 ms' * 10_000)\n"
    "    sys.stderr.write('größe\\n')\n"
    "sys.exit(opened if opened > 2 else 99)\n"
)


@pytest.mark.extended
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "redirection",
    ["> /dev/full 2> /dev/full", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | head -c 1", "2> >(true) | true"],
)
def test_output_that_cannot_be_written_changes_no_exit_code(redirection: str, unbuffered: str) -> None:
    """The first file opened has a descriptor above those of the output, also where these were closed."""
    script = f'"$0" -c "$1" {redirection}; exit "${{PIPESTATUS[0]}}"'
    command = ["bash", "-c", script, sys.executable, PROGRAM]
    environment = {"PYTHONUNBUFFERED": unbuffered, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=100)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_characters_that_the_encoding_lacks_are_replaced(unbuffered: str) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True)
    assert done.stdout.startswith(b"gr??e ? 5 msgr??e")
    assert done.stderr.splitlines() == [b"gr\\xf6\\xdfe"] * 3


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_slow_reader_of_a_pipe_that_does_not_block_gets_everything(unbuffered: str) -> None:
    """Such a pipe as Node.js hands on; the reader begins when it is full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PYTHONUNBUFFERED": unbuffered, "PYTHONUTF8": "1"},
        stdout=writing,
        stderr=subprocess.DEVNULL,
    ) as process:
        while select.select((), (writing,), (), 0)[1] and process.poll() is None:
            threading.Event().wait(0.01)
        os.close(writing)
        with os.fdopen(reading, "rb") as reader:
            said = reader.read()
    assert said.count("größe ≤ 5 ms".encode()) == 30_000
    assert process.returncode == 3


class _Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "redraws", "colorful"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
    ],
)
def test_a_terminal_gets_the_sequences_that_it_understands(
    environment: dict[str, str], redraws: bool, colorful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = _Terminal()
    assert (can_redraw(terminal), is_colorful(terminal)) == (redraws, colorful)  # type: ignore[arg-type]
