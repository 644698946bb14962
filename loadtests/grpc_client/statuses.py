"""The status codes of gRPC, and the HTTP statuses that mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class CallStatus(NamedTuple):
    """A status code of gRPC: its name, and the HTTP status that means the same."""

    name: str
    http: int


STATUSES: Final[Mapping[int, CallStatus]] = {
    0: CallStatus("OK", 200),
    1: CallStatus("CANCELLED", 499),
    2: CallStatus("UNKNOWN", 500),
    3: CallStatus("INVALID_ARGUMENT", 400),
    4: CallStatus("DEADLINE_EXCEEDED", 504),
    5: CallStatus("NOT_FOUND", 404),
    6: CallStatus("ALREADY_EXISTS", 409),
    7: CallStatus("PERMISSION_DENIED", 403),
    8: CallStatus("RESOURCE_EXHAUSTED", 429),
    9: CallStatus("FAILED_PRECONDITION", 400),
    10: CallStatus("ABORTED", 409),
    11: CallStatus("OUT_OF_RANGE", 400),
    12: CallStatus("UNIMPLEMENTED", 501),
    13: CallStatus("INTERNAL", 500),
    14: CallStatus("UNAVAILABLE", 503),
    15: CallStatus("DATA_LOSS", 500),
    16: CallStatus("UNAUTHENTICATED", 401),
}
"""As `google/rpc/code.proto` maps them. Samples hold the HTTP status, so objectives and reports treat calls
and requests alike."""
DEADLINE_EXCEEDED: Final = 4
