"""Starts the suite's own service for a run, waits until it is ready, stops it afterwards."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from loadtests.cli.service_folder import (
    build_service_environment,
    find_missing_packages,
    prepare_service_folder,
)
from loadtests.client.addresses import LOOPBACK
from loadtests.client.readiness import NoAnswerError, wait_until_ready
from loadtests.client.target import Target
from loadtests.recording.parent import name_parent
from loadtests.recording.processes import PROJECT, build_python_command
from loadtests.recording.signals import list_stop_signals

PREFERRED_PORT: Final = 8000
START_PATIENCE_S: Final = 30.0
RETRY_S: Final = 0.05
STOP_PATIENCE_S: Final = 10.0
LAST_WORDS: Final = 15
UNASSIGNED_PORTS: Final = range(20_000, 32_768)


class ServiceError(Exception):
    """The service did not start; the message holds its last output."""


class PortTakenError(ServiceError):
    """Another process listens on the port meant for the service."""


class OwnService:
    """The service as another process, in another process session, so that Ctrl-C does not reach it first.

    Used as a context manager; inside, `host` is its base URL: on the `port` given, or on any free one if
    that is taken.
    """

    def __init__(self, port: int = PREFERRED_PORT) -> None:
        self._preferred = port
        self._log = tempfile.TemporaryFile(prefix="service-")  # noqa: SIM115 - closed in __exit__
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path
        self.host: str

    def __enter__(self) -> Self:
        try:
            self._folder = _prepare_folder()
            try:
                self._start(find_free_port(self._preferred))
            except PortTakenError:
                self._start(find_free_port(0))
        except BaseException:
            self._log.close()
            raise
        return self

    def _start(self, port: int) -> None:
        self.host = f"http://{LOOPBACK}:{port}"
        try:
            with hold_signals():
                self._process = subprocess.Popen(
                    build_python_command("service", "--host", LOOPBACK, "--port", str(port)),
                    cwd=self._folder,
                    env=build_service_environment() | name_parent(),
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._await_listening(port)
            wait_until_ready(Target.parse(self.host), START_PATIENCE_S, self._raise_if_gone)
        except NoAnswerError as error:
            self._stop()
            raise ServiceError(f"the service did not become ready: {error}\n{self._last_words()}") from None
        except BaseException:
            self._stop()
            raise

    def _await_listening(self, port: int) -> None:
        """Wait until it is this service that listens, so that no other one is mistaken for it."""
        deadline = time.monotonic() + START_PATIENCE_S
        while not self._listens(port):
            if self._gone and not is_free(LOOPBACK, port):
                raise PortTakenError(f"port {port} was taken meanwhile")
            self._raise_if_gone()
            if time.monotonic() > deadline:
                raise NoAnswerError(f"it does not listen on port {port} ({START_PATIENCE_S:.0f} s waited)")
            time.sleep(RETRY_S)

    def _listens(self, port: int) -> bool:
        """Whether the process of the service, or a worker of it, listens on the port."""
        assert self._process is not None
        try:
            process = psutil.Process(self._process.pid)
            return any(
                found.status == psutil.CONN_LISTEN and found.laddr.port == port
                for each in (process, *process.children())
                for found in each.net_connections("tcp")
            )
        except psutil.Error:
            return False

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._stop()
        self._log.close()

    @property
    def _gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _raise_if_gone(self) -> None:
        if self._gone:
            raise ServiceError(f"the service ended while starting:\n{self._last_words()}")

    def _stop(self) -> None:
        if self._process is None or self._gone:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").rstrip().splitlines()
        return "\n".join(lines[-LAST_WORDS:])


def _prepare_folder() -> Path:
    if not (PROJECT / "service").is_dir():
        raise ServiceError(
            "the suite's own service is not part of this image: give the URL of yours: --host URL"
        )
    if missing := find_missing_packages():
        raise ServiceError(
            f"the suite's own service needs packages that are not installed ({', '.join(missing)}): "
            "pip install 'model-load-tests[service]', or aim at a service of yours: --host URL"
        )
    try:
        return prepare_service_folder()
    except OSError as error:
        raise ServiceError(f"{error.filename} can't be written: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise ServiceError(
            f"the model of the service could not be trained:\n{error.output.rstrip()}"
        ) from None


@contextmanager
def hold_signals() -> Iterator[None]:
    """Delay the signals that stop a load test: one that interrupts here would leave a process running."""
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: came.append(number)) for number in list_stop_signals()
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for held in came:
        signal.raise_signal(held)


def find_free_port(preferred: int) -> int:
    """`preferred` if it is free, else any free port below those that kernels give to connections.

    So no connection takes it before the process that it is meant for has bound it. ServiceError if all of
    them are taken.
    """
    if preferred and is_free(LOOPBACK, preferred):
        return preferred
    ports = random.SystemRandom().sample(UNASSIGNED_PORTS, len(UNASSIGNED_PORTS))
    for port in ports:
        if is_free(LOOPBACK, port):
            return port
    raise ServiceError(f"no port of {LOOPBACK} from {UNASSIGNED_PORTS[0]} to {UNASSIGNED_PORTS[-1]} is free")


def is_free(address: str, port: int) -> bool:
    """Whether this process could listen there."""
    try:
        socket.create_server((address, port)).close()
    except OSError:
        return False
    return True
