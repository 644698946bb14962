"""The metrics of HTTP requests: those of the instrumentator, with failures from the first one on."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_fastapi_instrumentator import metrics as instrumentations
from rest_model_service.configuration import MetricsConfiguration

from service.web.http_metrics import HttpMetrics

APART = MetricsConfiguration(enabled=True, should_group_status_codes=False)


def test_the_metrics_are_those_of_the_instrumentator() -> None:
    """Names, labels and buckets are equal, except for failures that have not happened, which are 0."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    theirs_observe = instrumentations.default(registry=theirs)
    metrics = HttpMetrics(FastAPI(), APART, ours)
    info = _info()
    assert theirs_observe is not None
    theirs_observe(info)
    metrics.for_path("POST", "/there").count(200, 0.02, 12, 34)
    assert _samples(ours) - _samples(theirs) == {
        ("counter", "http_requests_total", _of(status), 0.0) for status in ("500", "503", "504")
    }
    assert _samples(theirs) <= _samples(ours)


@pytest.mark.parametrize(
    ("configuration", "failures"),
    [(APART, {"500", "503", "504"}), (MetricsConfiguration(enabled=True), {"5xx"})],
    ids=["each status", "grouped"],
)
def test_the_first_failure_of_a_path_is_a_difference(
    configuration: MetricsConfiguration, failures: set[str]
) -> None:
    """Each is exported as 0 before the first one, or Prometheus' rate() and increase() would miss it."""
    registry = CollectorRegistry()
    path = HttpMetrics(FastAPI(), configuration, registry).for_path("POST", "/there")
    before = _counted(registry)
    assert before == dict.fromkeys(map(_of, failures), 0.0)
    path.count_shed(503)
    path.count(504, 0.1, 12, 34)
    path.count(500, 0.1, 12, 34)
    after = _counted(registry)
    assert after.keys() == before.keys()
    assert sum(after.values()) == 3.0


def _of(status: str) -> tuple[tuple[str, str], ...]:
    return (("handler", "/there"), ("method", "POST"), ("status", status))


def _counted(registry: CollectorRegistry) -> dict[Any, float]:
    return {labels: value for _, name, labels, value in _samples(registry) if name == "http_requests_total"}


def _info() -> Any:
    return instrumentations.Info(
        request=requests.Request(headers={"Content-Length": "12"}),  # type: ignore[arg-type]
        response=requests.Request(headers={"Content-Length": "34"}),  # type: ignore[arg-type]
        method="POST",
        modified_handler="/there",
        modified_status="200",
        modified_duration=0.02,
        modified_duration_without_streaming=0.02,
    )


def _samples(registry: CollectorRegistry) -> set[Any]:
    return {
        (family.type, each.name, tuple(sorted(each.labels.items())), each.value)
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for each in family.samples
        if not each.name.endswith("_created")
    }
