"""Measures one tool: how many of its requests are answered in a window, and its processor time for them."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import requests

from benchmarks.generator.load_tools import LoadTool
from benchmarks.generator.null_service import COUNT_PATH
from benchmarks.generator.processes import PROJECT, PinnedProcess, ProcessEndedError, start_pinned

APPLICATION: Final = "benchmarks.generator.null_service:answer"
TIMEOUT_S: Final = 30.0
RETRY_S: Final = 0.05


@dataclass(frozen=True)
class ToolWindow:
    """What one tool achieved in one time window."""

    seconds: float
    requests: int
    cpu_s: float
    others_cpu_s: float = 0.0
    """Processor time of all processes except the tool and the service."""

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests answered per second of the tool's processor time."""
        return self.requests / self.cpu_s

    @property
    def others(self) -> float:
        """The number of cores that other processes used."""
        return self.others_cpu_s / self.seconds

    @property
    def busy(self) -> float:
        """The utilisation of the tool's core by the tool, 0 to 1."""
        return self.cpu_s / self.seconds


class NullService:
    """The target of all tools; it counts its answers, so that no tool's own count is needed."""

    def __init__(self, host: str, process: PinnedProcess) -> None:
        self.host = host
        self.process = process
        self._session = requests.Session()

    def count_answers(self) -> int:
        """Return how many predictions the service has answered so far."""
        return int(self._session.get(self.host + COUNT_PATH, timeout=TIMEOUT_S).text)


@contextmanager
def start_null_service(programs: Path, core: int) -> Iterator[NullService]:
    """Run the service on one core until the block ends."""
    port = pick_port()
    command = [str(programs / "granian"), "--interface", "asginl", "--port", str(port), "--no-ws", "--no-log"]
    with (
        tempfile.TemporaryDirectory() as folder,
        start_pinned([*command, APPLICATION], core, Path(folder)) as process,
    ):
        service = NullService(f"http://127.0.0.1:{port}", process)
        _wait_until(lambda: _is_up(service), process)
        yield service


def measure_tool(
    tool: LoadTool,
    service: NullService,
    core: int,
    warm_up_s: float,
    window_s: float,
    checkout: Path = PROJECT,
) -> ToolWindow:
    """Run a tool on one core; after its first answer warm up, then measure for `window_s` seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = tool.command(service.host, folder)
        with start_pinned(command, core, folder, checkout=checkout) as process:
            return _measure_after_warm_up(service, process, warm_up_s, window_s)


def _measure_after_warm_up(
    service: NullService, process: PinnedProcess, warm_up_s: float, window_s: float
) -> ToolWindow:
    wait_for_answer(service, process)
    time.sleep(warm_up_s)
    return measure_window(service, process, window_s)


def measure_window(service: NullService, process: PinnedProcess, window_s: float) -> ToolWindow:
    """Measure for `window_s` seconds how many requests are answered, and the processor time."""
    at_s, answered, cpu_s, others_s = _read_counters(service, process)
    time.sleep(window_s)
    then_s, then_answered, then_cpu_s, then_others_s = _read_counters(service, process)
    process.check_alive()
    return ToolWindow(then_s - at_s, then_answered - answered, then_cpu_s - cpu_s, then_others_s - others_s)


def _read_counters(service: NullService, process: PinnedProcess) -> tuple[float, int, float, float]:
    """Return clock, answers, processor time of the process, and that of all others except the service."""
    answered, cpu_s = service.count_answers(), process.cpu_s()
    machine = psutil.cpu_times()
    all_s = machine.user + machine.nice + machine.system
    return time.perf_counter(), answered, cpu_s, all_s - cpu_s - service.process.cpu_s()


def wait_for_answer(service: NullService, process: PinnedProcess) -> None:
    """Return as soon as the service has answered one request of the process."""
    before = service.count_answers()
    _wait_until(lambda: service.count_answers() > before, process)


def pick_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_up(service: NullService) -> bool:
    try:
        return service.count_answers() >= 0
    except requests.ConnectionError:
        return False


def _wait_until(condition: Callable[[], bool], process: PinnedProcess) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        process.check_alive()
        if time.monotonic() > deadline:
            raise ProcessEndedError(f"process {process.pid} made no progress within {TIMEOUT_S:.0f} s")
        time.sleep(RETRY_S)
