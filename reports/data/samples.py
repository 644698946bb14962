"""Samples: the requests of a run, one array per field; the fields define every form of a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reports.data.columns import Floats, Mask, decode_numbers, decode_texts
from reports.data.labels import Labels, decode_labels
from reports.data.row import REPEATED_TEXT, build_schema, list_stored_fields, store_as

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
    "expired_credential",
)
LACKING = ("no_descriptor", "no_port")
"""Outcomes caused by the generator's machine running out of a resource, not by the service."""
OWN_FAILURES = (*LACKING, "expired_credential")
"""Outcomes for which the service can't be blamed; one makes the run invalid."""
KINDS = ("realistic", "boundary", "invalid", "probe")


@dataclass(frozen=True)
class Samples:
    """All requests of a run, one array per field; NaN stands for null.

    Each field says how it is stored: its Arrow type in the run's file, and its numpy type in a packed row.
    The schema of the file and the form of a packed row follow from this.
    """

    intended_s: Floats = field(metadata=store_as(pa.float64(), "<f8"))
    """The intended start, in seconds since the run's start."""
    sent_s: Floats = field(metadata=store_as(pa.float64(), "<f8", nullable=True))
    """The actual send, in seconds since the run's start; null for a request that was never sent."""
    latency_ms: Floats = field(metadata=store_as(pa.float64(), "<f8", nullable=True))
    """From the intended start to the last byte, or to the failure."""
    service_ms: Floats = field(metadata=store_as(pa.float64(), "<f8", nullable=True))
    """From the actual send to the last byte, or to the failure."""
    endpoint: Labels = field(metadata=store_as(REPEATED_TEXT, "<u2"))
    stage: Labels = field(metadata=store_as(REPEATED_TEXT, None))
    """The stage that holds the intended start."""
    outcome: Labels = field(metadata=store_as(REPEATED_TEXT, "u1"))
    """One of `OUTCOMES`."""
    status: NDArray[np.uint16] = field(metadata=store_as(pa.uint16(), "<u2"))
    """The HTTP status; 0 where no status line arrived."""
    kind: Labels = field(metadata=store_as(REPEATED_TEXT, "u1"))
    """One of `KINDS`."""
    rows: NDArray[np.uint32] = field(metadata=store_as(pa.uint32(), "<u4"))
    """The number of predictions asked for."""
    request_bytes: NDArray[np.uint32] = field(metadata=store_as(pa.uint32(), "<u4"))
    response_bytes: NDArray[np.uint32] = field(metadata=store_as(pa.uint32(), "<u4"))
    queue_ms: NDArray[np.float32] = field(metadata=store_as(pa.float32(), "<f4", nullable=True))
    """Time in the service's queue, from its `Server-Timing` header, as are the next two."""
    inference_ms: NDArray[np.float32] = field(metadata=store_as(pa.float32(), "<f4", nullable=True))
    batch_size: NDArray[np.float32] = field(metadata=store_as(pa.float32(), "<f4", nullable=True))
    """Rows in the batch in which the service made the prediction."""
    trace_id: NDArray[np.object_] = field(metadata=store_as(pa.string(), ("<u8", 2), nullable=True))
    """32 hexadecimal digits of the trace in which the service recorded the request; None if it told none."""
    worker: NDArray[np.uint16] = field(metadata=store_as(pa.uint16(), None))

    def __len__(self) -> int:
        return len(self.intended_s)

    def __getitem__(self, rows: Any) -> Samples:
        """The rows that a mask, slice or index array selects."""
        return Samples(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def select(self, mask: Mask) -> Samples:
        """The rows that a mask selects; a view where they are adjacent, so that a stage needs no memory."""
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
        """Which requests count in latency figures: successful ones, and timeouts with their elapsed time."""
        return self.outcome.isin(("ok", "timeout")) & np.isfinite(self.latency_ms)

    @property
    def traced(self) -> Mask:
        """Which requests have a recorded trace."""
        return np.not_equal(self.trace_id, np.array(None, dtype=np.object_)).astype(np.bool_)

    def mark_failed(self, expected: Iterable[str] = ()) -> Mask:
        """Which requests count as errors: those that are neither ok nor `expected` by the scenario."""
        return ~self.outcome.isin(("ok", *expected))

    @property
    def end_s(self) -> Floats:
        """When the last byte, or the failure, came, in seconds since the run's start."""
        return self.intended_s + self.latency_ms / 1000.0

    @classmethod
    def from_table(cls, table: pa.Table) -> Samples:
        """Columns of a table that follows `SCHEMA`, sorted by intended start."""
        return cls.from_columns(table.column)

    @classmethod
    def from_columns(cls, read: Callable[[str], pa.ChunkedArray]) -> Samples:
        """The columns that `read` returns by name, one at a time, sorted by intended start.

        Rows with the same start are ordered by their latency, so that no figure depends on how a run was
        divided into batches. A column of equal values is kept as one value.
        """
        intended_s = decode_numbers(read("intended_s"))
        latency_ms = decode_numbers(read("latency_ms"))
        order = _sort_rows(intended_s, latency_ms)
        columns: dict[str, Any] = {}
        for stored in list_stored_fields(cls):
            column = read(stored.name)
            if pa.types.is_dictionary(stored.column):
                encoded = decode_labels(column)
                columns[stored.name] = Labels(_reorder(encoded.codes, order), encoded.names)
            elif column.null_count == len(column) and pa.types.is_string(stored.column):
                columns[stored.name] = np.broadcast_to(np.array(None, dtype=np.object_), len(column))
            elif pa.types.is_string(stored.column):
                columns[stored.name] = _reorder(decode_texts(column), order)
            else:
                columns[stored.name] = _reorder(decode_numbers(column), order)
        return cls(**columns)


def _sort_rows(intended_s: Floats, latency_ms: Floats) -> NDArray[np.intp] | None:
    if bool(np.all(intended_s[1:] > intended_s[:-1])):
        return None
    order = np.argsort(intended_s, kind="stable")
    in_order = intended_s[order]
    same = np.append(in_order[1:] == in_order[:-1], False)
    same[1:] |= same[:-1].copy()
    ties = order[same]
    order[same] = ties[np.lexsort((latency_ms[ties], intended_s[ties]))]
    return order


def _reorder(values: NDArray[Any], order: NDArray[np.intp] | None) -> NDArray[Any]:
    if len(values) and values.dtype != np.object_:
        first = values[0]
        constant = np.isnan(values).all() if first != first else (values == first).all()
        if constant:
            return np.broadcast_to(values[:1].copy()[0], len(values))
    return values if order is None else values[order]


SCHEMA = build_schema(Samples)
"""The columns of samples.parquet, one row a request."""
