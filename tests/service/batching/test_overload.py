"""The batched service under more than it can do: what is shed, what is late, what is freed, how it stops."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

ODD = {"class_path": "tests.service.odd_models.OddModel"}
PREDICTION = "/api/models/odd_model/prediction"
PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
HANGING = {**PERSON, "age": 60}
IN_THREAD = {"inline_ms": 0}
HUNG = {**ODD, "configuration": {"hanging_age": 60}}
PATIENCE = 10_000
pytestmark = [pytest.mark.real, pytest.mark.extended]


def post(url: str, body: Any = PERSON, path: str = PREDICTION) -> requests.Response:
    return requests.post(url + path, json=body, timeout=20)


def metric(url: str, name: str) -> float:
    """The sum of a metric's samples, the service's own word."""
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=10).text)
    return sum(each.value for family in families for each in family.samples if each.name == name)


def until(holds: Callable[[], bool]) -> None:
    """Ask again, each time over HTTP, until it holds."""
    assert any(holds() for _ in range(PATIENCE)), "it never came to hold"


def answers(url: str) -> bool:
    """Whether anybody listens there and says 200."""
    try:
        return requests.get(url, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


@contextmanager
def at_once(
    count: int, send: Callable[[int], requests.Response]
) -> Iterator[list[Future[requests.Response]]]:
    """So many requests under way, each on a connection of its own."""
    with ThreadPoolExecutor(count) as pool:
        yield [pool.submit(send, index) for index in range(count)]


def test_what_is_too_much_is_shed_with_retry_after_and_counted(serve: Callable[..., Any]) -> None:
    """A model that is busy, ten places, thirty clients: the rest hears 503 and when to come back."""
    service = serve(
        {
            "queue": {"max_rows": 10, "admitted_share": 1.0},
            "deadline_ms": 3_000,
            "micro_batch": {"max_rows": 1},
        },
        {**ODD, "configuration": {"seconds": 0.1}},
    )
    with at_once(30, lambda _: post(service.url)) as futures:
        replies = [each.result() for each in futures]
    shed = [each for each in replies if each.status_code == 503]
    assert {each.status_code for each in replies} == {200, 503}
    assert all(int(each.headers["Retry-After"]) >= 1 for each in shed)
    assert all(each.json()["type"] == "ServiceUnavailable" for each in shed)
    assert metric(service.url, "inference_queue_rejections_total") == len(shed)
    assert post(service.url).status_code == 200


@pytest.fixture
def full(serve: Callable[..., Any], tmp_path: Path) -> Iterator[str]:
    """A service whose model hangs and whose only place in the queue is taken, for the deadline of 5 s."""
    hung = tmp_path / "hung"
    service = serve(
        {
            "queue": {"max_rows": 1, "admitted_share": 1.0},
            "deadline_ms": 5_000,
            "micro_batch": {"max_rows": 1, **IN_THREAD},
        },
        {**ODD, "configuration": {"hanging_age": 60, "hung": str(hung)}},
    )
    with ThreadPoolExecutor(2) as pool:
        hanging = pool.submit(post, service.url, HANGING)
        until(lambda: answers(f"{service.url}/api/health") and hung.exists())
        waiting = pool.submit(post, service.url)
        until(lambda: metric(service.url, "inference_queue_depth") == 1)
        yield service.url
        assert {hanging.result().status_code, waiting.result().status_code} == {504}


def test_shedding_needs_no_body(full: str) -> None:
    """The refusal is there before any of the body was sent, for singles and batches, valid or not."""
    host = urlsplit(full).netloc
    for path in (PREDICTION, f"{PREDICTION}/batch"):
        connection = http.client.HTTPConnection(host, timeout=3)
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", "1000")
        connection.endheaders()
        assert connection.getresponse().status == 503
        connection.close()
    assert post(full, {"age": "nonsense"}).status_code == 503


def test_a_hung_model_is_answered_504_and_the_rest_of_the_service_lives(serve: Callable[..., Any]) -> None:
    """The one it hangs on and those behind it; and the stop still ends with 0."""
    service = serve({"deadline_ms": 300, "micro_batch": IN_THREAD}, HUNG)
    assert post(service.url, HANGING).status_code == 504
    behind = post(service.url)
    assert behind.status_code == 504
    assert "deadline of 300 ms" in behind.json()["messages"][0]
    assert requests.get(f"{service.url}/api/health", timeout=10).status_code == 200
    assert metric(service.url, "inference_request_timeouts_total") == 2
    assert metric(service.url, "inference_queue_depth") == 0
    assert service.stop() == 0


def test_a_model_that_hangs_on_anything_does_not_keep_the_service_from_starting(
    serve: Callable[..., Any],
) -> None:
    """Not even in its warm-up: every prediction is answered 504, with the knobs as they are."""
    service = serve(model={**ODD, "configuration": {"hanging_age": 42}})
    assert [post(service.url).status_code for _ in range(3)] == [504] * 3
    assert service.stop() == 0


def test_a_batch_is_answered_504_at_its_own_deadline(serve: Callable[..., Any]) -> None:
    service = serve({"explicit_batch": {"deadline_ms": 200}, "micro_batch": IN_THREAD}, HUNG)
    reply = post(service.url, [PERSON, HANGING], f"{PREDICTION}/batch")
    assert reply.status_code == 504
    assert "deadline of 200 ms" in reply.json()["messages"][0]


def test_a_client_that_goes_away_frees_its_place(serve: Callable[..., Any], tmp_path: Path) -> None:
    """It waits behind a hung model, with a deadline far away; it leaves, and nobody waits any more."""
    hung = tmp_path / "hung"
    model = {**ODD, "configuration": {"hanging_age": 60, "hung": str(hung)}}
    service = serve({"deadline_ms": 5_000, "micro_batch": {"max_rows": 1, **IN_THREAD}}, model)
    with abandoned(service.url, HANGING):
        until(lambda: answers(f"{service.url}/api/health") and hung.exists())
        with abandoned(service.url, PERSON):
            until(lambda: metric(service.url, "inference_queue_depth") == 1)
        until(lambda: metric(service.url, "inference_queue_depth") == 0)
    assert metric(service.url, "inference_request_timeouts_total") == 0


@contextmanager
def abandoned(url: str, body: Any) -> Iterator[None]:
    """A request whose client goes away at the end without having read a reply."""
    data = json.dumps(body).encode()
    with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=5) as client:  # type: ignore[arg-type]
        head = f"POST {PREDICTION} HTTP/1.1\r\nHost: service\r\nContent-Length: {len(data)}\r\n\r\n"
        client.sendall(head.encode() + data)
        yield


def test_while_it_drains_it_serves_but_is_not_ready(serve: Callable[..., Any]) -> None:
    """SIGTERM with a notice of 2 s: not ready, predictions are answered, connections are asked to close."""
    service = serve({"drain_notice_s": 60}, words=(), DRAIN_NOTICE_S="2", model=ODD)
    with requests.Session() as session:
        assert session.post(service.url + PREDICTION, json=PERSON, timeout=10).status_code == 200
        service.process.send_signal(signal.SIGTERM)
        until(lambda: requests.get(f"{service.url}/api/health/ready", timeout=10).status_code == 503)
        reply = session.post(service.url + PREDICTION, json=PERSON, timeout=10)
        assert reply.status_code == 200
        assert reply.headers["Connection"] == "close"
    assert service.process.wait(15) == 0


def test_accepted_requests_are_answered_before_the_stop(serve: Callable[..., Any]) -> None:
    """Eight requests take 0.4 s each pair; SIGTERM comes while they wait, and none of them is dropped."""
    service = serve(
        {"deadline_ms": 10_000, "micro_batch": {"max_rows": 2}}, {**ODD, "configuration": {"seconds": 0.4}}
    )
    with at_once(8, lambda _: post(service.url)) as futures:
        until(lambda: metric(service.url, "inference_queue_depth") >= 4)
        service.process.send_signal(signal.SIGTERM)
        assert [each.result().status_code for each in futures] == [200] * 8
    assert service.process.wait(15) == 0


def test_several_workers_count_together_and_end_with_zero(serve: Callable[..., Any]) -> None:
    """Two processes: each scrape, whoever answers it, knows of all requests."""
    service = serve(model=ODD, words=("--workers", "2"))
    until(lambda: answers(f"{service.url}/api/health/ready"))
    with at_once(20, lambda _: post(service.url)) as futures:
        assert {each.result().status_code for each in futures} == {200}
    for _ in range(10):
        assert metric(service.url, "inference_request_latency_seconds_count") == 20
        assert metric(service.url, "inference_batch_size_sum") == 20
        assert metric(service.url, "inference_queue_depth") == 0
    assert service.stop() == 0


def test_workers_are_not_started_without_a_model(batched: Callable[..., Path], tmp_path: Path) -> None:
    """One sentence and exit code 1, instead of workers that die and are started again."""
    missing = {
        "class_path": "service.model.insurance.InsuranceChargesModel",
        "configuration": {"model_path": str(tmp_path / "m")},
    }
    done = start_in_vain(batched({}, missing), "--workers", "2")
    assert done.stderr.startswith(f"There is no model file {tmp_path / 'm'}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"quue": {}}, "serving.quue: Extra inputs are not permitted"),
        (
            {"queue": {"admitted_share": 1.5}},
            "serving.queue.admitted_share: Input should be less than or equal to 1",
        ),
        ({"deadline_ms": "soon"}, "serving.deadline_ms: Input should be a valid number"),
    ],
    ids=["unknown", "out of range", "no number"],
)
def test_a_knob_that_is_wrong_is_told_with_its_place(
    batched: Callable[..., Path], knobs: dict[str, Any], told: str
) -> None:
    assert told in start_in_vain(batched(knobs, None)).stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_told_before_anything_starts(batched: Callable[..., Path], workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = start_in_vain(batched({}, None), "--port", port, "--workers", workers)
    assert done.stderr.startswith(f"port {port} is taken on 127.0.0.1: end what listens there")


def start_in_vain(configuration: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a service that can't; it has ended with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "service", "--port", "0", *words],
        env={"REST_CONFIG": str(configuration), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    return done


def test_clients_that_send_slowly_hold_up_nobody(serve: Callable[..., Any]) -> None:
    """Twenty requests whose bodies do not come: they have their places, and a prediction passes them by."""
    service = serve({"deadline_ms": 10_000}, ODD)
    slow = [socket.create_connection(urlsplit(service.url).netloc.split(":"), timeout=5) for _ in range(20)]  # type: ignore[arg-type]
    for client in slow:
        client.sendall(
            f"POST {PREDICTION} HTTP/1.1\r\nHost: service\r\nContent-Length: 100\r\n\r\n{{".encode()
        )
    until(lambda: metric(service.url, "inference_queue_depth") == 20)
    assert post(service.url).status_code == 200
    for client in slow:
        client.close()
    until(lambda: metric(service.url, "inference_queue_depth") == 0)
