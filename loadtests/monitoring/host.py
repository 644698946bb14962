"""Measures the processor time that neither the load test nor the service took: that of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Final, NamedTuple

import psutil

SHORTEST_S: Final = 0.5
"""The kernel counts in hundredths of a second: shares of less time would be coarse."""
IDLE: Final = ("idle", "iowait")
COUNTED_TWICE: Final = ("guest", "guest_nice")
"""They are counted in `user` and `nice` too."""


class _Times(NamedTuple):
    at_s: float
    idle_s: float
    busy_s: float
    ours_s: float


class ForeignCpuUsage:
    """Of all processes but this one, its present children and the `service`'s processes."""

    def __init__(self, service: Sequence[psutil.Process]) -> None:
        this = psutil.Process()
        self._ours = list(dict.fromkeys([this, *this.children(recursive=True), *service]))
        self._before = self._times()

    def measure(self) -> dict[str, float]:
        """Since the last call: what others took, in % of a core, and what was idle, in % of the machine.

        Time that a hypervisor withheld (steal) counts as taken by others. Empty if too little time has
        passed, or one of our processes has ended.
        """
        try:
            now = self._times()
        except (psutil.Error, OSError):
            return {}
        elapsed_s = now.at_s - self._before.at_s
        if elapsed_s < SHORTEST_S:
            return {}
        idle_s, busy_s, ours_s = (
            getattr(now, name) - getattr(self._before, name) for name in now._fields[1:]
        )
        self._before = now
        return {
            "others_percent": 100.0 * max(0.0, busy_s - ours_s) / elapsed_s,
            "idle_percent": 100.0 * idle_s / max(idle_s + busy_s, 0.01),
        }

    def _times(self) -> _Times:
        machine = psutil.cpu_times()._asdict()
        idle_s = sum(machine.pop(name, 0.0) for name in IDLE)
        busy_s = sum(seconds for name, seconds in machine.items() if name not in COUNTED_TWICE)
        ours = [process.cpu_times() for process in self._ours]
        return _Times(perf_counter(), idle_s, busy_s, sum(each.user + each.system for each in ours))
