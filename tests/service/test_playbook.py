"""What docs/playbook.md promises: the signals of overload, and the behaviour in each failure mode."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest

from configuration.loading import load_scenario
from tests.service.live_service import (
    ODD_PREDICTION,
    PERSON,
    ROOT,
    Gate,
    connect,
    get,
    metric,
    odd_model,
    post,
    post_at_once,
    request_head,
    until,
)

PLAYBOOK = (ROOT / "docs/playbook.md").read_text(encoding="utf-8")
NOBODY = "http://127.0.0.1:9"
"""The discard port: connections are refused."""


def table(heading: str) -> list[list[str]]:
    """The cells of the only table under a heading of the playbook, without its head."""
    section = re.split(r"^## ", PLAYBOOK.partition(f"\n## {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"docs/playbook.md has no table under {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("heading", ["Signals of overload", "Failure modes"])
def test_each_row_names_tests_there_are(heading: str) -> None:
    """The last cell of a row says which tests hold the service to it."""
    for row in table(heading):
        named = re.findall(r"`(tests/\S+?\.py)::(test_\w+)`", row[-1])
        assert named, f"{row[0]} names no test"
        for path, name in named:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {name}"


def test_each_slo_is_an_objective_of_the_scenario_that_it_names() -> None:
    rows = table("Service level objectives")
    assert [row[0] for row in rows] == ["latency", "errors", "availability", "throughput", "recovery"]
    for row in rows:
        objective, scenario = re.findall(r"`([^`]+)`", row[2])[:2]
        assert objective in [each.text for each in load_scenario(scenario).objectives], row[0]


def test_each_alert_and_rule_of_the_slos_exists() -> None:
    rules = "".join((ROOT / "deploy/prometheus" / name).read_text() for name in ("alerts.yml", "rules.yml"))
    for row in table("Service level objectives"):
        for name in re.findall(r"`([\w:]+)`", row[3]):
            assert f": {name}\n" in rules, row[0]


CLIENTS, PLACES = 40, 16
"""More clients than places, each of which asks again at once: sooner or later some are shed."""


@contextmanager
def overloaded(serve: Callable[..., Any], gate: Gate) -> Iterator[tuple[str, list[Future[list[int]]]]]:
    """A service whose model is held, so that nothing drains, and clients who ask until the block ends."""
    gate.close()
    queue, ended = {"max_rows": PLACES, "admitted_share": 1.0}, Event()
    settings = {"queue": queue, "deadline_ms": 1_000, "micro_batch": {"inline_ms": 0}}
    url: str = serve(settings, gate.model()).url

    def ask() -> list[int]:
        statuses = []
        while not ended.is_set():
            statuses.append(post(url).status_code)
        return statuses

    with ThreadPoolExecutor(CLIENTS) as clients:
        replies = [clients.submit(ask) for _ in range(CLIENTS)]
        try:
            yield url, replies
        finally:
            ended.set()


@pytest.mark.real
def test_overload_shows_in_every_signal(serve: Callable[..., Any], gate: Gate) -> None:
    """Predictions wait, some are shed and some are late, which takes long; afterwards none waits."""
    deepest = 0.0

    def has_every_signal() -> bool:
        nonlocal deepest
        deepest = max(deepest, metric(url, "inference_queue_depth"))
        refused = (
            metric(url, "inference_queue_rejections_total"),
            metric(url, "inference_request_timeouts_total"),
        )
        return deepest > 2 and min(refused) > 0

    with overloaded(serve, gate) as (url, replies):
        until(has_every_signal)
    statuses = [status for each in replies for status in each.result()]
    assert set(statuses) == {503, 504}
    assert metric(url, "inference_queue_rejections_total") == statuses.count(503)
    assert metric(url, "inference_request_timeouts_total") == statuses.count(504)
    latency = "inference_request_latency_seconds_bucket"
    assert metric(url, latency, le="+Inf") > metric(url, latency, le="0.5")
    assert metric(url, "inference_queue_depth") == 0
    gate.open()
    until(lambda: post(url).status_code == 200)


@pytest.mark.real
def test_batches_grow_with_the_load(serve: Callable[..., Any], gate: Gate) -> None:
    """While the model works on one prediction two more come: they share the next call."""
    service = serve({"micro_batch": {"max_rows": 2, "inline_ms": 0}}, gate.model())
    gate.close()
    with post_at_once(1, service.url) as first:
        until(gate.is_reached)
        with post_at_once(2, service.url) as others:
            until(lambda: metric(service.url, "inference_queue_depth") == 2)
            gate.open()
    assert {each.result().status_code for each in [*first, *others]} == {200}
    size = "inference_batch_size_bucket"
    assert [metric(service.url, size, le=bound) for bound in ("1.0", "2.0")] == [1, 2]


@pytest.mark.real
def test_an_overloaded_service_stays_ready(serve: Callable[..., Any], gate: Gate) -> None:
    """It sheds load on purpose: not ready, it would pass its load on to the others."""
    with overloaded(serve, gate) as (url, _):
        until(lambda: metric(url, "inference_queue_rejections_total") > 0)
        assert get(f"{url}/api/health/ready").status_code == 200


@pytest.mark.real
def test_a_prometheus_that_is_down_changes_nothing(serve: Callable[..., Any]) -> None:
    """It asks and never reads the reply, or disappears: predictions go on, and no count is lost."""
    service = serve(model=odd_model())
    with ExitStack() as stack:
        for _ in range(20):
            scraper = stack.enter_context(connect(service.url))
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: service\r\n\r\n" * 20)
        assert {post(service.url).status_code for _ in range(50)} == {200}
    assert {post(service.url).status_code for _ in range(50)} == {200}
    assert metric(service.url, "inference_request_latency_seconds_count") == 100
    assert service.stop() == 0


@pytest.mark.real
def test_a_trace_collector_that_is_down_changes_no_answer(serve: Callable[..., Any]) -> None:
    """Spans have nowhere to go: predictions are answered, and the stop still ends with 0."""
    service = serve(
        model=odd_model(),
        OTEL_EXPORTER_OTLP_ENDPOINT=NOBODY,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    assert {post(service.url).status_code for _ in range(50)} == {200}
    assert service.stop() == 0


@pytest.mark.real
def test_a_client_that_does_not_read_its_replies_delays_nobody(serve: Callable[..., Any]) -> None:
    """It sends and never reads; other clients are answered as if it weren't there."""
    service = serve(model=odd_model())
    body = json.dumps([PERSON] * 5_000).encode()
    with connect(service.url) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.sendall(request_head(f"{ODD_PREDICTION}/batch", len(body)) + body)
        until(lambda: metric(service.url, "inference_batch_size_sum") >= 5_000)
        assert {post(service.url).status_code for _ in range(50)} == {200}
