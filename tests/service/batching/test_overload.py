"""The batched service at its limits: load shedding, deadlines, clients that leave, refused starts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.service.live_service import (
    ODD_PREDICTION,
    PATIENCE_S,
    PERSON,
    PROTOCOL,
    Gate,
    connect,
    get,
    metric,
    odd_model,
    post,
    post_at_once,
    read_start,
    request_head,
    until,
)

BATCH = f"{ODD_PREDICTION}/batch"
HANGING = {**PERSON, "age": 60}
ONE_BY_ONE = {"max_rows": 1, "inline_ms": 0}
pytestmark = pytest.mark.real


def test_load_beyond_the_queue_is_shed_with_retry_after_and_counted(
    serve: Callable[..., Any], gate: Gate
) -> None:
    """The model is held, ten places, thirty clients: one is in the model, ten wait, the others get 503."""
    service = serve(
        {"queue": {"max_rows": 10, "admitted_share": 1.0}, "micro_batch": ONE_BY_ONE}, gate.model()
    )
    gate.close()
    with post_at_once(1, service.url) as first:
        until(gate.is_reached)
        with post_at_once(29, service.url) as others:
            until(lambda: sum(each.done() for each in others) == 19)
            gate.open()
    replies = [each.result() for each in others]
    shed = [each for each in replies if each.status_code == 503]
    assert len(shed) == 19
    assert {each.result().status_code for each in [*first, *others]} == {200, 503}
    assert all(int(each.headers["Retry-After"]) >= 1 for each in shed)
    assert all(each.json()["type"] == "ServiceUnavailable" for each in shed)
    assert metric(service.url, "inference_queue_rejections_total") == 19
    assert post(service.url).status_code == 200


def test_shedding_needs_no_body(serve: Callable[..., Any], gate: Gate) -> None:
    """The refusal arrives before any of the body was sent, for singles and batches, valid or not."""
    service = serve(
        {"queue": {"max_rows": 1, "admitted_share": 1.0}, "micro_batch": ONE_BY_ONE}, gate.model()
    )
    gate.close()
    with ThreadPoolExecutor(2) as pool, ExitStack() as opened:
        opened.callback(gate.open)
        pool.submit(post, service.url)
        until(gate.is_reached)
        pool.submit(post, service.url)
        until(lambda: metric(service.url, "inference_queue_depth") == 1)
        for path in (ODD_PREDICTION, BATCH):
            with connect(service.url) as client:
                client.sendall(request_head(path, 1_000))
                assert read_start(client, 12) == b"HTTP/1.1 503"
        assert post(service.url, {"age": "nonsense"}).status_code == 503


@pytest.mark.parametrize("where", ["loop", "thread"])
def test_a_hung_model_is_answered_504_and_the_rest_of_the_service_lives(
    serve: Callable[..., Any], where: str
) -> None:
    """Both the request it hangs on and the one behind it; and the shutdown still ends with 0.

    Also where the model runs on the event loop, as a fast one does by default.
    """
    settings = {"deadline_ms": 300, "micro_batch": {"inline_ms": 100 if where == "loop" else 0}}
    service = serve(settings, odd_model(hanging_age=60))
    assert post(service.url, HANGING).status_code == 504
    behind = post(service.url)
    assert behind.status_code == 504
    assert "deadline of 300 ms" in behind.json()["messages"][0]
    assert get(f"{service.url}/api/health").status_code == 200
    assert metric(service.url, "inference_request_timeouts_total") == 2
    assert metric(service.url, "inference_queue_depth") == 0
    assert service.stop() == 0
    assert ("hung on the event loop" in service.log) is (where == "loop")


def test_a_model_that_hangs_on_any_input_does_not_block_the_start(serve: Callable[..., Any]) -> None:
    """Not even in its warm-up: every prediction is answered 504, with the default of `inline_ms`."""
    service = serve({"deadline_ms": 100}, odd_model(hanging_age=42))
    assert [post(service.url).status_code for _ in range(3)] == [504] * 3
    assert service.stop() == 0


def test_a_batch_is_answered_504_at_its_own_deadline(serve: Callable[..., Any]) -> None:
    settings = {"explicit_batch": {"deadline_ms": 200}, "micro_batch": {"inline_ms": 0}}
    service = serve(settings, odd_model(hanging_age=60))
    reply = post(service.url, [PERSON, HANGING], BATCH)
    assert reply.status_code == 504
    assert "deadline of 200 ms" in reply.json()["messages"][0]


def test_a_client_that_goes_away_frees_its_place(serve: Callable[..., Any], tmp_path: Path) -> None:
    """It waits behind a hung model, with a distant deadline; it leaves, and the queue is empty."""
    hung = tmp_path / "hung"
    service = serve({"micro_batch": ONE_BY_ONE}, odd_model(hanging_age=60, hung=str(hung)))
    with abandoned(service.url, HANGING):
        until(hung.exists)
        with abandoned(service.url, PERSON):
            until(lambda: metric(service.url, "inference_queue_depth") == 1)
        until(lambda: metric(service.url, "inference_queue_depth") == 0)
    assert metric(service.url, "inference_request_timeouts_total") == 0


@contextmanager
def abandoned(url: str, body: Any) -> Iterator[None]:
    """A request whose client leaves at the end without having read a reply."""
    data = json.dumps(body).encode()
    with connect(url) as client:
        client.sendall(request_head(ODD_PREDICTION, len(data)) + data)
        yield


def test_several_workers_count_together_and_end_with_zero(serve: Callable[..., Any]) -> None:
    """Two processes: each scrape, whichever process answers it, knows all requests.

    A worker counts a request after it has sent the reply, so the last count may be written a little later.
    """
    service = serve(model=odd_model(), words=("--workers", "2"))
    with post_at_once(20, service.url) as futures:
        assert {each.result().status_code for each in futures} == {200}
    until(lambda: metric(service.url, "inference_request_latency_seconds_count") == 20)
    for _ in range(10):
        assert metric(service.url, "inference_request_latency_seconds_count") == 20
        assert metric(service.url, "inference_batch_size_sum") == 20
        assert metric(service.url, "inference_queue_depth") == 0
    assert service.stop() == 0


def test_workers_are_not_started_without_a_model(batched: Callable[..., Path], tmp_path: Path) -> None:
    """One sentence and exit code 1, instead of workers that die and are restarted."""
    missing = {
        "class_path": "service.model.insurance.InsuranceChargesModel",
        "configuration": {"model_path": str(tmp_path / "m")},
    }
    done = start_in_vain(batched({}, missing), "--workers", "2")
    assert done.stderr.startswith(f"There is no model file {tmp_path / 'm'}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
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
def test_a_wrong_setting_is_reported_with_its_place(
    batched: Callable[..., Path], settings: dict[str, Any], message: str
) -> None:
    assert message in start_in_vain(batched(settings, None)).stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_reported_before_anything_starts(batched: Callable[..., Path], workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = start_in_vain(batched({}, None), "--port", port, "--workers", workers)
    assert done.stderr.startswith(f"port {port} is taken on 127.0.0.1: end what listens there")


def start_in_vain(configuration: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a service that can't start; it has ended with 1."""
    done = subprocess.run(
        [sys.executable, "-m", *PROTOCOL, "--port", "0", *words],
        env={"REST_CONFIG": str(configuration), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    return done


def test_clients_that_send_slowly_delay_nobody(serve: Callable[..., Any]) -> None:
    """Twenty requests whose bodies do not come: they have their places, and a prediction passes them by."""
    service = serve(model=odd_model())
    with ExitStack() as clients:
        for _ in range(20):
            client = clients.enter_context(connect(service.url))
            client.sendall(request_head(ODD_PREDICTION, 100) + b"{")
        until(lambda: metric(service.url, "inference_queue_depth") == 20)
        assert post(service.url).status_code == 200
    until(lambda: metric(service.url, "inference_queue_depth") == 0)
