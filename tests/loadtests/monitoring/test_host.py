"""What other programs take of the machine is told apart from what the load test and the service take."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from loadtests.monitoring import host
from loadtests.monitoring.host import ForeignCpuUsage

SPINNING = [sys.executable, "-c", "while True: pass"]


class Clock:
    """A machine of two cores whose counters are set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.machine = {"user": 5.0, "system": 1.0, "idle": 90.0, "iowait": 4.0, "steal": 0.0, "guest": 2.0}
        self.ours_s = 3.0
        monkeypatch.setattr(host, "perf_counter", lambda: self.now_s)
        monkeypatch.setattr(psutil, "cpu_times", lambda: SimpleNamespace(_asdict=lambda: dict(self.machine)))
        monkeypatch.setattr(psutil, "Process", lambda: self)

    def children(self, recursive: bool) -> list[Any]:
        assert recursive
        return []

    def cpu_times(self) -> Any:
        return SimpleNamespace(user=self.ours_s, system=0.0)


def test_others_are_what_is_neither_ours_nor_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """In two seconds of two cores: 2.8 s busy, 1 s of it ours and 0.4 s the hypervisor's; 1.2 s idle."""
    clock = Clock(monkeypatch)
    neighbours = ForeignCpuUsage([])
    clock.now_s += 2.0
    clock.ours_s += 1.0
    for name, seconds in {"user": 1.5, "system": 0.9, "steal": 0.4, "idle": 1.0, "iowait": 0.2}.items():
        clock.machine[name] += seconds
    assert neighbours.measure() == pytest.approx({"others_percent": 90.0, "idle_percent": 30.0})


def test_too_short_a_time_tells_nothing_and_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    neighbours = ForeignCpuUsage([])
    clock.now_s, clock.machine["user"] = 0.1, 5.1
    assert neighbours.measure() == {}
    clock.now_s, clock.machine["user"] = 1.0, 6.0
    assert neighbours.measure()["others_percent"] == pytest.approx(100.0)


@pytest.fixture
def spinning() -> Iterator[psutil.Process]:
    """A process that takes what it gets of a core."""
    with subprocess.Popen(SPINNING) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.mark.real
def test_a_program_that_takes_a_core_is_seen(spinning: psutil.Process) -> None:
    """At least as much as it took itself; whatever else runs here comes on top."""
    neighbours = ForeignCpuUsage([])
    neighbours._ours = [psutil.Process()]
    before_s, pause = spinning.cpu_times().user, threading.Event()
    while (took_s := spinning.cpu_times().user - before_s) < 1.0:
        pause.wait(0.05)
    elapsed_s = -neighbours._before.at_s
    found = neighbours.measure()
    elapsed_s += neighbours._before.at_s
    assert found["others_percent"] * elapsed_s / 100.0 > 0.8 * took_s


@pytest.mark.real
def test_what_the_service_takes_is_its_own(spinning: psutil.Process) -> None:
    with_it, without_it = ForeignCpuUsage([spinning]), ForeignCpuUsage([])
    without_it._ours = [psutil.Process()]
    before_s, pause = spinning.cpu_times().user, threading.Event()
    while spinning.cpu_times().user - before_s < 1.0:
        pause.wait(0.05)
    assert with_it.measure()["others_percent"] < without_it.measure()["others_percent"]
