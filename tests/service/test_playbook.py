"""What docs/playbook.md promises: its signals move under overload, its failure modes are as it tells them."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
PLAYBOOK = (ROOT / "docs/playbook.md").read_text(encoding="utf-8")
ODD = {"class_path": "tests.service.odd_models.OddModel"}
PREDICTION = "/api/models/odd_model/prediction"
PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
BUSY = {**ODD, "configuration": {"seconds": 0.4}}
CLIENTS = 24
PATIENCE = 10_000
NOBODY = "http://127.0.0.1:9"
"""The discard port: connections are refused."""


def table(heading: str) -> list[list[str]]:
    """The cells of the only table under a heading of the playbook, without its heads."""
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


def post(url: str, body: Any = PERSON) -> requests.Response:
    return requests.post(url + PREDICTION, json=body, timeout=20)


def told(url: str) -> dict[str, float]:
    """The metrics, each summed over its labels but for a histogram's bounds: name, or name{le}."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=10).text):
        for sample in family.samples:
            name = f"{sample.name}{{{sample.labels['le']}}}" if "le" in sample.labels else sample.name
            sums[name] = sums.get(name, 0.0) + sample.value
    return sums


@pytest.fixture
def refuse_overloaded(serve: Callable[..., Any]) -> Iterator[tuple[str, ThreadPoolExecutor]]:
    """A service that takes 0.4 s for a batch of at most two and has 0.9 s, and clients who never pause.

    Until it has measured itself it takes on as many as its queue holds: of these the fifth is too late.
    """
    service = serve(
        {
            "micro_batch": {"max_rows": 2, "inline_ms": 0},
            "queue": {"max_rows": 16, "admitted_share": 1.0, "deadline_share": 1.0},
            "deadline_ms": 900,
        },
        BUSY,
    )
    with ThreadPoolExecutor(CLIENTS) as clients:
        yield service.url, clients


@pytest.mark.real
@pytest.mark.extended
def test_overload_shows_in_every_signal(overloaded: tuple[str, ThreadPoolExecutor]) -> None:
    """Predictions wait, batches are full, some are refused and some come too late; afterwards none waits."""
    url, clients = overloaded
    replies = [clients.submit(post, url) for _ in range(10 * CLIENTS)]
    deepest = 0.0
    while not all(each.done() for each in replies):
        deepest = max(deepest, told(url)["inference_queue_depth"])
    signals = told(url)
    statuses = [each.result().status_code for each in replies]
    assert deepest > 2
    assert signals["inference_queue_rejections_total"] == statuses.count(503) > 0
    assert signals["inference_request_timeouts_total"] == statuses.count(504) > 0
    assert signals["inference_batch_size_bucket{2.0}"] > signals["inference_batch_size_bucket{1.0}"]
    latency = "inference_request_latency_seconds_bucket"
    assert signals[f"{latency}{{+Inf}}"] > signals[f"{latency}{{0.1}}"]
    assert signals["inference_queue_depth"] == 0
    assert post(url).status_code == 200


@pytest.mark.real
@pytest.mark.extended
def test_an_overloaded_service_stays_ready(overloaded: tuple[str, ThreadPoolExecutor]) -> None:
    """Refusing is its work: whoever took it out of the balance then would hand its load to the others."""
    url, clients = overloaded
    replies = [clients.submit(post, url) for _ in range(5 * CLIENTS)]
    seen = set()
    while not all(each.done() for each in replies):
        seen.add(requests.get(f"{url}/api/health/ready", timeout=10).status_code)
    assert 503 in {each.result().status_code for each in replies}
    assert seen == {200}


@pytest.mark.real
@pytest.mark.extended
def test_a_prometheus_that_is_down_changes_nothing(serve: Callable[..., Any]) -> None:
    """It comes, asks, and never reads, or comes no more: predictions go on, and nothing counted is lost."""
    service = serve(model=ODD)
    with ExitStack() as stack:
        for _ in range(20):
            scraper = stack.enter_context(socket.create_connection(address(service.url), timeout=5))
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: service\r\n\r\n" * 20)
        assert {post(service.url).status_code for _ in range(50)} == {200}
    assert {post(service.url).status_code for _ in range(50)} == {200}
    assert told(service.url)["inference_request_latency_seconds_count"] == 100
    assert service.stop() == 0


@pytest.mark.real
@pytest.mark.extended
def test_a_trace_collector_that_is_down_changes_no_answer(serve: Callable[..., Any]) -> None:
    """Spans have nowhere to go: predictions are answered, and the stop still ends with 0."""
    service = serve(
        model=ODD,
        OTEL_EXPORTER_OTLP_ENDPOINT=NOBODY,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    assert {post(service.url).status_code for _ in range(50)} == {200}
    assert service.stop() == 0


@pytest.mark.real
@pytest.mark.extended
def test_a_client_that_does_not_read_its_replies_holds_up_nobody(serve: Callable[..., Any]) -> None:
    """It sends and sends and takes nothing; another client is answered as if it weren't there."""
    service = serve(model=ODD)
    body = json.dumps([PERSON] * 5_000).encode()
    head = f"POST {PREDICTION}/batch HTTP/1.1\r\nHost: service\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(address(service.url), timeout=5) as reluctant:
        reluctant.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        reluctant.sendall(head.encode() + body)
        until_answered(service.url)
        assert {post(service.url).status_code for _ in range(50)} == {200}


def until_answered(url: str) -> None:
    """Ask until the service has worked through the batch."""
    for _ in range(PATIENCE):
        if told(url).get("inference_batch_size_sum", 0.0) >= 5_000:
            return
    pytest.fail("the batch was never answered")


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
