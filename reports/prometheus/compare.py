"""What a Prometheus saw of the service between two scrapes, and what the load test measured of the same."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from reports.data.percentiles import compute_percentile
from reports.data.run import Run

LATENCY = "inference_request_latency_seconds"
"""The service's histogram: from a prediction request's head to its reply, of those that were not refused."""
REFUSED = "inference_queue_rejections_total"
LATE = "inference_request_timeouts_total"
BORN = "process_start_time_seconds"
METRICS = (f"{LATENCY}_bucket", f"{LATENCY}_count", REFUSED, LATE, BORN)
QUANTILES = (0.5, 0.95, 0.99)
MARGIN_S = 60.0
"""How far around a run scrapes are looked for: one interval, where Prometheus asks once a minute."""


class PrometheusError(Exception):
    """Why a Prometheus can't tell what it was asked, in a sentence that says what to do."""


@dataclass(frozen=True)
class Series:
    """What was scraped of one series: `values[i]` at `t_s[i]`, in seconds since 1970 and in that order."""

    name: str
    labels: Mapping[str, str]
    t_s: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def instance(self) -> str:
        """The replica it is of."""
        return self.labels.get("instance", "")


@dataclass(frozen=True)
class Window:
    """A stretch of time, in seconds since 1970; without ends it is all that was fetched."""

    start_s: float = -math.inf
    end_s: float = math.inf

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Quantile:
    """A quantile in seconds, interpolated within its bucket; above the last bound there is none."""

    value_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True)
class Seen:
    """What all instances counted between the first and the last scrape, in seconds since 1970."""

    quantiles: tuple[Quantile | None, ...]
    answered: float
    refused: float
    late: float
    first_s: float
    last_s: float
    instances: int

    def length_within_s(self, window: Window) -> float:
        """How much of the window the scrapes enclose: the time in which what was counted happened."""
        return min(self.last_s, window.end_s) - max(self.first_s, window.start_s)


@dataclass(frozen=True)
class Measured:
    """What the load test measured of the requests that Prometheus could have seen, warm-up included.

    Latency is service time, from the actual send: the service knows no intended start.
    """

    quantiles_s: tuple[float | None, ...]
    answered: int
    refused: int
    late: int
    unanswered: int
    duration_s: float
    """From the run's beginning to its last reply."""


def parse(answer: Mapping[str, Any]) -> list[Series]:
    """The series in the answer to a query for a range of samples; PrometheusError if it is none."""
    try:
        return [
            Series(
                each["metric"].get("__name__", ""),
                each["metric"],
                tuple(float(at) for at, _ in each["values"]),
                tuple(float(value) for _, value in each["values"]),
            )
            for each in answer["data"]["result"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PrometheusError("The answer holds no samples as Prometheus sends them.") from None


def observe(scraped: Iterable[Series], window: Window) -> Seen | None:
    """Count what happened in the window, over all instances; None where no two scrapes tell."""
    every = list(scraped)
    born_s = {
        (each.instance, at_s): value
        for each in every
        if each.name == BORN
        for at_s, value in zip(each.t_s, each.values, strict=True)
    }
    totals: dict[str, float] = defaultdict(float)
    buckets: dict[float, float] = defaultdict(float)
    spans: dict[str, tuple[float, float]] = {}
    for series in every:
        rise = None if series.name == BORN else _rise(series, window, born_s)
        if rise is None:
            continue
        count, *span = rise
        totals[series.name] += count
        if "le" in series.labels:
            buckets[float(series.labels["le"])] += count
        elif series.name == f"{LATENCY}_count":
            spans[series.instance] = (span[0], span[1])
    if not spans:
        return None
    cumulative = sorted(buckets.items())
    return Seen(
        quantiles=tuple(quantile(share, cumulative) for share in QUANTILES),
        answered=totals[f"{LATENCY}_count"],
        refused=totals[REFUSED],
        late=totals[LATE],
        first_s=min(first_s for first_s, _ in spans.values()),
        last_s=max(last_s for _, last_s in spans.values()),
        instances=len(spans),
    )


def _rise(
    series: Series, window: Window, born_s: Mapping[tuple[str, float], float]
) -> tuple[float, float, float] | None:
    """How far a counter rose, from when to when: from the last scrape before the window to the first after.

    That of a process which was started so late that no scrape came before rose from nought; `born_s` is when
    it was, by instance and scrape. None where there is one scrape only.
    """
    first = max(bisect_right(series.t_s, window.start_s) - 1, 0)
    last = min(bisect_left(series.t_s, window.end_s), len(series.t_s) - 1)
    values, first_s = series.values[first : last + 1], series.t_s[first]
    started_s = born_s.get((series.instance, first_s), -math.inf)
    if first_s > window.start_s and started_s >= window.start_s - MARGIN_S > -math.inf:
        values, first_s = (0.0, *values), min(started_s, window.start_s)
    return (increase(values), first_s, series.t_s[last]) if len(values) > 1 else None


def increase(values: Sequence[float]) -> float:
    """How far a counter rose from its first value to its last; where it fell, it began anew from nought."""
    steps = np.diff(values)
    return float(np.where(steps < 0, np.asarray(values)[1:], steps).sum())


def quantile(share: float, buckets: Sequence[tuple[float, float]]) -> Quantile | None:
    """A quantile as Prometheus' `histogram_quantile` computes it, with the bounds of its bucket.

    `buckets` are upper bounds in s, rising and ending with infinity, each with the count of all not above it.
    """
    if not buckets or not buckets[-1][1]:
        return None
    rank = share * buckets[-1][1]
    place = next(i for i, (_, count) in enumerate(buckets) if count >= rank)
    low_s, below = buckets[place - 1] if place else (0.0, 0.0)
    high_s, count = buckets[place]
    if math.isinf(high_s):
        return Quantile(low_s, low_s, high_s)
    return Quantile(low_s + (high_s - low_s) * (rank - below) / (count - below), low_s, high_s)


def measured(run: Run) -> Measured:
    """The load test's own figures, percentiles nearest-rank."""
    status, service_ms = run.samples.status, run.samples.service_ms
    answered = (status != 0) & (status != 503) & np.isfinite(service_ms)
    service_s = service_ms[answered] / 1000.0
    return Measured(
        quantiles_s=tuple(compute_percentile(service_s, quantile) for quantile in QUANTILES),
        answered=int(np.count_nonzero(answered)),
        refused=int(np.count_nonzero(status == 503)),
        late=int(np.count_nonzero(status == 504)),
        unanswered=int(np.count_nonzero((status == 0) & ~run.samples.outcome.equal("dropped"))),
        duration_s=window_of(run).length_s,
    )


def window_of(run: Run) -> Window:
    """When the run went on, from its beginning to its last reply."""
    began_s = run.facts.began_s
    if began_s is None:
        began_s = datetime.fromisoformat(run.facts.started_at).timestamp()
    end_s = run.samples.end_s[np.isfinite(run.samples.end_s)]
    return Window(began_s, began_s + max(run.elapsed_s, float(end_s.max(initial=0.0))))
