"""The `http_*` metrics of prometheus-fastapi-instrumentator, at a cost that suits the fast path."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, Summary
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info
from rest_model_service.configuration import MetricsConfiguration

from service.observability.worker_gauges import remove_gauges_of_dead_processes

FINE_BUCKETS_S = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60),
)
COARSE_BUCKETS_S = (0.1, 0.5, 1)
_FAILURE_STATUSES = (500, 503, 504)


class HttpMetrics:
    """The metrics of the instrumentator's `metrics.default()`: the same names, labels and buckets.

    The instrumentator's middleware finds the route a second time, builds a request and a response object, and
    looks up each metric by its labels: 38 µs of processor time a request, against 3.9 µs for `PathMetrics`
    (2026-11-21, an Intel Xeon, in process, medians of 9: ten times as much). It still counts the requests
    that pass through it, in the metrics made here. A path on the fast path has its own `PathMetrics`.
    """

    def __init__(
        self, app: FastAPI, configuration: MetricsConfiguration, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self.requests = Counter(
            "http_requests_total",
            "Total number of requests by method, status and handler.",
            ("method", "status", "handler"),
            registry=registry,
        )
        self.received = Summary(
            "http_request_size_bytes",
            "Content-Length of incoming requests by handler.",
            ("handler",),
            registry=registry,
        )
        self.sent = Summary(
            "http_response_size_bytes",
            "Content-Length of outgoing responses by handler.",
            ("handler",),
            registry=registry,
        )
        self.durations = Histogram(
            "http_request_duration_highr_seconds",
            "Latency in many buckets, of all handlers together.",
            buckets=FINE_BUCKETS_S,
            registry=registry,
        )
        self.handler_durations = Histogram(
            "http_request_duration_seconds",
            "Latency in few buckets by handler.",
            ("method", "handler"),
            buckets=COARSE_BUCKETS_S,
            registry=registry,
        )
        self._grouped = configuration.should_group_status_codes
        options = configuration.model_dump(exclude={"enabled"})
        Instrumentator(**options).add(self._observe).instrument(app).expose(
            app, include_in_schema=False, dependencies=[Depends(remove_gauges_of_dead_processes)]
        )

    def for_path(self, method: str, handler: str) -> PathMetrics:
        """The metrics of one path whose requests don't pass through the instrumentator's middleware."""
        return PathMetrics(self, method, handler, self._grouped)

    def _observe(self, info: Info) -> None:
        """Count a request that passed through the instrumentator's middleware."""
        handler, status = info.modified_handler, info.modified_status
        self.requests.labels(info.method, status, handler).inc()
        self.received.labels(handler).observe(int(info.request.headers.get("Content-Length", 0)))
        answered = info.response.headers.get("Content-Length", 0) if info.response else 0
        self.sent.labels(handler).observe(int(answered))
        self.durations.observe(info.modified_duration)
        self.handler_durations.labels(info.method, handler).observe(info.modified_duration)


class PathMetrics:
    """The metrics of one method and path, looked up once.

    Failures are exported as 0 from the start: Prometheus computes rates from differences, so it would miss
    the first failures of a series that begins with them.
    """

    def __init__(self, metrics: HttpMetrics, method: str, handler: str, grouped: bool) -> None:
        self._metrics = metrics
        self._labels = method, handler
        self._grouped = grouped
        self._by_status = {status: self._counter(status) for status in _FAILURE_STATUSES}
        self._received = metrics.received.labels(handler)
        self._sent = metrics.sent.labels(handler)
        self._durations = metrics.handler_durations.labels(method, handler)

    def count(self, status: int, elapsed_s: float, received_bytes: int, sent_bytes: int) -> None:
        """Count a request: its duration in seconds, and the bytes of its body and of its reply."""
        self.count_shed(status)
        self._received.observe(received_bytes)
        self._sent.observe(sent_bytes)
        self._metrics.durations.observe(elapsed_s)
        self._durations.observe(elapsed_s)

    def count_shed(self, status: int) -> None:
        """Count a request that was refused at its head, without a duration."""
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = self._counter(status)
        counter.inc()

    def _counter(self, status: int) -> Counter:
        method, handler = self._labels
        label = f"{status // 100}xx" if self._grouped else str(status)
        return self._metrics.requests.labels(method, label, handler)
