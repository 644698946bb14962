"""Breaks latency down: time until a request is sent, in the service's queue, in inference, and the rest.

The service reports queue and inference of each reply in its `Server-Timing` header. The rest is the remaining
time that the client measured: network, proxies, parsing, the client itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats, Mask
from reports.data.percentiles import compute_rank
from reports.data.run import Run
from reports.data.samples import Samples
from reports.data.telemetry import SERVICE

NEIGHBOUR_SHARE = 0.005
"""Share of all replies, on either side of a percentile, whose composition is averaged."""


@dataclass(frozen=True)
class LatencyComposition:
    """The latency at a percentile, in ms, and the four parts that add up to it.

    The parts of a single reply vary by chance, so they are computed from the `replies` nearest to the
    percentile, whose latencies lie between `low_ms` and `high_ms`: each part has its share of their summed
    latency.
    """

    quantile: float
    latency_ms: float
    unsent_ms: float
    """From the intended start to the actual send; 0 in the closed model."""
    queue_ms: float
    inference_ms: float
    rest_ms: float
    replies: int
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class LatencyBreakdown:
    """The composition of latency in a set of requests, at p50 and p99 of the replies that report it."""

    name: str
    p50: LatencyComposition
    p99: LatencyComposition
    floor_ms: float | None
    """Median round trip of the readiness probe during that time: about what network and proxies take."""
    timed: int
    """Replies that report queue and inference."""
    answered: int
    """Requests in the latency figures, whether or not they report it."""


@dataclass(frozen=True)
class RunBreakdown:
    """The breakdown of all judged requests, and of each judged stage with replies that report it."""

    total: LatencyBreakdown
    stages: tuple[LatencyBreakdown, ...]


@dataclass(frozen=True)
class ReplyTimes:
    """Four times of each reply, in ms."""

    latency_ms: Floats
    service_ms: Floats
    queue_ms: NDArray[np.float32]
    inference_ms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.latency_ms)

    def __getitem__(self, rows: Mask) -> ReplyTimes:
        """The replies that a mask selects."""
        return ReplyTimes(
            self.latency_ms[rows], self.service_ms[rows], self.queue_ms[rows], self.inference_ms[rows]
        )

    @classmethod
    def from_samples(cls, samples: Samples) -> ReplyTimes:
        """The times of all `samples`; NaN where they are not known."""
        return cls(samples.latency_ms, samples.service_ms, samples.queue_ms, samples.inference_ms)

    @property
    def timed(self) -> Mask:
        """Which replies report queue and inference; a sum longer than the client measured is ignored."""
        with np.errstate(invalid="ignore"):
            seen = (self.queue_ms >= 0) & (self.inference_ms >= 0) & np.isfinite(self.latency_ms)
            return seen & (self.queue_ms + self.inference_ms <= self.service_ms)


def break_down_latency(run: Run) -> RunBreakdown | None:
    """The breakdown of a run's latency; None if no judged reply reports it."""
    judged = run.judged
    if np.isnan(judged.queue_ms).all():
        return None
    answered, times = judged.answered, ReplyTimes.from_samples(judged)
    told = judged.ok & times.timed
    if not told.any():
        return None
    total = _break_down("all that is judged", times[told], answered, _compute_floor_ms(run, run.list_spans()))
    stages = []
    for stage in run.facts.judged_stages:
        inside = judged.stage.equal(stage.name)
        part = told & inside
        if part.any():
            floor_ms = _compute_floor_ms(run, ((stage.start_s, stage.end_s),))
            stages.append(_break_down(stage.name, times[part], answered & inside, floor_ms))
    return RunBreakdown(total, tuple(stages))


def compose_percentile(times: ReplyTimes, quantile: float) -> LatencyComposition:
    """The composition at a nearest-rank percentile of at least one reply.

    Equally many replies on either side of its rank count. At the end of few replies there are none: then the
    parts are those of the slowest reply alone.
    """
    count = len(times)
    rank = compute_rank(quantile, count) - 1
    reach = min(int(np.ceil(NEIGHBOUR_SHARE * count)), rank, count - 1 - rank)
    ranks = [rank - reach, rank, rank + reach]
    low_ms, middle_ms, high_ms = np.partition(times.latency_ms, ranks)[ranks].tolist()
    near = times[(times.latency_ms >= low_ms) & (times.latency_ms <= high_ms)]
    whole_ms = _sum_ms(near.latency_ms)
    scale = middle_ms / whole_ms if whole_ms else 0.0
    unsent_ms = scale * (whole_ms - _sum_ms(near.service_ms))
    queue_ms, inference_ms = scale * _sum_ms(near.queue_ms), scale * _sum_ms(near.inference_ms)
    return LatencyComposition(
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


def _break_down(name: str, times: ReplyTimes, answered: Mask, floor_ms: float | None) -> LatencyBreakdown:
    return LatencyBreakdown(
        name=name,
        p50=compose_percentile(times, 0.5),
        p99=compose_percentile(times, 0.99),
        floor_ms=floor_ms,
        timed=len(times),
        answered=int(np.count_nonzero(answered)),
    )


def _compute_floor_ms(run: Run, spans: tuple[tuple[float, float], ...]) -> float | None:
    t_s, probe_ms = run.telemetry.select_series("probe_ms", SERVICE)
    inside = np.zeros(len(t_s), dtype=np.bool_)
    for start_s, end_s in spans:
        inside |= (t_s >= start_s) & (t_s < end_s)
    return float(np.median(probe_ms[inside])) if inside.any() else None


def _sum_ms(values: Floats | NDArray[np.float32]) -> float:
    return float(values.sum(dtype=np.float64))
