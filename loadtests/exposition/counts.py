"""Counts requests for Prometheus, a sealed batch at a time: totals that only grow, from run to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from loadtests.recording.recorder import OTHER_NAMES
from loadtests.recording.row import OUTCOME_CODES
from loadtests.recording.sample_writer import SampleBatch
from reports.data.samples import OUTCOMES

LATENCY_BUCKETS_S: Final = (
    *(0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75),
    *(1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0),
)
"""0.2 ms to 10 s; up to 1 s the same as the service's, so that both sides can be compared."""
LATENESS_BUCKETS_S: Final = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
MOST_ENDPOINTS: Final = 100
"""Endpoints beyond are counted as one: each is some forty lines in every scrape."""


class Histogram:
    """How many values fell into each bucket, and their sum, in seconds."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds_s = np.array(bounds_s)
        self._counts = np.zeros(len(bounds_s) + 1, dtype=np.int64)
        self._sum_s = 0.0

    def add(self, values_s: NDArray[np.float64]) -> None:
        """Count values; a bucket holds values up to and including its bound, as in Prometheus."""
        places = np.searchsorted(self._bounds_s, values_s, side="left")
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._sum_s += float(values_s.sum())

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str]) -> None:
        """Add the cumulative buckets."""
        bounds = [*map(str, self._bounds_s.tolist()), "+Inf"]
        counts = np.cumsum(self._counts).tolist()
        family.add_metric(labels, list(zip(bounds, counts, strict=True)), self._sum_s)


class RequestCounts:
    """Every request that was recorded since the process started, warm-up included."""

    def __init__(self) -> None:
        self._outcomes: dict[str, NDArray[np.int64]] = {}
        self._latency: dict[str, Histogram] = {}
        self._lateness = Histogram(LATENESS_BUCKETS_S)
        self._rows = 0

    def add_endpoints(self, endpoints: Iterable[str]) -> None:
        """Count these endpoints from 0 on: if a series begins at 5, Prometheus misses the 5."""
        for name in endpoints:
            if name not in self._outcomes:
                self._outcomes[name] = np.zeros(len(OUTCOMES), dtype=np.int64)
                self._latency[name] = Histogram(LATENCY_BUCKETS_S)

    def add(self, batch: SampleBatch) -> None:
        """Count a batch."""
        rows = batch.rows
        for code in np.unique(rows["endpoint"]):
            self._add(self._named(batch.endpoints[code]), rows[rows["endpoint"] == code])
        ok = rows["outcome"] == OUTCOME_CODES["ok"]
        self._rows += int(rows["rows"][ok].sum())
        lateness_s = rows["sent_s"] - rows["intended_s"]
        self._lateness.add(lateness_s[np.isfinite(lateness_s)])

    def _add(self, name: str, rows: NDArray[Any]) -> None:
        self._outcomes[name] += np.bincount(rows["outcome"], minlength=len(OUTCOMES))
        self._latency[name].add(rows["latency_ms"][rows["outcome"] == OUTCOME_CODES["ok"]] / 1000.0)

    def _named(self, name: str) -> str:
        if name not in self._outcomes:
            if len(self._outcomes) >= MOST_ENDPOINTS:
                name = OTHER_NAMES
            self.add_endpoints((name,))
        return name

    def collect(self) -> Iterator[Metric]:
        """The totals as Prometheus' client library wants them."""
        requests = CounterMetricFamily(
            "loadtest_requests", "Requests recorded, warm-up included.", labels=("endpoint", "outcome")
        )
        latency = HistogramMetricFamily(
            "loadtest_request_latency_seconds",
            "From the intended start of a request to the last byte of its reply, of successful ones.",
            labels=("endpoint",),
        )
        for name, counts in self._outcomes.items():
            for outcome, count in zip(OUTCOMES, counts.tolist(), strict=True):
                requests.add_metric((name, outcome), count)
            self._latency[name].add_to(latency, (name,))
        lateness = HistogramMetricFamily(
            "loadtest_lateness_seconds", "From the intended start of a request to its being sent.", labels=()
        )
        self._lateness.add_to(lateness, ())
        yield requests
        yield latency
        yield lateness
        yield CounterMetricFamily("loadtest_rows", "Predictions in successful replies.", value=self._rows)
