"""What a reply means: its outcome, and where the service says its time went."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from loadtests._client import Reply
from loadtests._payloads import Request

NAN: Final = float("nan")
LARGEST: Final = 1e38
"""What a sample's single-precision columns hold."""

NO_TIMING: Final = (NAN, NAN, NAN)


def outcome_of(request: Request, reply: Reply) -> str:
    """One of `reports.samples.OUTCOMES` for what came back, or did not."""
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


def _is_finite(body: bytes, request: Request) -> bool:
    """Whether the body is one prediction, or a list of as many as were asked for, each with its number.

    A number too large for a float, or JSON nested too deep to read, is no answer either.
    """
    assert request.finite is not None
    try:
        reply = _parsed(body.decode())
        if request.rows is None:
            return _holds_number(reply, request.finite)
        if not isinstance(reply, list) or len(reply) != request.rows:
            return False
        return all(_holds_number(item, request.finite) for item in reply)
    except (ValueError, OverflowError, RecursionError):
        return False


def _parsed(text: str) -> Any:
    """What `json.loads` makes of the text, without its detours where no blanks surround the value."""
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
"""A tuple: a union would be made anew for every reply."""


def server_timing(header: bytes | None) -> tuple[float, float, float]:
    """Milliseconds queued, milliseconds of inference and the batch's size out of a Server-Timing header.

    Form: `queue;dur=1.2, inference;dur=0.8, batch;desc="17"` (W3C Server Timing); what is absent or no
    number is NaN.
    """
    if header is None:
        return NO_TIMING
    found = {"queue": NAN, "inference": NAN, "batch": NAN}
    for entry in header.decode("latin-1").split(","):
        name, _, parameters = entry.strip().partition(";")
        if name in found:
            found[name] = _number(parameters.partition("=")[2])
    return found["queue"], found["inference"], found["batch"]


def _number(text: str) -> float:
    try:
        value = float(text.strip().strip('"'))
    except ValueError:
        return NAN
    return value if abs(value) < LARGEST else NAN
