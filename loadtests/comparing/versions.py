"""The versions that `ab` compares: a service that runs, a command that starts one, or a configuration."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from loadtests.cli.own_service import ServiceError, find_free_port
from loadtests.client.addresses import LOOPBACK
from loadtests.client.target import Target

PORT: Final = "{port}"
"""What a command says in place of the port that it is to listen on."""
START_PATIENCE_S: Final = 120.0
"""Large models take their time to load."""
STOP_PATIENCE_S: Final = 10.0
RETRY_S: Final = 0.05
LAST_WORDS: Final = 15


@dataclass(frozen=True)
class ServiceVersion:
    """A side, as it was typed."""

    text: str
    kind: Literal["url", "command", "configuration"]

    @classmethod
    def parse(cls, text: str) -> ServiceVersion:
        """The version that was typed; ArgumentTypeError if it is none."""
        if PORT in text:
            try:
                words = shlex.split(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(f"the command {text!r} can't be read: {error}") from None
            if PORT in words[0]:
                raise argparse.ArgumentTypeError(f"{text!r} begins with no program: put {PORT} behind one")
            return cls(text, "command")
        if "://" in text:
            try:
                Target.parse(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(str(error)) from None
            return cls(text, "url")
        if not Path(text).is_file():
            raise argparse.ArgumentTypeError(
                f"{text!r} is no URL, no file, and no command with {PORT}; give the URL of a service "
                f"(http://127.0.0.1:8000), a command that starts one ('my-server --port {PORT}'), or a "
                "configuration of the suite's own service"
            )
        return cls(text, "configuration")

    @contextmanager
    def start(self, log: Path, is_stopped: Callable[[], bool]) -> Iterator[Sequence[str]]:
        """What the command line of a load test says of it; a command's service runs until the block ends.

        Its output is appended to `log`. ServiceError if it doesn't start; a wait ends once `is_stopped`.
        """
        if self.kind == "command":
            with start_service(self.text, log, is_stopped) as url:
                yield ["--host", url]
        else:
            yield ["--host", self.text] if self.kind == "url" else []

    def build_environment(self) -> Mapping[str, str]:
        """What the environment of its load tests has besides."""
        return {"REST_CONFIG": str(Path(self.text).resolve())} if self.kind == "configuration" else {}


@contextmanager
def start_service(command: str, log: Path, is_stopped: Callable[[], bool]) -> Iterator[str]:
    """The URL of the service that `command` starts, once it can be connected to.

    It is run without a shell, in a process group of its own, which ends with the block: by SIGTERM, after
    10 s by SIGKILL. ServiceError, with its last output, if it ends or doesn't listen within 120 s.
    """
    port = find_free_port(0)
    words = [word.replace(PORT, str(port)) for word in shlex.split(command)]
    with log.open("ab") as output:
        before = output.tell()
        process = _start(command, words, output)
        try:
            _await_listening(process, port, is_stopped)
            yield f"http://{LOOPBACK}:{port}"
        except ServiceError as error:
            _stop(process)
            raise ServiceError(f"{command!r} {error}{_read_last_words(log, before)}") from None
        finally:
            _stop(process)


def _start(command: str, words: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise ServiceError(
            f"{command!r} can't be started: {words[0]}: {error.strerror}. No shell reads it; where it needs "
            "one, say bash -c '...'."
        ) from None


def _await_listening(process: subprocess.Popen[bytes], port: int, is_stopped: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_PATIENCE_S
    while not is_stopped():
        if (code := process.poll()) is not None:
            raise ServiceError(f"ended with {code} before it listened on port {port}")
        try:
            socket.create_connection((LOOPBACK, port), 1.0).close()
        except OSError:
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"does not listen on {LOOPBACK}:{port} ({START_PATIENCE_S:.0f} s waited)"
                ) from None
            time.sleep(RETRY_S)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group; what outlives its first process is killed."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_PATIENCE_S)
    with suppress(ProcessLookupError, PermissionError):  # nothing is left of it; macOS says the latter
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read_last_words(log: Path, before: int) -> str:
    with log.open("rb") as stream:
        stream.seek(before)
        lines = stream.read().decode(errors="replace").rstrip().splitlines()
    told = "\n".join(lines[-LAST_WORDS:])
    return f"; its output is in {log}:\n{told}" if told else ", and it said nothing"
