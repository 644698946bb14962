"""What Prometheus counted of the service between two scrapes, and what the load test measured meanwhile."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from reports.data.percentiles import compute_percentile
from reports.data.run import Run
from reports.prometheus.counters import BucketQuantile, compute_increase, interpolate_quantile
from reports.prometheus.series import ScrapedSeries, TimeRange

LATENCY = "inference_request_latency_seconds"
"""The service's histogram: from the head of a prediction request to its reply, without refused requests."""
REFUSED = "inference_queue_rejections_total"
LATE = "inference_request_timeouts_total"
PROCESS_START = "process_start_time_seconds"
METRICS = (f"{LATENCY}_bucket", f"{LATENCY}_count", REFUSED, LATE, PROCESS_START)
QUANTILES = (0.5, 0.95, 0.99)
MARGIN_S = 60.0
"""Scrapes are fetched from this long before and after a run: one interval of a scrape a minute."""


@dataclass(frozen=True)
class ScrapedFigures:
    """What all instances counted between the first and the last scrape; times in seconds since 1970."""

    quantiles: tuple[BucketQuantile | None, ...]
    answered: float
    refused: float
    late: float
    first_s: float
    last_s: float
    instances: int

    def length_within_s(self, time_range: TimeRange) -> float:
        """How much of the time range the scrapes cover: the time in which the counted requests happened."""
        return min(self.last_s, time_range.end_s) - max(self.first_s, time_range.start_s)


@dataclass(frozen=True)
class LoadTestFigures:
    """What the load test measured of the requests that Prometheus can have seen, including the warm-up.

    Latency is service time, from the actual send: the service doesn't know the intended start.
    """

    quantiles_s: tuple[float | None, ...]
    answered: int
    refused: int
    late: int
    unanswered: int
    duration_s: float
    """From the start of the run to its last reply."""


def count_scraped(scraped: Iterable[ScrapedSeries], time_range: TimeRange) -> ScrapedFigures | None:
    """What all instances counted in the time range; None without two scrapes of an instance."""
    every = list(scraped)
    process_start_s = {
        (each.instance, at_s): value
        for each in every
        if each.name == PROCESS_START
        for at_s, value in zip(each.t_s, each.values, strict=True)
    }
    totals: dict[str, float] = defaultdict(float)
    buckets: dict[float, float] = defaultdict(float)
    spans: dict[str, tuple[float, float]] = {}
    for series in every:
        increase = (
            None if series.name == PROCESS_START else _increase_within(series, time_range, process_start_s)
        )
        if increase is None:
            continue
        count, first_s, last_s = increase
        totals[series.name] += count
        if "le" in series.labels:
            buckets[float(series.labels["le"])] += count
        elif series.name == f"{LATENCY}_count":
            spans[series.instance] = (first_s, last_s)
    if not spans:
        return None
    cumulative = sorted(buckets.items())
    return ScrapedFigures(
        quantiles=tuple(interpolate_quantile(share, cumulative) for share in QUANTILES),
        answered=totals[f"{LATENCY}_count"],
        refused=totals[REFUSED],
        late=totals[LATE],
        first_s=min(start_s for start_s, _ in spans.values()),
        last_s=max(end_s for _, end_s in spans.values()),
        instances=len(spans),
    )


def _increase_within(
    series: ScrapedSeries, time_range: TimeRange, process_start_s: Mapping[tuple[str, float], float]
) -> tuple[float, float, float] | None:
    """How much a counter increased, from when to when; None if there is only one scrape.

    It is counted from the last scrape before the time range to the first one after it. If the process was
    started for the run and not scraped before it, the counter increased from zero; `process_start_s` is the
    start of the process by instance and time of the scrape.
    """
    first = max(bisect_right(series.t_s, time_range.start_s) - 1, 0)
    last = min(bisect_left(series.t_s, time_range.end_s), len(series.t_s) - 1)
    values, first_s = series.values[first : last + 1], series.t_s[first]
    started_s = process_start_s.get((series.instance, first_s), -math.inf)
    if first_s > time_range.start_s and started_s >= time_range.start_s - MARGIN_S > -math.inf:
        values, first_s = (0.0, *values), min(started_s, time_range.start_s)
    return (compute_increase(values), first_s, series.t_s[last]) if len(values) > 1 else None


def summarise_load_test(run: Run) -> LoadTestFigures:
    """The load test's own figures; percentiles are nearest-rank."""
    status, service_ms = run.samples.status, run.samples.service_ms
    answered = (status != 0) & (status != 503) & np.isfinite(service_ms)
    service_s = service_ms[answered] / 1000.0
    return LoadTestFigures(
        quantiles_s=tuple(compute_percentile(service_s, quantile) for quantile in QUANTILES),
        answered=int(np.count_nonzero(answered)),
        refused=int(np.count_nonzero(status == 503)),
        late=int(np.count_nonzero(status == 504)),
        unanswered=int(np.count_nonzero((status == 0) & ~run.samples.outcome.equal("dropped"))),
        duration_s=find_time_range(run).length_s,
    )


def find_time_range(run: Run) -> TimeRange:
    """From the start of the run to its last reply."""
    began_s = run.facts.began_s
    if began_s is None:
        began_s = datetime.fromisoformat(run.facts.started_at).timestamp()
    end_s = run.samples.end_s[np.isfinite(run.samples.end_s)]
    return TimeRange(began_s, began_s + max(run.elapsed_s, float(end_s.max(initial=0.0))))
