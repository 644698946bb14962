"""Measures the memory of the service under constant load."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.service.serving import RunningService, run_wrk

WINDOW_S = 5.0


def watch_memory(
    served: RunningService, path: str, bodies: Path, minutes: float
) -> list[tuple[float, float]]:
    """Keep 8 connections busy; return seconds under load and resident memory in MiB, one pair per 5 s."""
    began, found = time.monotonic(), []
    while (lasted_s := time.monotonic() - began) < 60.0 * minutes:
        run_wrk(served, path, bodies, 8, WINDOW_S)
        held = sum(each.memory_info().rss for each in served.process.tree())
        found.append((round(lasted_s + WINDOW_S, 1), held / 2**20))
    return found
