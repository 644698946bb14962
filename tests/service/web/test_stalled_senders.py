"""Bodies that do not come, or too late: the deadline runs from the head, and a place is freed by then."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import create_autospec
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from service.batching.admission import AdmissionControl
from service.batching.endpoint import RESERVATION
from service.batching.inference import InferenceResult
from service.batching.micro_batcher import MicroBatcher
from service.batching.single_endpoint import PredictionEndpoint
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput
from service.observability.metrics import InferenceMetrics
from tests.service.virtual_time import VirtualLoop, run

ODD = {"class_path": "tests.service.odd_models.OddModel"}
PREDICTION = "/api/models/odd_model/prediction"
PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
LIMIT = 24
DOOR, FRAMEWORK = ["service"], ["uvicorn", "service.app:app"]
hosts = pytest.mark.parametrize("host", [DOOR, FRAMEWORK], ids=["door", "framework"])


def stalled(url: str, path: str, length: int) -> socket.socket:
    """A connection with a request's head and the first byte of a body of `length` bytes."""
    host, port = urlsplit(url).netloc.split(":")
    client = socket.create_connection((host, int(port)), timeout=20)
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: service\r\nContent-Length: {length}\r\n\r\n[".encode())
    return client


def said(client: socket.socket) -> str:
    """All that the service says until it closes the connection."""
    text = b""
    while data := client.recv(65_536):
        text += data
    return text.decode()


def metric(url: str, name: str) -> float:
    families = text_string_to_metric_families(requests.get(f"{url}/metrics", timeout=10).text)
    return sum(each.value for family in families for each in family.samples if each.name == name)


@pytest.mark.real
@pytest.mark.extended
@hosts
def test_as_many_stalled_senders_as_may_wait_hold_up_nobody_beyond_the_deadline(
    start_batched: Callable[..., Any], host: list[str]
) -> None:
    """They have every place there is; each hears 504, its connection closes, and the next is answered."""
    knobs = {"queue": {"max_rows": LIMIT, "admitted_share": 1.0}, "deadline_ms": 2_000}
    url = start_batched(host, knobs, ODD).url
    with ExitStack() as stack:
        clients = [stack.enter_context(stalled(url, PREDICTION, 100)) for _ in range(LIMIT)]
        for client in clients:
            text = said(client)
            assert text.startswith("HTTP/1.1 504 ")
            assert "connection: close" in text
            assert "The body was not there within the deadline of 2000 ms." in text
        assert requests.post(url + PREDICTION, json=PERSON, timeout=20).status_code == 200
    assert metric(url, "inference_queue_depth") == 0
    assert metric(url, "inference_request_timeouts_total") == LIMIT


@pytest.mark.real
@pytest.mark.extended
@hosts
def test_a_stalled_batch_frees_its_room_at_its_deadline(
    start_batched: Callable[..., Any], host: list[str]
) -> None:
    """The room is as large as its body: nobody else has any until it is told 504."""
    knobs = {"explicit_batch": {"deadline_ms": 2_000, "under_way_mib": 0.01}}
    url = start_batched(host, knobs, ODD).url
    with stalled(url, f"{PREDICTION}/batch", 10_000) as client:
        text = said(client)
    assert text.startswith("HTTP/1.1 504 ")
    assert "connection: close" in text
    reply = requests.post(f"{url}{PREDICTION}/batch", json=[PERSON], timeout=20)
    assert reply.json() == [{"charges": 4_200.0}]


@pytest.mark.real
@pytest.mark.extended
@hosts
def test_a_body_announced_as_too_large_is_refused_before_it_comes(
    start_batched: Callable[..., Any], host: list[str]
) -> None:
    """One of 1 GB, for a single prediction and for a batch; it takes no room, and what comes is ignored."""
    url = start_batched(host, {"explicit_batch": {"under_way_mib": 0.001}}, ODD).url
    for path in (PREDICTION, f"{PREDICTION}/batch"):
        with stalled(url, path, 10**9) as client:
            assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")
            client.sendall(b"[" * 100_000)
            assert requests.post(url + PREDICTION, json=PERSON, timeout=20).status_code == 200
            batch = requests.post(f"{url}{PREDICTION}/batch", json=[PERSON], timeout=20)
            assert batch.status_code == 200


class Hung:
    """An inference that never ends."""

    def start(self, _: Any, done: Callable[[InferenceResult[Any]], None], clock: Callable[[], float]) -> None:
        pass


def test_a_row_whose_body_came_late_has_what_is_left_of_the_deadline() -> None:
    """Half of it went by until the body was there; the model hangs; the reply is due at the whole of it."""

    async def main(loop: VirtualLoop) -> None:
        batcher: MicroBatcher[Any, Any] = MicroBatcher(Hung(), 32, 0.005, clock=loop.time)  # type: ignore[arg-type]
        schemas = InsuranceChargesModelInput, InsuranceChargesModelOutput
        admission = AdmissionControl(10, 1.0, 32, 0.05)
        endpoint = PredictionEndpoint(
            schemas, batcher, admission, 0.1, 1_000, create_autospec(InferenceMetrics), tracing=None
        )
        asked = 0

        async def receive() -> Message:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.05 if asked == 1 else 3_600)
            return {"type": "http.request", "body": json.dumps(PERSON).encode()}

        scope: dict[str, Any] = {"headers": []}
        assert endpoint.admit(scope) is None
        assert RESERVATION in scope
        reply = await endpoint(scope, receive)
        assert reply is not None
        assert (reply.status, loop.time()) == (504, pytest.approx(0.1))
        assert "connection" not in dict(reply.headers)
        assert batcher.depth == 0

    run(main)
