"""Asks a service over gRPC whether it is ready (`ServerReady` of the Open Inference Protocol)."""

from __future__ import annotations

from typing import Final

from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.choice import choose_connection
from loadtests.grpc_client.messages import SERVICE, get_message

TIMEOUT_S: Final = 2.0
UNIMPLEMENTED: Final = 501
NOT_FOUND: Final = 404
UNAVAILABLE: Final = 503


def encode_ready_call(target: Target) -> bytes:
    """The call that asks whether the server is ready: an empty message."""
    head = target.encode_head("POST", f"{SERVICE}/ServerReady", {"Content-Type": "application/grpc"})
    return head + b"\r\n" + bytes(5)


def read_readiness(reply: Reply) -> int | None:
    """200 if the server is ready, 503 if not; 404 if it has no such method; None for no reply."""
    if reply.failure is not None:
        return None
    if reply.status != 200:
        return NOT_FOUND if reply.status == UNIMPLEMENTED else reply.status
    message = get_message("ServerReadyResponse")
    try:
        return 200 if message.FromString(bytes(reply.body)).ready else UNAVAILABLE
    except Exception:  # protobuf's DecodeError is a plain Exception in some of its implementations
        return UNAVAILABLE


def find_problem(target: Target) -> str | None:
    """Why load can't begin; None if it can."""
    connection = choose_connection(is_grpc=True)(target)
    try:
        reply = connection.exchange(encode_ready_call(target), TIMEOUT_S)
    finally:
        connection.close()
    if reply.failure == "invalid_reply":
        return "does not speak gRPC"
    if reply.failure is not None:
        return f"does not answer: {reply.failure}"
    status = read_readiness(reply)
    return "answers, but is not ready" if status == UNAVAILABLE else None
