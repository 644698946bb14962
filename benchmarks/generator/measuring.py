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

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Requests answered for each second of the generator's processor time."""
        return self.requests / self.cpu_s

    @property
    def busy(self) -> float:
        """The share of its core that the generator used."""
        return self.cpu_s / self.seconds


class NullService:
    """The service all tools are aimed at; it counts what it answers, so no tool's own count is needed."""

    def __init__(self, host: str) -> None:
        self.host = host
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
        service = NullService(f"http://127.0.0.1:{port}")
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
    answered, cpu_s, at_s = service.answered(), process.cpu_s(), time.perf_counter()
    time.sleep(window_s)
    window = Window(
        seconds=time.perf_counter() - at_s,
        requests=service.answered() - answered,
        cpu_s=process.cpu_s() - cpu_s,
    )
    process.check()
    return window


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
