"""Decodes packed rows, a batch at a time, and writes them to the run's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loadtests.recording.row import ROW_DTYPE
from reports.data.columns import encode_numbers, encode_texts
from reports.data.facts import Stage
from reports.data.labels import Labels
from reports.data.samples import KINDS, OUTCOMES, SCHEMA, Samples


class SampleBatch(NamedTuple):
    """Decoded rows, the index of each one's stage, and the names of the endpoint codes in them."""

    rows: NDArray[np.void]
    stages: NDArray[np.int16]
    endpoints: Sequence[str]


def view_samples(batch: SampleBatch, stages: Sequence[Stage]) -> Samples:
    """The batch as samples, in the order of recording, but without trace ids and worker."""
    rows = batch.rows
    labels: dict[str, Any] = {
        "endpoint": Labels(rows["endpoint"].astype(np.int16), tuple(batch.endpoints)),
        "stage": Labels(batch.stages, tuple(stage.name for stage in stages)),
        "outcome": Labels(rows["outcome"].astype(np.int16), OUTCOMES),
        "kind": Labels(rows["kind"].astype(np.int16), KINDS),
    }
    absent: dict[str, Any] = {
        "trace_id": np.broadcast_to(np.array(None, dtype=np.object_), len(rows)),
        "worker": np.broadcast_to(np.uint16(0), len(rows)),
    }
    columns: dict[str, Any] = {
        name: rows[name] for name in ROW_DTYPE.names or () if name not in {*labels, *absent}
    }
    return Samples(**columns, **labels, **absent)


class SampleWriter:
    """Writes packed rows, a batch at a time, to an Arrow IPC stream that stays readable after a crash."""

    def __init__(self, path: Path, stages: Sequence[Stage]) -> None:
        self.written = 0
        self._edges = np.array([stage.end_s for stage in stages[:-1]])
        self._stages = encode_texts([stage.name for stage in stages])
        self._stream = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_stream(self._stream, SCHEMA)

    def append(self, raw: bytes, endpoints: Sequence[str], worker: int) -> SampleBatch:
        """Write the packed rows of one worker; return them decoded."""
        rows = np.frombuffer(raw, dtype=ROW_DTYPE)
        stages = np.searchsorted(self._edges, rows["intended_s"], side="right").astype(np.int16)
        columns: dict[str, pa.Array] = {
            "endpoint": _encode_labels(rows["endpoint"], encode_texts(endpoints)),
            "stage": _encode_labels(stages, self._stages),
            "outcome": _encode_labels(rows["outcome"], _OUTCOMES),
            "kind": _encode_labels(rows["kind"], _KINDS),
            "trace_id": _encode_trace_ids(rows["trace_id"]),
            "worker": encode_numbers(np.full(len(rows), worker), pa.uint16()),
        }
        for field in SCHEMA:
            if field.name not in columns:
                values = rows[field.name]
                present = ~np.isnan(values) if field.nullable else None
                columns[field.name] = encode_numbers(values, field.type, present)
        batch = pa.RecordBatch.from_arrays([columns[field.name] for field in SCHEMA], schema=SCHEMA)
        self._writer.write_batch(batch)
        self._stream.flush()
        self.written += len(rows)
        return SampleBatch(rows, stages, endpoints)

    def close(self) -> None:
        """End the stream."""
        self._writer.close()
        self._stream.close()


_OUTCOMES = encode_texts(OUTCOMES)
_KINDS = encode_texts(KINDS)


def _encode_labels(codes: NDArray[np.integer[Any]], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(encode_numbers(codes, pa.int16()), names)


def _encode_trace_ids(ids: NDArray[np.uint64]) -> pa.Array:
    """Ids of 16 bytes as 32 hexadecimal digits; zeros, which are no trace's id, as null."""
    traced = (ids[:, 0] | ids[:, 1]) != 0
    if not traced.any():
        return pa.nulls(len(ids), pa.string())
    digits = ids.tobytes().hex()
    each = [digits[start : start + 32] for start in range(0, len(digits), 32)]
    return encode_texts(each, traced)
