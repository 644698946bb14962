"""A gRPC call to a real server of grpcio; its outcome has a name and an HTTP status."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from loadtests.answers.check import ReplyCheck
from loadtests.answers.decoding import DecodingCheck
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.connection import GrpcConnection, _Call, _fill, frame_message
from loadtests.grpc_client.messages import SERVICE
from loadtests.grpc_client.tensors import encode_request

pytestmark = pytest.mark.real
PATIENCE_S = 60.0


@pytest.fixture
def target(grpc_service: str) -> Target:
    return Target.parse(grpc_service)


@pytest.fixture
def connection(target: Target) -> Iterator[GrpcConnection]:
    with closing(GrpcConnection(target)) as opened:
        yield opened


def encode(target: Target, model: str, rows: list[list[float]], datatype: str = "FP32") -> bytes:
    tensor = {"name": "x", "datatype": datatype, "shape": [len(rows), len(rows[0])], "data": rows}
    message = frame_message(encode_request(model, "", {"id": "a", "inputs": [tensor]}))
    head = target.encode_head("POST", f"{SERVICE}/ModelInfer", {"Content-Type": "application/grpc"})
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(message), message)


def ask(connection: GrpcConnection, target: Target, model: str, rows: list[list[float]]) -> Reply:
    return connection.exchange(encode(target, model, rows), PATIENCE_S)


@pytest.mark.parametrize("model", ["sum", "raw"])
def test_a_reply_is_that_of_the_same_request_over_http(
    connection: GrpcConnection, target: Target, model: str
) -> None:
    reply = ask(connection, target, model, [[1.0, 2.5], [3.0, -3.0]])
    assert (reply.failure, reply.status) == (None, 200)
    assert DecodingCheck(ReplyCheck()).classify(reply) == "ok"
    assert json.loads(reply.body) == {
        "model_name": model,
        "model_version": "3",
        "id": "a",
        "outputs": [{"name": "sum", "datatype": "FP64", "shape": [2], "data": [3.5, 0.0]}],
    }


def test_half_precision_is_sent_as_raw_bytes(connection: GrpcConnection, target: Target) -> None:
    reply = connection.exchange(encode(target, "sum", [[1.5, 2.5]], "FP16"), PATIENCE_S)
    assert DecodingCheck(ReplyCheck()).classify(reply) == "ok"
    assert json.loads(reply.body)["outputs"][0]["data"] == [4.0]


@pytest.mark.parametrize(
    ("model", "status", "outcome", "message"),
    [
        ("unknown", 404, "http_4xx", b"no model 'unknown'; it has sum, raw"),
        ("sick", 503, "http_5xx", b"the model is being loaded"),
        ("full", 429, "http_4xx", b"the queue is full"),
        ("strict", 400, "http_4xx", b"x must be positive: 100 %"),
    ],
)
def test_a_refusal_has_the_http_status_that_means_the_same(
    connection: GrpcConnection, target: Target, model: str, status: int, outcome: str, message: bytes
) -> None:
    reply = ask(connection, target, model, [[1.0]])
    assert (reply.status, bytes(reply.body)) == (status, message)
    assert DecodingCheck(ReplyCheck()).classify(reply) == outcome
    assert reply.find_header("grpc-status")
    assert ask(connection, target, "sum", [[1.0]]).status == 200


def test_the_timeout_bounds_a_call_and_the_server_knows_it(
    connection: GrpcConnection, target: Target
) -> None:
    assert connection.exchange(encode(target, "slow", [[1.0]]), 0.3).failure == "timeout"
    assert ask(connection, target, "sum", [[1.0]]).status == 200


def test_a_long_message_waits_for_room(connection: GrpcConnection, target: Target) -> None:
    """Half a million values are 2 MB: the server gives room for a few frames at a time."""
    rows = [[1.0] * 500_000]
    reply = ask(connection, target, "sum", rows)
    assert DecodingCheck(ReplyCheck()).classify(reply) == "ok"
    assert json.loads(reply.body)["outputs"][0]["data"] == [500_000.0]


def test_one_connection_makes_many_calls(connection: GrpcConnection, target: Target) -> None:
    for number in range(300):
        reply = ask(connection, target, "sum", [[float(number), 1.0]])
        assert DecodingCheck(ReplyCheck()).classify(reply) == "ok"
        assert json.loads(reply.body)["outputs"][0]["data"] == [number + 1.0]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "invalid_reply"), (b"", "reset")],
)
def test_a_server_that_does_not_speak_http2_is_told(answer: bytes, failure: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the test is over and its listener closed
                for _ in range(2):
                    accepted, _ = listener.accept()
                    with accepted:
                        accepted.recv(65_536)
                        accepted.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        target = Target("127.0.0.1", listener.getsockname()[1], tls=False, prefix="")
        with closing(GrpcConnection(target)) as connection:
            assert ask(connection, target, "sum", [[1.0]]).failure == failure


def test_nobody_there_is_refused(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = Target("127.0.0.1", listener.getsockname()[1], tls=False, prefix="")
    with closing(GrpcConnection(free)) as connection:
        assert ask(connection, target, "sum", [[1.0]]).failure == "refused"


@pytest.mark.parametrize(
    "headers",
    [
        {":status": "200", "grpc-status": "\u00b2"},
        {":status": "200"},
        {":status": "200", "grpc-status": "0"},
    ],
)
def test_what_no_grpc_server_answers_is_an_invalid_reply(headers: dict[str, str]) -> None:
    reply = Reply()
    _fill(reply, _Call(1, headers))
    assert reply.failure == "invalid_reply"


def test_a_status_that_is_no_number_is_told_to_the_connection() -> None:
    """Which takes every ValueError for an invalid reply, like broken frames."""
    with pytest.raises(ValueError, match="abc"):
        _fill(Reply(), _Call(1, {":status": "abc"}))
