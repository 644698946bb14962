"""Runs one load test as another process, as somebody would who types its command line."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from loadtests.cli.exit_codes import FAIL, INVALID, PASS
from loadtests.recording.parent import name_parent
from loadtests.recording.processes import build_python_command, build_python_environment
from loadtests.recording.settings import FOLDER_FILE

CommandRunner: TypeAlias = Callable[[list[str], dict[str, str]], tuple[int, str]]
"""Runs a command in an environment to its end; returns the exit code and the output."""
END_PATIENCE_S: Final = 60.0
"""How long a run that is interrupted may take to be judged."""


class NothingRunError(Exception):
    """The load test made no run; the message is what its command line said, `code` its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_command(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in a process session of its own; an exception, as after Ctrl-C, ends it first."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate()
    except BaseException:
        process.terminate()
        try:
            process.communicate(timeout=END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()  # what it started ends by itself then
            process.communicate()
        raise
    return process.returncode, said


def run_load_test(
    words: Sequence[str], environment: Mapping[str, str], run: CommandRunner = run_command
) -> tuple[Path, int]:
    """The folder of the run that `python -m loadtests` with these words has made, and its exit code.

    `environment` replaces variables; `run` runs the command. Raises NothingRunError where no run was judged.
    """
    with tempfile.TemporaryDirectory(prefix="load-test-") as temporary:
        noted = Path(temporary) / "folder"
        variables = {
            **build_python_environment(),
            **name_parent(),
            **environment,
            FOLDER_FILE: str(noted),
        }
        code, said = run(build_python_command("loadtests", *words), variables)
        if code not in (PASS, FAIL, INVALID) or not noted.exists():
            raise NothingRunError(said.strip() or f"the load test ended with {code}", code)
        return Path(noted.read_text(encoding="utf-8")), code
