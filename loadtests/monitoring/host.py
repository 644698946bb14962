"""Measures the processor time that neither the load test nor the service took: that of other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Final, NamedTuple

import psutil

SHORTEST_S: Final = 0.5
"""The kernel counts in hundredths of a second: shares of less time would be coarse."""
IDLE: Final = ("idle", "iowait")
COUNTED_TWICE: Final = ("guest", "guest_nice")
"""They are counted in `user` and `nice` too."""


class Reading(NamedTuple):
    """The kernel's counters at a moment, in seconds of processor time."""

    at_s: float
    """The moment, on any clock."""
    machine: Mapping[str, float]
    """All cores together, by kind of use, as `psutil.cpu_times` names it."""
    ours_s: float
    """The part that the load test and the service took."""

    @property
    def idle_s(self) -> float:
        """Time in which a core was idle."""
        return sum(self.machine.get(name, 0.0) for name in IDLE)

    @property
    def busy_s(self) -> float:
        """All other time."""
        return sum(s for name, s in self.machine.items() if name not in (*IDLE, *COUNTED_TWICE))


class ForeignCpuUsage:
    """Compares each reading with the one before it; the first is taken at once."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read
        self._before = read()

    def measure(self) -> dict[str, float]:
        """Since the last call: what others took, in % of a core, and what was idle, in % of the machine.

        Time that a hypervisor withheld (steal) counts as taken by others. Empty if too little time has
        passed, or one of our processes has ended.
        """
        try:
            now = self._read()
        except (psutil.Error, OSError):
            return {}
        before, elapsed_s = self._before, now.at_s - self._before.at_s
        if elapsed_s < SHORTEST_S:
            return {}
        self._before = now
        idle_s, busy_s = now.idle_s - before.idle_s, now.busy_s - before.busy_s
        ours_s = now.ours_s - before.ours_s
        return {
            "others_percent": 100.0 * max(0.0, busy_s - ours_s) / elapsed_s,
            "idle_percent": 100.0 * idle_s / max(idle_s + busy_s, 0.01),
        }


def list_own_processes() -> list[psutil.Process]:
    """The load test: the calling process and its present children."""
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def make_reader(ours: Iterable[psutil.Process]) -> Callable[[], Reading]:
    """Return a function that reads this machine's counters; each process of `ours` counts once."""
    processes = list(dict.fromkeys(ours))

    def read() -> Reading:
        machine = psutil.cpu_times()._asdict()
        times = [process.cpu_times() for process in processes]
        return Reading(perf_counter(), machine, sum(each.user + each.system for each in times))

    return read
