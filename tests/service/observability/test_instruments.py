"""Observability of the batched service: request ids, log, metrics, traces."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
import requests

from service.observability.tracing import TracingError, configure_tracing
from tests.service import live_service
from tests.service.live_service import (
    INSURANCE_PREDICTION,
    LONG_MS,
    ODD_PREDICTION,
    PATIENCE_S,
    PERSON,
    get,
    metric,
    odd_model,
)
from tests.service.live_service import post as post_to

PREDICTION = INSURANCE_PREDICTION
pytestmark = pytest.mark.real


def post(url: str, body: Any = PERSON, path: str = PREDICTION, **headers: str) -> requests.Response:
    return post_to(url, body, path, **headers)


def test_every_reply_has_its_own_request_id(batched_url: str) -> None:
    replies = [post(batched_url), post(batched_url, {}), get(f"{batched_url}/nowhere")]
    ids = [each.headers["X-Request-ID"] for each in replies]
    assert all(re.fullmatch("[0-9a-f]{12}", each) for each in ids)
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2:3_Z", True), ("a b", False), ("x" * 65, False), ("ä", False)]
)
def test_a_valid_request_id_is_kept_and_another_replaced(batched_url: str, given: str, kept: bool) -> None:
    sent = {"X-Request-ID": given.encode("latin-1")}
    reply = requests.post(batched_url + PREDICTION, json=PERSON, headers=sent, timeout=PATIENCE_S)
    assert (reply.headers["X-Request-ID"] == given) is kept


def test_the_log_is_one_json_object_a_line(serve: Callable[..., Any]) -> None:
    service = serve({"logged_share": 1.0})
    post(service.url, **{"X-Request-ID": "mine"})
    post(service.url, {**PERSON, "age": 1})
    get(f"{service.url}/api/health")
    service.stop()
    lines = [json.loads(line) for line in service.log.splitlines()]
    told = {"timestamp", "level", "logger", "message", "request_id", "latency_ms", "detail"}
    assert all(told <= line.keys() for line in lines)
    good, bad, health = (line for line in lines if line["logger"] == "service.requests")
    assert good["request_id"] == "mine"
    assert (good["method"], good["path"], good["status_code"]) == ("POST", PREDICTION, 200)
    assert good["latency_ms"] > 0
    assert good["queue_depth"] == 0
    assert datetime.fromisoformat(good["timestamp"]).utcoffset() is not None
    assert "'body, age'" in bad["detail"]
    assert health["path"] == "/api/health"


def test_the_configured_share_of_requests_is_logged(serve: Callable[..., Any]) -> None:
    service = serve({"logged_share": 0.1})
    for _ in range(50):
        post(service.url)
    service.stop()
    assert service.log.count('"service.requests"') == 5


def test_a_log_that_nobody_reads_delays_nobody(serve: Callable[..., Any]) -> None:
    """2,000 lines are far more than a pipe holds: requests are answered, and the shutdown ends with 0.

    Other services in these tests flush their log at the end however long it takes; this one, as by default.
    """
    service = serve({"logged_share": 1.0}, flush_s=1.0)
    with requests.Session() as session:
        for _ in range(2_000):
            reply = session.post(service.url + PREDICTION, json=PERSON, timeout=PATIENCE_S)
            assert reply.status_code == 200
    service.process.terminate()
    assert service.process.wait(PATIENCE_S) == 0


def samples(url: str) -> dict[tuple[str, str], float]:
    """Every sample at /metrics, by its name and its labels as text."""
    return {
        (each.name, ",".join(f"{key}={value}" for key, value in sorted(each.labels.items()))): each.value
        for each in live_service.samples(url)
    }


def test_predictions_are_counted_in_both_sets_of_metrics(batched_url: str) -> None:
    """Three singles, one of them invalid, and a batch of 7."""
    before = samples(batched_url)
    for body in (PERSON, PERSON, {}):
        post(batched_url, body)
    post(batched_url, [PERSON] * 7, f"{PREDICTION}/batch")
    after = samples(batched_url)
    grown = {key: value - before.get(key, 0.0) for key, value in after.items()}
    assert grown["inference_request_latency_seconds_count", ""] == 4
    assert grown["inference_batch_size_count", ""] == 3
    assert grown["inference_batch_size_sum", ""] == 9
    assert grown["inference_batch_latency_seconds_count", ""] == 3
    for handler, status, count in (
        (PREDICTION, 200, 2),
        (PREDICTION, 400, 1),
        (f"{PREDICTION}/batch", 200, 1),
    ):
        assert grown["http_requests_total", f"handler={handler},method=POST,status={status}"] == count
    sent = json.dumps(PERSON).encode()
    assert grown["http_request_size_bytes_sum", f"handler={PREDICTION}"] == 2 * len(sent) + 2
    for name in (
        "inference_queue_depth",
        "inference_queue_rejections_total",
        "inference_request_timeouts_total",
    ):
        assert (name, "") in after


def test_the_current_limit_of_the_queue_is_exported(serve: Callable[..., Any]) -> None:
    """At first what the queue may hold; after a row that took 0.05 s or more, one full batch.

    Such a model drains at most 20 rows in the second that they may wait, which is less than a batch of 32.
    """
    settings = {
        "queue": {"max_rows": 1000, "deadline_share": 1_000 / LONG_MS},
        "micro_batch": {"inline_ms": 0},
    }
    service = serve(settings, odd_model(seconds=0.05))
    assert metric(service.url, "inference_queue_limit") == 800
    assert post(service.url, path=ODD_PREDICTION).status_code == 200
    assert metric(service.url, "inference_queue_limit") == 32


def test_latency_buckets_resolve_from_a_fifth_of_a_millisecond_to_a_second(batched_url: str) -> None:
    name = "inference_request_latency_seconds_bucket"
    bounds = [float(labels.removeprefix("le=")) for each, labels in samples(batched_url) if each == name]
    assert bounds[0] <= 0.0002
    assert bounds[-2] == 1.0
    assert all(upper <= 2 * lower for lower, upper in pairwise(bounds[:-1]))


def test_without_otel_variables_the_sdk_is_not_even_imported() -> None:
    """So without tracing a request costs one comparison more, and the start nothing."""
    code = (
        "import sys, service.observability.tracing as t; "
        "assert t.configure_tracing({}, 's') is None; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "opentelemetry.sdk" not in done.stdout.split()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "the service knows otlp, console and none"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
            },
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is 'grpc'",
        ),
        ({"OTEL_TRACES_EXPORTER": "console", "TRACE_PREDICTIONS": "yes"}, "give true or false"),
    ],
)
def test_an_unknown_exporter_is_reported(environment: dict[str, str], message: str) -> None:
    with pytest.raises(TracingError, match=message):
        configure_tracing(environment, "service")


def test_the_protocol_of_traces_overrides_that_of_all_signals() -> None:
    """Metrics and logs of other programs in the environment may go by gRPC."""
    tracing = configure_tracing(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        },
        "service",
    )
    assert tracing is not None
    tracing.close()
