"""A sample is one request; this module says which columns it has and holds many of them as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reports.data.columns import array, objects

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

OUTCOMES = (
    "ok",
    "timeout",
    "refused",
    "reset",
    "http_4xx",
    "http_5xx",
    "shed",
    "dropped",
    "invalid_reply",
    "wrong_answer",
    "no_descriptor",
    "no_port",
)
LACKING = ("no_descriptor", "no_port")
"""Outcomes that say of the generator's machine, and not of the service, that it had no more of something."""
KINDS = ("realistic", "boundary", "invalid", "probe")

_names = pa.dictionary(pa.int16(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("intended_s", pa.float64(), nullable=False),
        pa.field("sent_s", pa.float64()),
        pa.field("latency_ms", pa.float64()),
        pa.field("service_ms", pa.float64()),
        pa.field("endpoint", _names, nullable=False),
        pa.field("stage", _names, nullable=False),
        pa.field("outcome", _names, nullable=False),
        pa.field("status", pa.uint16(), nullable=False),
        pa.field("kind", _names, nullable=False),
        pa.field("rows", pa.uint32(), nullable=False),
        pa.field("request_bytes", pa.uint32(), nullable=False),
        pa.field("response_bytes", pa.uint32(), nullable=False),
        pa.field("queue_ms", pa.float32()),
        pa.field("inference_ms", pa.float32()),
        pa.field("batch_size", pa.float32()),
        pa.field("trace_id", pa.string()),
        pa.field("worker", pa.uint16(), nullable=False),
    ]
)
"""One row a request.

`intended_s` and `sent_s` count seconds from the run's start; `sent_s` is null for a request that was never
sent. `latency_ms` runs from the intended start to the last byte (or to the failure), `service_ms` from the
actual send. `status` is 0 where no status line arrived. `rows` is the number of predictions asked for.
`trace_id` has the 32 hexadecimal digits of the trace in which the service keeps the request, if it says so.
"""


@dataclass(frozen=True)
class Labels:
    """A dictionary-encoded column: `names[codes[i]]` is row i's value."""

    codes: NDArray[np.int16]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Labels:
        return Labels(self.codes[rows], self.names)

    def equal(self, name: str) -> Mask:
        """Which rows hold `name`; none do when it never occurred."""
        return self.isin((name,))

    def isin(self, names: Iterable[str]) -> Mask:
        """Which rows hold one of `names`."""
        wanted = [self.names.index(name) for name in names if name in self.names]
        return np.isin(self.codes, wanted) if wanted else np.zeros(len(self.codes), dtype=np.bool_)

    def values(self) -> NDArray[np.str_]:
        """The column spelled out."""
        return np.array(self.names or ("",), dtype=np.str_)[self.codes]


@dataclass(frozen=True)
class Samples:
    """All requests of a run, a column an array; the fields are those of `SCHEMA`, NaN stands for null."""

    intended_s: Floats
    sent_s: Floats
    latency_ms: Floats
    service_ms: Floats
    endpoint: Labels
    stage: Labels
    outcome: Labels
    status: NDArray[np.uint16]
    kind: Labels
    rows: NDArray[np.uint32]
    request_bytes: NDArray[np.uint32]
    response_bytes: NDArray[np.uint32]
    queue_ms: NDArray[np.float32]
    inference_ms: NDArray[np.float32]
    batch_size: NDArray[np.float32]
    trace_id: NDArray[np.object_]
    worker: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.intended_s)

    def __getitem__(self, rows: Any) -> Samples:
        """The rows a mask, slice or index array selects."""
        return Samples(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def where(self, mask: Mask) -> Samples:
        """The rows a mask selects: a view where they are neighbours, so that a stage costs no memory."""
        first, count = int(np.argmax(mask)) if len(mask) else 0, int(np.count_nonzero(mask))
        if count == len(mask):
            return self
        if count == 0 or mask[first : first + count].all():
            return self[first : first + count]
        return self[mask]

    @property
    def ok(self) -> Mask:
        """Which requests were answered as expected."""
        return self.outcome.equal("ok")

    @property
    def answered(self) -> Mask:
        """Which requests count in the latency figures: replies, and timeouts at their elapsed time."""
        return self.outcome.isin(("ok", "timeout")) & np.isfinite(self.latency_ms)

    @property
    def traced(self) -> Mask:
        """Which requests have a trace that was kept."""
        return np.not_equal(self.trace_id, np.array(None, dtype=np.object_)).astype(np.bool_)

    def failed(self, expected: Iterable[str] = ()) -> Mask:
        """Which requests count in the error rate: those neither ok nor `expected` by the scenario."""
        return ~self.outcome.isin(("ok", *expected))

    @property
    def end_s(self) -> Floats:
        """When the last byte (or the failure) came, in seconds since the run's start."""
        return self.intended_s + self.latency_ms / 1000.0

    @classmethod
    def from_table(cls, table: pa.Table) -> Samples:
        """Columns of a table that follows `SCHEMA`, sorted by intended start."""
        return cls.from_columns(table.column)

    @classmethod
    def from_columns(cls, read: Callable[[str], pa.ChunkedArray]) -> Samples:
        """The columns that `read` gives by name, one at a time, sorted by intended start.

        Rows with the same start are ordered by what was measured, so that the way in which a run was
        divided into files changes no figure. A column of one value is kept as that value.
        """
        intended_s = array(read("intended_s"))
        latency_ms = array(read("latency_ms"))
        order = _order(intended_s, latency_ms)
        columns: dict[str, Any] = {}
        for field in SCHEMA:
            column = read(field.name)
            if pa.types.is_dictionary(field.type):
                encoded = labels(column)
                columns[field.name] = Labels(_lean(encoded.codes, order), encoded.names)
            elif column.null_count == len(column) and pa.types.is_string(field.type):
                columns[field.name] = np.broadcast_to(np.array(None, dtype=np.object_), len(column))
            elif pa.types.is_string(field.type):
                columns[field.name] = _lean(objects(column), order)
            else:
                columns[field.name] = _lean(array(column), order)
        return cls(**columns)


def _order(intended_s: Floats, latency_ms: Floats) -> NDArray[np.intp] | None:
    if bool(np.all(intended_s[1:] > intended_s[:-1])):
        return None
    order = np.argsort(intended_s, kind="stable")
    in_order = intended_s[order]
    same = np.append(in_order[1:] == in_order[:-1], False)
    same[1:] |= same[:-1].copy()
    ties = order[same]
    order[same] = ties[np.lexsort((latency_ms[ties], intended_s[ties]))]
    return order


def _lean(values: NDArray[Any], order: NDArray[np.intp] | None) -> NDArray[Any]:
    if len(values) and values.dtype != np.object_:
        first = values[0]
        constant = np.isnan(values).all() if first != first else (values == first).all()
        if constant:
            return np.broadcast_to(values[:1].copy()[0], len(values))
    return values if order is None else values[order]


def labels(column: pa.ChunkedArray) -> Labels:
    """A column of strings or of dictionary-encoded ones; chunks may differ in their dictionaries."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    chunks = encoded.unify_dictionaries().chunks
    names = tuple(chunks[0].dictionary.to_pylist()) if chunks else ()
    codes = array(pa.chunked_array([chunk.indices for chunk in chunks], encoded.type.index_type))
    return Labels(codes.astype(np.int16, copy=False), names)
