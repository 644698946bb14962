"""The replies of the batching endpoints: predictions, and refusals in rest_model_service's format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pydantic import ValidationError
from rest_model_service.schemas import Error
from starlette.types import Send

Header = tuple[bytes, bytes]

CLOSE_CONNECTION: Header = (b"connection", b"close")
_JSON: Header = (b"content-type", b"application/json")
_MAX_DESCRIBED_FAULTS = 100


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole response; `detail` goes to the log only."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()
    detail: str | None = None


def add_headers(reply: HttpReply, headers: tuple[Header, ...]) -> HttpReply:
    """The same reply with further headers."""
    return replace(reply, headers=(*reply.headers, *headers)) if headers else reply


def build_headers(reply: HttpReply) -> tuple[Header, ...]:
    """All headers of a reply: its content type, its length, and its own."""
    return (_JSON, (b"content-length", b"%d" % len(reply.body)), *reply.headers)


async def send_reply(send: Send, reply: HttpReply, *more: Header) -> None:
    """Send a reply with further headers."""
    headers = [*build_headers(reply), *more]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def make_refusal(status: int, kind: str, messages: Sequence[str], *headers: Header) -> HttpReply:
    """An error in rest_model_service's format."""
    body = Error(type=kind, messages=list(messages)).model_dump_json().encode()
    return HttpReply(status, body, headers, messages[0] if messages else kind)


def refuse_invalid(messages: Sequence[str]) -> HttpReply:
    """400: the request is not valid."""
    return make_refusal(400, "ValidationError", messages)


@lru_cache(maxsize=64)
def refuse_overloaded(retry_after_s: int) -> HttpReply:
    """503: load shedding. Cached, because a refusal must cost much less than an answer."""
    message = f"The service is overloaded: try again in {retry_after_s} s."
    return make_refusal(503, "ServiceUnavailable", [message], (b"retry-after", b"%d" % retry_after_s))


def refuse_late_prediction(deadline_s: float) -> HttpReply:
    """504: the deadline passed before the prediction."""
    message = f"No prediction within the deadline of {deadline_s * 1e3:g} ms."
    return make_refusal(504, "GatewayTimeout", [message])


def refuse_late_body(deadline_s: float) -> HttpReply:
    """504: the deadline passed before the whole body had arrived; the connection closes."""
    message = f"The body was not there within the deadline of {deadline_s * 1e3:g} ms."
    return make_refusal(504, "GatewayTimeout", [message], CLOSE_CONNECTION)


def refuse_large_body(max_bytes: int, announced: bool = False) -> HttpReply:
    """413: the body is longer than the service reads.

    A body whose Content-Length is too large is refused before it is read, and ignored if it is sent all the
    same. The end of any other body is unknown, so the connection closes.
    """
    message = f"The body is larger than {max_bytes:,} bytes, the most that is read."
    return make_refusal(413, "ContentTooLarge", [message], *(() if announced else (CLOSE_CONNECTION,)))


def describe_faults(error: ValidationError, first_row: int | None = None) -> list[str]:
    """One sentence for each fault, up to a hundred, in rest_model_service's wording.

    For a slice of a batch, `first_row` is the index of its first row in the batch; the sentences name the
    index in the batch.
    """
    messages = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False)[
        :_MAX_DESCRIBED_FAULTS
    ]:
        place = fault["loc"]
        if first_row is not None and place and isinstance(place[0], int):
            place = (place[0] + first_row, *place[1:])
        field = ", ".join(map(str, ("body", *place)))
        messages.append(f"Field '{field}' has error '{fault['type']}', {fault['msg']}.")
    more = error.error_count() - len(messages)
    return [*messages, f"... and {more} more faults."] if more > 0 else messages
