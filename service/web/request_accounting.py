"""Counts and logs the requests of fast-path endpoints, and logs all others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from service.batching.replies import Header
from service.batching.request_body import parse_content_length
from service.observability.logs import RequestLog
from service.observability.metrics import InferenceMetrics
from service.web.http_metrics import HttpMetrics, PathMetrics

_SHED: Final = 503


class RequestAccounting:
    """The metrics and log lines of requests, whichever way they take through the service."""

    def __init__(
        self,
        log: RequestLog,
        metrics: InferenceMetrics,
        http_metrics: HttpMetrics | None,
        depth: Callable[[], int],
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._http_metrics = http_metrics
        self._by_path: dict[str, PathMetrics] = {}
        self._depth = depth

    def add_path(self, path: str) -> None:
        """Prepare the metrics of a fast-path endpoint."""
        if self._http_metrics is not None:
            self._by_path[path] = self._http_metrics.for_path("POST", path)

    def count(
        self, path: str, headers: Iterable[Header], status: int, sent_bytes: int, elapsed_s: float
    ) -> None:
        """Count a request of a fast-path endpoint.

        A shed request has no latency: its short duration would make the service look faster than it is.
        """
        path_metrics = self._by_path.get(path)
        if status == _SHED:
            if path_metrics is not None:
                path_metrics.count_shed(status)
            return
        self._metrics.latency.observe(elapsed_s)
        if path_metrics is not None:
            path_metrics.count(status, elapsed_s, parse_content_length(headers) or 0, sent_bytes)

    def log(
        self, status: int, request_id: bytes, method: str, path: str, started_s: float, detail: str | None
    ) -> None:
        """Log a request that ends now, if the log wants it."""
        if self._log.should_log(status):
            self._log.write(
                status,
                request_id=request_id.decode(),
                method=method,
                path=path,
                latency_ms=round((time.perf_counter() - started_s) * 1e3, 3),
                queue_depth=self._depth(),
                detail=detail,
            )
