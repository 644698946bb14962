"""Counts slow requests by threshold: the one that was asked for, twice as much, four times as much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.data.labels import Labels
from reports.data.samples import Samples

MOST_THRESHOLDS: Final = 8


@dataclass(frozen=True)
class SlowCount:
    """All requests that took at least `threshold_ms`; the last four are None if there were none."""

    threshold_ms: float
    count: int
    sent: int
    """All requests of the run that were sent."""
    failed: int
    """Those of the slow ones that did not succeed."""
    first_s: float | None
    """When the first of them was meant to start, and the last."""
    last_s: float | None
    stage: str | None
    """The stage with the most of them."""
    endpoint: str | None
    """The endpoint with the most of them."""


def count_slow(samples: Samples, slow_ms: float) -> tuple[SlowCount, ...]:
    """Counts at `slow_ms` and at its doubles, as long as there are requests, eight at most.

    Every request that was sent counts, whatever its outcome, warm-up included.
    """
    found = [_count(samples, slow_ms)]
    while found[-1].count and len(found) < MOST_THRESHOLDS:
        found.append(_count(samples, 2.0 * found[-1].threshold_ms))
    return tuple(each for place, each in enumerate(found) if each.count or not place)


def _count(samples: Samples, threshold_ms: float) -> SlowCount:
    sent = int(np.count_nonzero(np.isfinite(samples.latency_ms)))
    slow = samples.select(samples.latency_ms >= threshold_ms)  # not true of NaN: dropped, never sent
    count = len(slow)
    return SlowCount(
        threshold_ms=threshold_ms,
        count=count,
        sent=sent,
        failed=int(np.count_nonzero(slow.mark_failed())),
        first_s=float(slow.intended_s.min()) if count else None,
        last_s=float(slow.intended_s.max()) if count else None,
        stage=_find_most(slow.stage) if count else None,
        endpoint=_find_most(slow.endpoint) if count else None,
    )


def _find_most(labels: Labels) -> str:
    """The most frequent name; of equally frequent ones the first."""
    return labels.names[int(np.bincount(labels.codes).argmax())]
