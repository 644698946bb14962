"""haproxy in front of the replicas of a rehearsal: started, told who gets requests, asked for figures.

It sends each request to a replica at random, as a Service of Kubernetes does with new connections, and
answers the readiness path itself.
"""

from __future__ import annotations

import csv
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from configuration.errors import ConfigurationError
from loadtests.client.addresses import LOOPBACK

PROGRAM: Final = "haproxy"
READY: Final = "/-/ready"
"""The path that the proxy answers itself."""
START_PATIENCE_S: Final = 20.0
STOP_PATIENCE_S: Final = 5.0
_CONFIGURATION: Final = """\
global
    stats socket {socket} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5m
    timeout server 5m
    timeout queue 5m
    http-reuse safe
frontend load
    bind {address}:{port}
    http-request return status 200 content-type text/plain string ready if {{ path {ready} }}
    default_backend replicas
backend replicas
    balance random(1)
{servers}
"""


class ServerReading(NamedTuple):
    """What the proxy says of a replica: requests under way, and answers since it was started."""

    in_flight: int
    answered: int


class Haproxy:
    """haproxy as a child process with a place for a replica on each of `ports`; used as a context manager."""

    def __init__(self, folder: Path, port: int, ports: Sequence[int]) -> None:
        if shutil.which(PROGRAM) is None:
            raise ConfigurationError(
                "--rehearse needs haproxy, which is not installed: apt-get install haproxy"
            )
        self.host = f"http://{LOOPBACK}:{port}"
        self._ports = ports
        self._socket = folder / "haproxy.sock"
        self._file = folder / "haproxy.cfg"
        servers = "\n".join(f"    server r{each} {LOOPBACK}:{each} disabled" for each in ports)
        self._file.write_text(
            _CONFIGURATION.format(
                socket=self._socket, address=LOOPBACK, port=port, ready=READY, servers=servers
            ),
            encoding="utf-8",
        )
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [PROGRAM, "-db", "-q", "-f", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                said, _ = self._process.communicate()
                raise ConfigurationError(f"haproxy did not start: {' '.join(said.split())}")
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def enable(self, port: int) -> None:
        """Let a replica get requests."""
        self._ask(f"set server replicas/r{port} state ready")

    def drain(self, port: int) -> None:
        """Let a replica get no more requests; those under way are answered."""
        self._ask(f"set server replicas/r{port} state drain")

    def disable(self, port: int) -> None:
        """Forget a replica that is no more."""
        self._ask(f"set server replicas/r{port} state maint")

    def read(self) -> dict[int, ServerReading]:
        """The figures of each place, by its port."""
        rows = csv.DictReader(self._ask("show stat").lstrip("# ").splitlines())
        return {
            int(row["svname"][1:]): ServerReading(
                int(row["scur"]), sum(int(row[f"hrsp_{group}xx"] or 0) for group in range(1, 6))
            )
            for row in rows
            if row["pxname"] == "replicas" and row["svname"] != "BACKEND"
        }

    def _answers(self) -> bool:
        try:
            return bool(self._ask("show info"))
        except OSError:
            return False

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(START_PATIENCE_S)
            connection.connect(str(self._socket))
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        return b"".join(parts).decode()
