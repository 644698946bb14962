"""One request as a packed row: its fields in order, its numpy type, and how it is packed."""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

import numpy as np

from reports.data.row import list_stored_fields
from reports.data.samples import KINDS, OUTCOMES, Samples

OUTCOME_CODES: Final = {name: code for code, name in enumerate(OUTCOMES)}
KIND_CODES: Final = {name: code for code, name in enumerate(KINDS)}
NAN: Final = float("nan")


class SampleRow(NamedTuple):
    """One request: the packed fields of `Samples`, in the order in which they are packed.

    Times are in seconds since the run's start, NaN where there is none.
    """

    intended_s: float
    sent_s: float
    latency_ms: float
    service_ms: float
    endpoint: int
    outcome: int
    kind: int
    status: int
    rows: int
    request_bytes: int
    response_bytes: int
    queue_ms: float = NAN
    inference_ms: float = NAN
    batch_size: float = NAN
    trace_id: bytes = b""
    """The 16 bytes of a trace's id; none where the request was not traced."""


def build_row_type(order: tuple[str, ...] = SampleRow._fields) -> np.dtype[np.void]:
    """The numpy type of a packed row, without padding; the types are those that `Samples` says.

    Raises TypeError unless `order` names each packed field of `Samples` once.
    """
    packed = {field.name: field.packed for field in list_stored_fields(Samples) if field.packed is not None}
    if sorted(order) != sorted(packed):
        raise TypeError(f"a packed row holds {', '.join(sorted(packed))}, not {', '.join(sorted(order))}")
    return np.dtype([(name, packed[name]) for name in order])


def build_row_format(row: np.dtype[np.void]) -> str:
    """The `struct` format of the same bytes: little-endian, without padding."""
    return "<" + "".join(_code(row[name]) for name in row.names or ())


def _code(dtype: np.dtype[Any]) -> str:
    """The code of a number; a subarray is packed as plain bytes."""
    return dtype.char if dtype.subdtype is None else f"{dtype.itemsize}s"


ROW_DTYPE: Final = build_row_type()
ROW_BYTES: Final = ROW_DTYPE.itemsize
pack_row_into: Final = struct.Struct(build_row_format(ROW_DTYPE)).pack_into
"""`pack_row_into(buffer, offset, *row)` packs the values of a `SampleRow`."""
