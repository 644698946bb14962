"""Reads a request's body, up to a maximal length."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Receive

from service.batching.replies import Header


class BodyTooLargeError(Exception):
    """A request's body has more bytes than the service reads."""


class ClientGoneError(Exception):
    """The client closed its connection: there is nobody to answer."""


def parse_content_length(headers: Iterable[Header]) -> int | None:
    """The length of the body according to the request's head, if given there."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None


async def read_body(receive: Receive, max_bytes: int) -> bytes | bytearray:
    """Read the whole body. Raises `BodyTooLargeError` and `ClientGoneError`."""
    message = await receive()
    body: bytes | bytearray = message.get("body", b"")
    if message.get("more_body", False):
        body = bytearray(body)
        while message.get("more_body", False) and len(body) <= max_bytes:
            message = await receive()
            body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > max_bytes:
        raise BodyTooLargeError
    return body
