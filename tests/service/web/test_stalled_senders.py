"""Bodies that arrive late or never: the deadline starts at the head, and ends the reservation."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import create_autospec

import pytest
from starlette.types import Message

from service.batching.admission import AdmissionControl
from service.batching.endpoint import RESERVATION
from service.batching.inference import InferenceResult
from service.batching.micro_batcher import MicroBatcher
from service.batching.single_endpoint import PredictionEndpoint
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput
from service.observability.metrics import InferenceMetrics
from tests.service.live_service import (
    MIDDLEWARE,
    ODD_PREDICTION,
    PERSON,
    PROTOCOL,
    connect,
    metric,
    odd_model,
    post,
    read_all,
    read_start,
    request_head,
    until,
)
from tests.service.virtual_time import VirtualLoop, run

BATCH = f"{ODD_PREDICTION}/batch"
LIMIT = 24
commands = pytest.mark.parametrize("command", [PROTOCOL, MIDDLEWARE], ids=["protocol", "middleware"])


def stalled(url: str, path: str, length: int) -> socket.socket:
    """A connection with a request's head and the first byte of a body of `length` bytes."""
    client = connect(url)
    client.sendall(request_head(path, length) + b"[")
    return client


@pytest.mark.real
@commands
def test_stalled_senders_in_all_places_block_nobody_beyond_the_deadline(
    serve: Callable[..., Any], command: list[str]
) -> None:
    """Each hears 504, its connection closes, and then a prediction is answered.

    On a machine that stands still for the deadline of 2 s the prediction is late itself: it may try again.
    """
    settings = {"queue": {"max_rows": LIMIT, "admitted_share": 1.0}, "deadline_ms": 2_000}
    url = serve(settings, odd_model(), command=command).url
    with ExitStack() as stack:
        clients = [stack.enter_context(stalled(url, ODD_PREDICTION, 100)) for _ in range(LIMIT)]
        for client in clients:
            reply = read_all(client)
            assert reply.startswith(b"HTTP/1.1 504 ")
            assert b"connection: close" in reply
            assert b"The body was not there within the deadline of 2000 ms." in reply
        assert metric(url, "inference_request_timeouts_total") == LIMIT
        until(lambda: post(url).status_code == 200)
    assert metric(url, "inference_queue_depth") == 0


@pytest.mark.real
@commands
def test_a_stalled_batch_frees_its_bytes_at_its_deadline(
    serve: Callable[..., Any], command: list[str]
) -> None:
    """Its body takes all bytes that may be under way, so another batch is answered only once it has ended."""
    settings = {"explicit_batch": {"deadline_ms": 2_000, "under_way_mib": 0.01}}
    url = serve(settings, odd_model(), command=command).url
    with stalled(url, BATCH, 10_000) as client:
        reply = read_all(client)
    assert reply.startswith(b"HTTP/1.1 504 ")
    assert b"connection: close" in reply
    until(lambda: post(url, [PERSON], BATCH).status_code == 200)


@pytest.mark.real
@commands
def test_a_body_announced_as_too_large_is_refused_before_it_arrives(
    serve: Callable[..., Any], command: list[str]
) -> None:
    """1 GB, for a single prediction and for a batch; it reserves nothing, and its bytes are ignored."""
    url = serve({"explicit_batch": {"under_way_mib": 0.001}}, odd_model(), command=command).url
    for path in (ODD_PREDICTION, BATCH):
        with stalled(url, path, 10**9) as client:
            assert read_start(client, 12) == b"HTTP/1.1 413"
            client.sendall(b"[" * 100_000)
            assert post(url).status_code == 200
            assert post(url, [PERSON], BATCH).status_code == 200


class HungModelRunner:
    """A call of the model that never ends."""

    def start(self, _: Any, done: Callable[[InferenceResult[Any]], None], clock: Callable[[], float]) -> None:
        pass


def test_a_row_whose_body_arrived_late_has_the_rest_of_the_deadline() -> None:
    """Half of it passed until the body arrived; the model hangs; the reply is due at the whole deadline."""

    async def main(loop: VirtualLoop) -> None:
        batcher: MicroBatcher[Any, Any] = MicroBatcher(HungModelRunner(), 32, 0.005, clock=loop.time)  # type: ignore[arg-type]
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
