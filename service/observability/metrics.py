"""The `inference_*` metrics, which Prometheus scrapes."""

from __future__ import annotations

import os
from collections.abc import Callable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from service.observability.model_call import ModelCall

REQUEST_BUCKETS_S = (
    *(0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0),
)
"""Latencies from 0.2 ms to 1 s, no bucket wider than two thirds of its lower bound."""
INFERENCE_BUCKETS_S = (0.00002, 0.00005, 0.0001, *REQUEST_BUCKETS_S)
"""With finer buckets below 0.2 ms: a small model answers a batch in less time than a request takes."""
SIZE_BUCKETS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 128, 256, 512, 1024)


class InferenceMetrics:
    """The service's own metrics of predictions."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.latency = Histogram(
            "inference_request_latency_seconds",
            "From a prediction request's head to its reply; refused requests are not included.",
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self.queue_depth = Gauge(
            "inference_queue_depth",
            "Predictions waiting for the model.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.queue_limit = Gauge(
            "inference_queue_limit",
            "Predictions that may wait; more are refused with 503.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.rejections = Counter(
            "inference_queue_rejections",
            "Requests refused with 503 because too many wait.",
            registry=registry,
        )
        self.timeouts = Counter(
            "inference_request_timeouts", "Requests answered 504 at their deadline.", registry=registry
        )
        self.batch_size = Histogram(
            "inference_batch_size",
            "Rows answered by one call of the model.",
            buckets=SIZE_BUCKETS,
            registry=registry,
        )
        self.batch_latency = Histogram(
            "inference_batch_latency_seconds",
            "Duration of one call of the model.",
            buckets=INFERENCE_BUCKETS_S,
            registry=registry,
        )

        self._depth: Callable[[], int] | None = None
        self._limits: list[Callable[[], int]] = []

    def watch_depth(self, depth: Callable[[], int]) -> None:
        """Export the queue's depth from now on.

        A single process evaluates it at each scrape. With several processes a scrape reads what each has
        written: its depth after its latest batch, refusal or timeout.
        """
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._depth = depth
        else:
            self.queue_depth.set_function(depth)

    def watch_limit(self, limit: Callable[[], int]) -> None:
        """Export the admission limit of a model's queue from now on, added to those of other models."""
        self._limits.append(limit)
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._write_limit()
        else:
            self.queue_limit.set_function(self._limit)

    def _limit(self) -> int:
        return sum(limit() for limit in self._limits)

    def _write_limit(self) -> None:
        self.queue_limit.set(self._limit())

    def record_call(self, call: ModelCall) -> None:
        """Count a micro-batch."""
        self.count_batch(len(call.rows), call.inference_s)
        self._write_depth()

    def count_rejection(self) -> None:
        """Count a request refused with 503."""
        self.rejections.inc()
        self._write_depth()

    def count_timeout(self) -> None:
        """Count a request answered 504."""
        self.timeouts.inc()
        self._write_depth()

    def _write_depth(self) -> None:
        if self._depth is not None:
            self.queue_depth.set(self._depth())
            self._write_limit()

    def count_batch(self, rows: int, inference_s: float) -> None:
        """Count one call of the model."""
        self.batch_size.observe(rows)
        self.batch_latency.observe(inference_s)
