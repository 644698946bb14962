"""What Prometheus sees of the service: the `inference_*` metrics, beside the instrumentator's `http_*`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, multiprocess
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator import metrics as instrumentations
from rest_model_service.configuration import MetricsConfiguration

from service.batching import Batch

LATENCY_BUCKETS_S = (
    *(0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0),
)
"""Latencies from 0.2 ms to 1 s, no bucket wider than two thirds of its lower bound."""
INFERENCE_BUCKETS_S = (0.00002, 0.00005, 0.0001, *LATENCY_BUCKETS_S)
"""A small model answers a batch in less than a request takes."""
SIZE_BUCKETS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 128, 256, 512, 1024)


class InferenceMetrics:
    """The service's own metrics. An observer of the micro-batches."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.latency = Histogram(
            "inference_request_latency_seconds",
            "From a prediction request's head to its reply, refusals included.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.queue_depth = Gauge(
        self.queue_limit = Gauge(
            "inference_queue_limit",
            "Predictions that may wait; what comes on top is refused with 503.",
            multiprocess_mode="livesum",
            registry=registry,
        )
            "inference_queue_depth",
            "Predictions waiting for the model.",
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
        self._limits: list[Callable[[], int]] = []
            buckets=INFERENCE_BUCKETS_S,
            registry=registry,
        )

        self._depth: Callable[[], int] | None = None

    def watch_depth(self, depth: Callable[[], int]) -> None:
        """Tell the queue's depth from now on.

        One process asks for it at each scrape. Of several, a scrape sees only what each has written: the
        depth after its latest batch, refusal or timeout.
        """
    def watch_limit(self, limit: Callable[[], int]) -> None:
        """Tell the admission limit of a model's queue from now on, added to those of other models."""
        self._limits.append(limit)
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._write_limit()
        else:
            self.queue_limit.set_function(self._limit)

    def _limit(self) -> int:
        return sum(limit() for limit in self._limits)

    def _write_limit(self) -> None:
        self.queue_limit.set(self._limit())

        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._depth = depth
        else:
            self.queue_depth.set_function(depth)

    def __call__(self, batch: Batch[Any, Any]) -> None:
        """Count a micro-batch."""
        self.count_batch(len(batch.rows), batch.inference_s)
        self._write_depth()

    def count_rejection(self) -> None:
        """Count a request refused for overload."""
        self.rejections.inc()
        self._write_depth()

    def count_timeout(self) -> None:
        """Count a request whose deadline passed."""
        self.timeouts.inc()
            self._write_limit()
        self._write_depth()

    def _write_depth(self) -> None:
        if self._depth is not None:
            self.queue_depth.set(self._depth())

    def count_batch(self, rows: int, inference_s: float) -> None:
        """Count one call of the model."""
        self.batch_size.observe(rows)
        self.batch_latency.observe(inference_s)


@dataclass(slots=True)
class _Sized:
    """What the instrumentator reads of a request or a response: the length its headers tell."""

    headers: Mapping[str, int]


class HttpMetrics:
    """The instrumentator's metrics, also for requests that do not pass through its middleware.

    Its middleware finds the route a second time and builds a request and a response object for each request;
    together that costs more than a prediction. The function it then calls is public: `count` calls it
    directly. The middleware uses the same one for all other paths, so there is one set of metrics.
    """

    def __init__(self, app: FastAPI, configuration: MetricsConfiguration) -> None:
        instrumentation = instrumentations.default()
        assert instrumentation is not None
        self._instrumentation: Callable[[instrumentations.Info], None] = instrumentation
        self._grouped = configuration.should_group_status_codes
        options = configuration.model_dump(exclude={"enabled"})
        Instrumentator(**options).add(instrumentation).instrument(app).expose(app, include_in_schema=False)

    def count(self, method: str, path: str, status: int, elapsed_s: float, sent: int, answered: int) -> None:
        """Count a request: its duration in seconds and the bytes of its body and its reply's."""
        self._instrumentation(
            instrumentations.Info(
                request=_Sized({"Content-Length": sent}),  # type: ignore[arg-type]
                response=_Sized({"Content-Length": answered}),  # type: ignore[arg-type]
                method=method,
                modified_handler=path,
                modified_status=f"{status // 100}xx" if self._grouped else str(status),
                modified_duration=elapsed_s,
                modified_duration_without_streaming=elapsed_s,
            )
        )


def forget_this_process() -> None:
    """Take this process's gauges out of what several processes report together."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
