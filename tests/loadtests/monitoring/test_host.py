"""What other programs take of the machine is told apart from what the load test and the service take."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from loadtests.monitoring.host import ForeignCpuUsage, Reading, make_reader

SPINNING = [sys.executable, "-c", "while True: pass"]
START = Reading(
    at_s=0.0,
    machine={"user": 5.0, "system": 1.0, "idle": 90.0, "iowait": 4.0, "steal": 0.0, "guest": 2.0},
    ours_s=3.0,
)


def later(before: Reading, at_s: float, ours_s: float = 0.0, **machine: float) -> Reading:
    """A reading at `at_s`, with so many seconds more than `before`."""
    counted = {name: before.machine[name] + machine.get(name, 0.0) for name in before.machine}
    return Reading(at_s, counted, before.ours_s + ours_s)


def test_others_are_what_is_neither_ours_nor_idle() -> None:
    """In two seconds of two cores: 2.8 s busy, 1 s of it ours and 0.4 s the hypervisor's; 1.2 s idle."""
    after = later(START, 2.0, ours_s=1.0, user=1.5, system=0.9, steal=0.4, idle=1.0, iowait=0.2)
    usage = ForeignCpuUsage(iter([START, after]).__next__)
    assert usage.measure() == pytest.approx({"others_percent": 90.0, "idle_percent": 30.0})


def test_a_guest_counts_once_and_time_of_ours_that_is_counted_late_takes_nothing_from_others() -> None:
    """`user` includes the time of a guest; and the kernel may update a process before the machine."""
    guest = later(START, 1.0, user=1.0, guest=1.0, idle=1.0)
    ahead = later(guest, 2.0, ours_s=1.1, user=1.0, idle=1.0)
    usage = ForeignCpuUsage(iter([START, guest, ahead]).__next__)
    assert usage.measure()["others_percent"] == pytest.approx(100.0)
    assert usage.measure()["others_percent"] == 0.0


def test_too_short_a_time_tells_nothing_and_is_not_lost() -> None:
    soon = later(START, 0.1, user=0.1)
    usage = ForeignCpuUsage(iter([START, soon, later(soon, 1.0, user=0.9)]).__next__)
    assert usage.measure() == {}
    assert usage.measure()["others_percent"] == pytest.approx(100.0)


def test_a_process_that_has_ended_leaves_nothing_to_tell() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        usage = ForeignCpuUsage(make_reader([psutil.Process(process.pid)]))
        process.kill()
    assert usage.measure() == {}


@pytest.fixture
def spinning() -> Iterator[psutil.Process]:
    """A process that takes as much of a core as it gets."""
    with subprocess.Popen(SPINNING) as process:
        yield psutil.Process(process.pid)
        process.kill()


def let_it_take_a_second(spinning: psutil.Process) -> float:
    """Wait until the process has used a second of processor time; return the exact time."""
    before_s, pause = spinning.cpu_times().user, threading.Event()
    while (took_s := spinning.cpu_times().user - before_s) < 1.0:
        pause.wait(0.05)
    return took_s


@pytest.mark.real
def test_a_program_that_takes_a_core_is_seen(spinning: psutil.Process) -> None:
    """Others took at least as much as this program; other programs add to it.

    A fifth is tolerated: the kernel may count the machine's time by its ticks, and a process's exactly.
    """
    readings = [(read := make_reader([psutil.Process()]))()]
    took_s = let_it_take_a_second(spinning)
    readings.append(read())
    found = ForeignCpuUsage(iter(readings).__next__).measure()
    elapsed_s = readings[1].at_s - readings[0].at_s
    assert found["others_percent"] * elapsed_s / 100.0 > 0.8 * took_s


@pytest.mark.real
def test_what_the_service_takes_is_ours(spinning: psutil.Process) -> None:
    read = make_reader([psutil.Process(), spinning])
    before_s = read().ours_s
    taken_s = let_it_take_a_second(spinning)
    assert read().ours_s - before_s > taken_s - 0.005, (
        "the kernel counts hundredths; sums of them are rounded"
    )


def test_a_process_that_is_named_twice_counts_once() -> None:
    """A service that the load test has started is among its children too."""
    this = psutil.Process()
    before, ours_s, after = this.cpu_times(), make_reader([this, this])().ours_s, this.cpu_times()
    assert before.user + before.system <= ours_s <= after.user + after.system
