"""What the suite's own endpoints answer: a status, a body, and what the log may say about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pydantic import ValidationError
from rest_model_service.schemas import Error
from starlette.types import Receive, Send

Header = tuple[bytes, bytes]
Headers = Iterable[Header]

_JSON: Header = (b"content-type", b"application/json")
_CLOSE: Header = (b"connection", b"close")
_MOST_FAULTS_TOLD = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; `detail` is for the log alone."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()
    detail: str | None = None


def with_headers(reply: Reply, headers: tuple[Header, ...]) -> Reply:
    """The same reply with further headers."""
    return replace(reply, headers=(*reply.headers, *headers)) if headers else reply


def headers_of(reply: Reply) -> tuple[Header, ...]:
    """What a reply's head says of it: it is JSON, so long, and what else it holds."""
    return (_JSON, (b"content-length", b"%d" % len(reply.body)), *reply.headers)


async def send_reply(send: Send, reply: Reply, *more: Header) -> None:
    """Send it, with further headers."""
    headers = [*headers_of(reply), *more]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def refusal(status: int, kind: str, messages: Sequence[str], *headers: Header) -> Reply:
    """An error in rest_model_service's shape."""
    body = Error(type=kind, messages=list(messages)).model_dump_json().encode()
    return Reply(status, body, headers, messages[0] if messages else kind)


def invalid(messages: Sequence[str]) -> Reply:
    """400: what the client sent is wrong."""
    return refusal(400, "ValidationError", messages)


@lru_cache(maxsize=64)
def overloaded(retry_after_s: int) -> Reply:
    """503: the service has as much work as it can answer in time. Kept ready: shedding is to cost little."""
    told = f"The service is overloaded: try again in {retry_after_s} s."
    return refusal(503, "ServiceUnavailable", [told], (b"retry-after", b"%d" % retry_after_s))


def too_late(deadline_s: float) -> Reply:
    """504: the deadline passed."""
    return refusal(504, "GatewayTimeout", [f"No prediction within the deadline of {deadline_s * 1e3:g} ms."])


def body_too_late(deadline_s: float) -> Reply:
    """504: the deadline passed while the body was still on its way; nobody waits for the rest of it."""
    told = f"The body was not there within the deadline of {deadline_s * 1e3:g} ms."
    return refusal(504, "GatewayTimeout", [told], _CLOSE)


def too_large(most_bytes: int, announced: bool = False) -> Reply:
    """413: the body is longer than the service reads.

    An announced body is refused at its head, and ignored if it comes all the same; of any other nobody knows
    where it ends, so the connection closes.
    """
    told = f"The body is larger than {most_bytes:,} bytes, the most that is read."
    return refusal(413, "ContentTooLarge", [told], *(() if announced else (_CLOSE,)))


def faults(error: ValidationError, first_row: int | None = None) -> list[str]:
    """A sentence for each fault, up to a hundred, as rest_model_service words them.

    Of a slice of a batch, `first_row` is the index of its first row: faults are told by the row's own index.
    """
    told = []
    for each in error.errors(include_url=False, include_context=False, include_input=False)[
        :_MOST_FAULTS_TOLD
    ]:
        place = each["loc"]
        if first_row is not None and place and isinstance(place[0], int):
            place = (place[0] + first_row, *place[1:])
        field = ", ".join(map(str, ("body", *place)))
        told.append(f"Field '{field}' has error '{each['type']}', {each['msg']}.")
    more = error.error_count() - len(told)
    return [*told, f"... and {more} more faults."] if more > 0 else told


class BodyTooLargeError(Exception):
    """A request's body has more bytes than the service reads."""


class ClientGoneError(Exception):
    """The client went away: nobody waits for the reply."""


def content_length(headers: Headers) -> int | None:
    """The length of a request's body, if its head tells."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None


async def read_body(receive: Receive, most_bytes: int) -> bytes | bytearray:
    """The whole body. Raises `BodyTooLargeError` and `ClientGoneError`."""
    message = await receive()
    body: bytes | bytearray = message.get("body", b"")
    if message.get("more_body", False):
        body = bytearray(body)
        while message.get("more_body", False) and len(body) <= most_bytes:
            message = await receive()
            body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > most_bytes:
        raise BodyTooLargeError
    return body
