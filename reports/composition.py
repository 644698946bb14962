"""What the time of a request is made of: waiting to be sent, the service's queue, inference, and the rest.

The service tells queue and inference of each reply in its `Server-Timing` header; the rest is what lies
between that and what the client saw: network, proxies, parsing, the client itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.run import Run
from reports.samples import Floats, Mask, Samples
from reports.telemetry import SERVICE

BAND = 0.005
"""Share of the replies on either side of a percentile that are taken to be like it."""


@dataclass(frozen=True)
class Composition:
    """The request at a percentile: its latency in ms, and the four parts that add up to it.

    A single request's parts are chance, so they are those of the `replies` nearest to the percentile, from
    `low_ms` to `latency_ms` to `high_ms`, as shares of their summed latency.
    """

    quantile: float
    latency_ms: float
    unsent_ms: float
    """From when it was due until it was sent; nothing in the closed model."""
    queue_ms: float
    inference_ms: float
    rest_ms: float
    replies: int
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class TimeShare:
    """Where the time went in a set of requests: in the middle and at the slow end of those that tell it."""

    name: str
    p50: Composition
    p99: Composition
    floor_ms: float | None
    """Median round trip of the readiness probe meanwhile: what network and proxies take of any request."""
    timed: int
    """Replies that tell queue and inference."""
    answered: int
    """Requests in the latency figures, whether or not they tell it."""


@dataclass(frozen=True)
class Where:
    """Where the time went in all that is judged, and in each of the judged stages that tell it."""

    total: TimeShare
    stages: tuple[TimeShare, ...]


def where(run: Run) -> Where | None:
    """Where the time went; None where no judged reply tells."""
    judged = run.judged
    timed = timed_rows(judged)
    total = _time_share(judged, timed, "all that is judged", _floor_ms(run, run.spans()))
    if total is None:
        return None
    stages = []
    for stage in run.facts.judged_stages:
        inside = judged.stage.equal(stage.name)
        floor_ms = _floor_ms(run, ((stage.start_s, stage.end_s),))
        part = judged.where(inside)
        stages.append(_time_share(part, timed_rows(part), stage.name, floor_ms))
    return Where(total, tuple(stage for stage in stages if stage is not None))


def timed_rows(samples: Samples) -> Mask:
    """Which replies tell queue and inference; those that claim more than the client saw are not believed."""
    told_ms = samples.queue_ms.astype(np.float64) + samples.inference_ms
    known = np.isfinite(told_ms) & samples.ok & np.isfinite(samples.latency_ms)
    with np.errstate(invalid="ignore"):
        return known & (samples.queue_ms >= 0) & (samples.inference_ms >= 0) & (told_ms <= samples.service_ms)


def compose(samples: Samples, quantile: float) -> Composition:
    """What the nearest-rank percentile of `samples`, all of them timed and at least one, is made of.

    The requests on either side are as many, by rank, so that near the end of few samples there are none:
    then the percentile is the slowest request, and its parts are that request's own.
    """
    latency_ms = samples.latency_ms
    count = len(latency_ms)
    rank = max(int(np.ceil(quantile * count - 1e-9)) - 1, 0)
    reach = min(int(np.ceil(BAND * count)), rank, count - 1 - rank)
    ranks = [rank - reach, rank, rank + reach]
    low_ms, middle_ms, high_ms = np.partition(latency_ms, ranks)[ranks].tolist()
    near = samples[np.flatnonzero((latency_ms >= low_ms) & (latency_ms <= high_ms))]
    whole_ms = float(near.latency_ms.sum())
    scale = middle_ms / whole_ms if whole_ms else 0.0
    unsent_ms, queue_ms, inference_ms = (
        scale * _sum(part) for part in (near.latency_ms - near.service_ms, near.queue_ms, near.inference_ms)
    )
    return Composition(
        quantile=quantile,
        latency_ms=middle_ms,
        unsent_ms=max(unsent_ms, 0.0),
        queue_ms=queue_ms,
        inference_ms=inference_ms,
        rest_ms=max(middle_ms - unsent_ms - queue_ms - inference_ms, 0.0),
        replies=len(near),
        low_ms=low_ms,
        high_ms=high_ms,
    )


def _time_share(samples: Samples, timed: Mask, name: str, floor_ms: float | None) -> TimeShare | None:
    chosen = samples.where(timed)
    if not len(chosen):
        return None
    return TimeShare(
        name=name,
        p50=compose(chosen, 0.5),
        p99=compose(chosen, 0.99),
        floor_ms=floor_ms,
        timed=len(chosen),
        answered=int(np.count_nonzero(samples.answered)),
    )


def _floor_ms(run: Run, spans: tuple[tuple[float, float], ...]) -> float | None:
    t_s, probe_ms = run.telemetry.series("probe_ms", SERVICE)
    inside = np.zeros(len(t_s), dtype=np.bool_)
    for start_s, end_s in spans:
        inside |= (t_s >= start_s) & (t_s < end_s)
    return float(np.median(probe_ms[inside])) if inside.any() else None


def _sum(values: Floats | NDArray[np.float32]) -> float:
    return float(values.sum(dtype=np.float64))
