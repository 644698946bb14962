"""One measurement: how many requests a tool gets answered in a window, and the processor time it took."""

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

from benchmarks.generator.contenders import Contender
from benchmarks.generator.null_service import COUNT_PATH
from benchmarks.generator.processes import EndedError, Running, running

APPLICATION: Final = "benchmarks.generator.null_service:answer"
PATIENCE_S: Final = 30.0
RETRY_S: Final = 0.05


@dataclass(frozen=True)
class Window:
    """What happened between two moments."""

    seconds: float
    requests: int
    cpu_s: float
    others_cpu_s: float = 0.0
    """Processor time of all but the tool and the service: what else the machine did."""

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests answered for each second of the generator's processor time."""
        return self.requests / self.cpu_s

    @property
    def others(self) -> float:
        """How many cores other processes took."""
        return self.others_cpu_s / self.seconds

    @property
    def busy(self) -> float:
        """The share of its core that the generator used."""
        return self.cpu_s / self.seconds


class NullService:
    """The service all tools are aimed at; it counts what it answers, so no tool's own count is needed."""

    def __init__(self, host: str, process: Running) -> None:
        self.host = host
        self.process = process
        self._session = requests.Session()

    def answered(self) -> int:
        """How many predictions it has given."""
        return int(self._session.get(self.host + COUNT_PATH, timeout=PATIENCE_S).text)


@contextmanager
def null_service(tools: Path, core: int) -> Iterator[NullService]:
    """The service, on a core, until the block ends."""
    port = free_port()
    command = [str(tools / "granian"), "--interface", "asginl", "--port", str(port), "--no-ws", "--no-log"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running([*command, APPLICATION], core, Path(folder)) as process,
    ):
        service = NullService(f"http://127.0.0.1:{port}", process)
        _until(lambda: _answers(service), process)
        yield service


def measure(
    contender: Contender, service: NullService, core: int, warm_up_s: float, window_s: float
) -> Window:
    """Run a tool on a core, let it warm up from its first request on, then count for `window_s` seconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(contender.command(service.host, Path(folder)), core, Path(folder)) as process,
    ):
        first_answer(service, process)
        time.sleep(warm_up_s)
        return observe(service, process, window_s)


def observe(service: NullService, process: Running, window_s: float) -> Window:
    """Count for `window_s` seconds what the process gets answered, and its processor time."""
    at_s, answered, cpu_s, others_s = _now(service, process)
    time.sleep(window_s)
    then_s, then_answered, then_cpu_s, then_others_s = _now(service, process)
    process.check()
    return Window(then_s - at_s, then_answered - answered, then_cpu_s - cpu_s, then_others_s - others_s)


def _now(service: NullService, process: Running) -> tuple[float, int, float, float]:
    """The clock, the service's count, the process's processor time, and everybody else's."""
    answered, cpu_s = service.answered(), process.cpu_s()
    machine = psutil.cpu_times()
    all_s = machine.user + machine.nice + machine.system
    return time.perf_counter(), answered, cpu_s, all_s - cpu_s - service.process.cpu_s()


def first_answer(service: NullService, process: Running) -> None:
    """Return once the service has answered a request of the process."""
    before = service.answered()
    _until(lambda: service.answered() > before, process)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(service: NullService) -> bool:
    try:
        return service.answered() >= 0
    except requests.ConnectionError:
        return False


def _until(condition: Callable[[], bool], process: Running) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        process.check()
        if time.monotonic() > deadline:
            raise EndedError(f"nothing came of process {process.pid} in {PATIENCE_S:.0f} s")
        time.sleep(RETRY_S)
