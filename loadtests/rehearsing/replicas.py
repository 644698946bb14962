"""The replicas of a rehearsal: real processes on ports of this machine."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psutil

from autoscaling.pods import Pod, Usage
from configuration.errors import ConfigurationError
from loadtests.client.addresses import LOOPBACK
from loadtests.rehearsing.proxy import ServerReading

PLACE: Final = "{port}"
STOP_PATIENCE_S: Final = 5.0


class ReplicaError(Exception):
    """A replica ended by itself, so that the rehearsal says nothing."""


def split_command(text: str) -> list[str]:
    """The words of a command with a place for the port; ConfigurationError if it has none."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConfigurationError(f"--rehearse {text!r} is no command: {error}") from None
    if not any(PLACE in word for word in words):
        raise ConfigurationError(f"--rehearse {text!r} has no {PLACE}: say where the port of a replica goes")
    return words


@dataclass
class LocalReplica:
    """One process and what is known of it; times in s since the rehearsal began."""

    port: int
    pod: Pod
    _process: subprocess.Popen[bytes]
    _answered: int = 0
    _cpu_s: float = 0.0
    _since_s: float = 0.0
    _in_flight: list[int] = field(default_factory=list)

    @classmethod
    def start(cls, words: list[str], port: int, t_s: float, ready_after_s: float) -> LocalReplica:
        """Start a process, which gets requests `ready_after_s` later at the earliest."""
        command = [word.replace(PLACE, str(port)) for word in words]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(f"--rehearse: {command[0]} can't be started: {error.strerror}") from None
        return cls(port, Pod(t_s, float("inf")), process, _since_s=t_s + ready_after_s)

    def check(self) -> None:
        """ReplicaError if it has ended by itself."""
        if self._process.poll() is not None:
            raise ReplicaError(
                f"a replica ended with {self._process.returncode}: try its command by hand, with a free port"
            )

    def may_serve(self, t_s: float) -> bool:
        """Whether its start-up is over, and it listens."""
        if t_s < self._since_s:
            return False
        try:
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def begin(self, t_s: float, reading: ServerReading) -> None:
        """It gets requests from now on."""
        self.pod.ready_s, self._since_s, self._answered = t_s, t_s, reading.answered
        self._cpu_s = self._measure_cpu_s()

    def observe(self, reading: ServerReading) -> None:
        """Take in what the proxy says of this moment."""
        self._in_flight.append(reading.in_flight)

    def record(self, t_s: float, reading: ServerReading, concurrency: int) -> None:
        """Keep what it used since the last time as a measurement for the autoscaler."""
        cpu_s, span_s = self._measure_cpu_s(), t_s - self._since_s
        if span_s > 0:
            in_flight = self._in_flight or [reading.in_flight]
            usage = Usage(
                cores=(cpu_s - self._cpu_s) / span_s,
                memory_bytes=self._measure_memory(),
                rate=(reading.answered - self._answered) / span_s,
                queued=sum(max(0, each - concurrency) for each in in_flight) / len(in_flight),
                in_flight=sum(in_flight) / len(in_flight),
            )
            self.pod.record(t_s, usage)
        self._since_s, self._cpu_s, self._answered, self._in_flight = t_s, cpu_s, reading.answered, []

    def stop(self) -> None:
        """End the process and what it started, which may outlast it."""
        with suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(STOP_PATIENCE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _list_processes(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []

    def _measure_cpu_s(self) -> float:
        total = 0.0
        for each in self._list_processes():
            try:
                times = each.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
        return total

    def _measure_memory(self) -> float:
        total = 0.0
        for each in self._list_processes():
            try:
                total += each.memory_info().rss
            except psutil.Error:
                continue
        return total
