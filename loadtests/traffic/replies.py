"""Classifies a reply, and reads from it how the service spent its time and in which trace to look."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from loadtests.client.reply import Reply
from loadtests.traffic.payloads import Request

NAN: Final = float("nan")
LARGEST: Final = 1e38
"""The largest value that a sample's single-precision columns hold."""

NO_TIMING: Final = (NAN, NAN, NAN, b"")


def classify_reply(request: Request, reply: Reply) -> str:
    """The outcome, one of `reports.data.samples.OUTCOMES`, of a reply or of its absence."""
    if reply.failure is not None:
        return reply.failure
    status = reply.status
    if 200 <= status < 300:
        if request.rejects:
            return "wrong_answer"
        return "ok" if request.finite is None or _is_finite(reply.body, request) else "invalid_reply"
    if status == 503 and reply.retry_after:
        return "shed"
    if status >= 500:
        return "http_5xx"
    if status >= 400:
        return "ok" if request.rejects and status in (400, 422) else "http_4xx"
    return "invalid_reply"


def _is_finite(body: bytes | bytearray, request: Request) -> bool:
    """Whether the body is one prediction, or a list of as many as requested, each with a finite number.

    False too for a number too large for a float, and for JSON nested too deep to read.
    """
    assert request.finite is not None
    try:
        reply = _parse(body.decode())
        if request.rows is None:
            return _holds_number(reply, request.finite)
        if not isinstance(reply, list) or len(reply) != request.rows:
            return False
        return all(_holds_number(item, request.finite) for item in reply)
    except (ValueError, OverflowError, RecursionError):
        return False


def _parse(text: str) -> Any:
    """What `json.loads` returns, faster where no blanks surround the value."""
    if text[:1] in _BLANKS:
        return json.loads(text)
    value, end = _decode(text)
    return value if end == len(text) else json.loads(text)


_BLANKS: Final = ("", " ", "\t", "\n", "\r")
_decode: Final = json.JSONDecoder().raw_decode


def _holds_number(prediction: Any, name: str) -> bool:
    value = prediction.get(name) if isinstance(prediction, dict) else None
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and math.isfinite(value)


_NUMBERS: Final = (int, float)
"""A tuple, because a union would be created for every reply."""


def parse_server_timing(header: bytes | None) -> tuple[float, float, float, bytes]:
    """Queueing and inference time in ms, batch size and trace id in a Server-Timing header.

    Form: `queue;dur=1.2, inference;dur=0.8, batch;desc="17", traceparent;desc="00-<id>-<span>-01"` (W3C
    Server Timing and Trace Context); what is absent or not a number is NaN. The id has 16 bytes if the
    trace is kept (sampled); otherwise it is empty.
    """
    if header is None:
        return NO_TIMING
    found = {"queue": NAN, "inference": NAN, "batch": NAN}
    trace_id = b""
    for entry in header.decode("latin-1").split(","):
        name, _, parameters = entry.strip().partition(";")
        if name in found:
            found[name] = _number(parameters.partition("=")[2])
        elif name == "traceparent":
            trace_id = _sampled_trace(parameters)
    return found["queue"], found["inference"], found["batch"], trace_id


def _sampled_trace(parameters: str) -> bytes:
    found = _TRACEPARENT.fullmatch(parameters)
    return bytes.fromhex(found[1]) if found and int(found[2], 16) & _SAMPLED else b""


_TRACEPARENT: Final = re.compile(
    r'\s*desc\s*=\s*"?[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})"?\s*'
)
_SAMPLED: Final = 1


def _number(text: str) -> float:
    try:
        value = float(text.strip().strip('"'))
    except ValueError:
        return NAN
    return value if abs(value) < LARGEST else NAN
