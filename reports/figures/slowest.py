"""Finds the slowest requests of a run, and the slowest of those whose traces were recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.data.columns import Mask
from reports.data.samples import Samples

MOST_SLOWEST = 10
MOST_TRACED = 3


@dataclass(frozen=True)
class SlowRequest:
    """One of the slowest answered requests; None for a value that was not recorded."""

    intended_s: float
    latency_ms: float
    service_ms: float | None
    endpoint: str
    stage: str
    outcome: str
    status: int
    rows: int
    queue_ms: float | None
    inference_ms: float | None
    batch_size: float | None
    trace_id: str | None
    worker: int


@dataclass(frozen=True)
class TracedRequests:
    """How many of the answered requests have a recorded trace, and the slowest of these, in order."""

    count: int
    answered: int
    slowest: tuple[SlowRequest, ...]


def find_slowest(samples: Samples) -> tuple[SlowRequest, ...]:
    """The ten slowest answered requests, the slowest first."""
    return _find_slowest(samples, samples.answered, MOST_SLOWEST)


def find_traced(samples: Samples) -> TracedRequests | None:
    """The traced requests; None if no answered request was traced."""
    answered = samples.answered
    kept = answered & samples.traced
    count = int(np.count_nonzero(kept))
    if count == 0:
        return None
    return TracedRequests(count, int(np.count_nonzero(answered)), _find_slowest(samples, kept, MOST_TRACED))


def _find_slowest(samples: Samples, among: Mask, count: int) -> tuple[SlowRequest, ...]:
    rows = np.flatnonzero(among)
    latency_ms = samples.latency_ms[rows]
    if len(rows) > count:
        least = np.partition(latency_ms, -count)[-count]
        slower, alike = np.flatnonzero(latency_ms > least), np.flatnonzero(latency_ms == least)
        places = np.append(slower, alike[: count - len(slower)])
        rows, latency_ms = rows[places], latency_ms[places]
    chosen = samples[rows[np.lexsort((rows, -latency_ms))]]
    names = [labels.decode() for labels in (chosen.endpoint, chosen.stage, chosen.outcome)]
    return tuple(
        SlowRequest(
            intended_s=float(chosen.intended_s[i]),
            latency_ms=float(chosen.latency_ms[i]),
            service_ms=_drop_nan(chosen.service_ms[i]),
            endpoint=str(names[0][i]),
            stage=str(names[1][i]),
            outcome=str(names[2][i]),
            status=int(chosen.status[i]),
            rows=int(chosen.rows[i]),
            queue_ms=_drop_nan(chosen.queue_ms[i]),
            inference_ms=_drop_nan(chosen.inference_ms[i]),
            batch_size=_drop_nan(chosen.batch_size[i]),
            trace_id=chosen.trace_id[i],
            worker=int(chosen.worker[i]),
        )
        for i in range(len(chosen))
    )


def _drop_nan(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
