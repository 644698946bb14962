"""The memory the service holds under load, minute after minute."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.service.serving import Served, closed

WINDOW_S = 5.0


def soak(served: Served, path: str, bodies: Path, minutes: float) -> list[tuple[float, float]]:
    """Keep 8 connections busy; after each 5 s, the seconds under load and the resident memory in MiB."""
    began, found = time.monotonic(), []
    while (lasted_s := time.monotonic() - began) < 60.0 * minutes:
        closed(served, path, bodies, 8, WINDOW_S)
        held = sum(each.memory_info().rss for each in served.process.tree())
        found.append((round(lasted_s + WINDOW_S, 1), held / 2**20))
    return found
