"""Requests refused at their head: the same answer as from the framework, and the connection lives on."""

from __future__ import annotations

import http.client
import json
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

PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
HANGING = {**PERSON, "age": 60}
PREDICTION = "/api/models/odd_model/prediction"
KNOBS = {
    "queue": {"max_rows": 1, "admitted_share": 1.0},
    "deadline_ms": 60_000,
    "micro_batch": {"max_rows": 1, "inline_ms": 0},
}
PATIENCE = 10_000
pytestmark = [pytest.mark.real, pytest.mark.extended]


def counted(url: str, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=10).text)
    return sum(
        each.value
        for family in families
        for each in family.samples
        if each.name == name and labels.items() <= each.labels.items()
    )


@pytest.fixture
def full(start_batched: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[[list[str]], str]]:
    """Call with `python -m` words: where a service listens whose model hangs and whose one place is taken."""
    with ThreadPoolExecutor(2) as pool, ExitStack() as killed:

        def run(command: list[str]) -> str:
            hung = tmp_path / "hung"
            model = {
                "class_path": "tests.service.odd_models.OddModel",
                "configuration": {"hanging_age": 60, "hung": str(hung)},
            }
            service = start_batched(command, KNOBS, model)
            killed.callback(service.process.kill)
            url: str = service.url
            pool.submit(requests.post, url + PREDICTION, json=HANGING, timeout=20)
            assert any(
                requests.get(f"{url}/api/health", timeout=9) and hung.exists() for _ in range(PATIENCE)
            )
            pool.submit(requests.post, url + PREDICTION, json=PERSON, timeout=20)
            assert any(counted(url, "inference_queue_depth") == 1 for _ in range(PATIENCE))
            return url

        yield run


@pytest.mark.parametrize("command", [["service"], ["uvicorn", "service.app:app"]], ids=["door", "framework"])
def test_a_refusal_is_the_same_at_the_door_and_in_the_framework(
    full: Callable[[list[str]], str], command: list[str]
) -> None:
    """Status, shape, headers and counts; the client's id is kept; the same connection asks again."""
    url = full(command)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    for identity in ("first", "second"):
        connection.request("POST", PREDICTION, json.dumps(PERSON), {"X-Request-ID": identity})
        reply = connection.getresponse()
        told = json.loads(reply.read())
        assert (reply.status, reply.headers["X-Request-ID"]) == (503, identity)
        assert told["type"] == "ServiceUnavailable"
        assert int(reply.headers["Retry-After"]) >= 1
        assert {"date", "server", "content-type"} <= {name.lower() for name in reply.headers}
    connection.request("GET", "/api/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert counted(url, "inference_queue_rejections_total") == 2
    assert counted(url, "http_requests_total", status="503", handler=PREDICTION) == 2
    assert counted(url, "inference_request_latency_seconds_count") == 0


def test_another_method_is_answered_405_in_the_services_shape(start_batched: Callable[..., Any]) -> None:
    """Although predictions skip the framework's layers, other methods on their paths don't."""
    url = start_batched(["service"], {}, {"class_path": "tests.service.odd_models.OddModel"}).url
    for path in (PREDICTION, f"{PREDICTION}/batch"):
        reply = requests.delete(url + path, timeout=10)
        assert (reply.status_code, reply.json()["type"]) == (405, "MethodNotAllowed")


def conversation(url: str, sent: bytes) -> bytes:
    """All that the service says to it until it closes the connection."""
    with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=10) as client:  # type: ignore[arg-type]
        client.sendall(sent)
        said = b""
        while data := client.recv(65_536):
            said += data
    return said


def test_unusual_requests_are_refused_in_the_framework(full: Callable[[list[str]], str]) -> None:
    """One that waits for 100-continue, one that closes its connection, two at once, one with a query."""
    url = full(["service"])
    body = json.dumps(PERSON).encode()
    head = b"POST %s HTTP/1.1\r\nHost: service\r\nContent-Length: %d\r\n"
    plain = head % (PREDICTION.encode(), len(body)) + b"\r\n" + body
    closing = head % (PREDICTION.encode(), len(body)) + b"Connection: close\r\n\r\n" + body
    expecting = head % (PREDICTION.encode(), len(body)) + b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
    asking = head % (f"{PREDICTION}?a=b".encode(), len(body)) + b"Connection: close\r\n\r\n" + body
    for sent, count in ((closing, 1), (expecting, 1), (asking, 1), (plain + closing, 2)):
        said = conversation(url, sent)
        assert said.count(b"HTTP/1.1 503 ") == count
        assert b"connection: close" in said
    assert counted(url, "inference_queue_rejections_total") == 5


def test_a_body_that_comes_after_its_refusal_is_ignored(full: Callable[[list[str]], str]) -> None:
    url = full(["service"])
    body = json.dumps(PERSON).encode()
    with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=10) as client:  # type: ignore[arg-type]
        client.sendall(
            b"POST %s HTTP/1.1\r\nHost: s\r\nContent-Length: %d\r\n\r\n" % (PREDICTION.encode(), len(body))
        )
        assert client.recv(65_536).startswith(b"HTTP/1.1 503 ")
        client.sendall(body + b"GET /api/health HTTP/1.1\r\nHost: s\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_batches_are_refused_by_the_bytes_under_way(
    start_batched: Callable[..., Any], tmp_path: Path
) -> None:
    """Beside a batch that hangs there is room for a short one, and none for a long one."""
    hung = tmp_path / "hung"
    model = {
        "class_path": "tests.service.odd_models.OddModel",
        "configuration": {"hanging_age": 60, "hung": str(hung)},
    }
    knobs = {
        "explicit_batch": {"under_way_mib": 4 / 1024},
        "micro_batch": {"inline_ms": 0},
        "queue": {"max_rows": 50},
    }
    service = start_batched(["service"], knobs, model)
    url = service.url
    path = f"{url}{PREDICTION}/batch"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(requests.post, path, json=[HANGING], timeout=20)
        assert any(requests.get(f"{url}/api/health", timeout=9) and hung.exists() for _ in range(PATIENCE))
        assert requests.post(path, json=[PERSON] * 20, timeout=9).status_code == 503
        assert requests.post(path, json=[{}], timeout=9).status_code == 400
        service.process.kill()
