"""A service that costs almost nothing: a raw ASGI application that always answers the same prediction.

granian --interface asginl benchmarks.generator.null_service:answer
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]

COUNT_PATH: Final = "/answered"

_answered = 0


async def answer(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer a POST with a prediction after reading its body, and a GET with the number of answered POSTs."""
    global _answered
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
        _answered += 1
        start, body = _PREDICTION
    else:
        start, body = _messages(b"%d" % _answered)
    await send(start)
    await send(body)


def _messages(body: bytes) -> tuple[Message, Message]:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


_PREDICTION: Final = _messages(b'{"charges":13270.42}')
