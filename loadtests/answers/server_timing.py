"""Reads from a reply how the service spent its time, and in which trace to look."""

from __future__ import annotations

import re
from typing import Final

NAN: Final = float("nan")
LARGEST: Final = 1e38
"""The largest value that a sample's single-precision columns hold."""

NO_TIMING: Final = (NAN, NAN, NAN, b"")


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
