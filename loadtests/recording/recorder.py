"""Every request becomes one packed row; full batches of rows are sealed and handed on."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loadtests.client.connection import OUR_LIMITS
from reports.data.columns import numbers, texts
from reports.data.facts import Stage
from reports.data.samples import KINDS, OUTCOMES, SCHEMA

BATCH_ROWS: Final = 4_096
MOST_NAMES: Final = 1_000
OTHER_NAMES: Final = "(other names)"
"""What requests are called whose names are too many: each name is a row in every table."""
NAN: Final = float("nan")

ROW: Final = np.dtype(
    [
        ("intended_s", "<f8"),
        ("sent_s", "<f8"),
        ("latency_ms", "<f8"),
        ("service_ms", "<f8"),
        ("endpoint", "<u2"),
        ("outcome", "u1"),
        ("kind", "u1"),
        ("status", "<u2"),
        ("rows", "<u4"),
        ("request_bytes", "<u4"),
        ("response_bytes", "<u4"),
        ("queue_ms", "<f4"),
        ("inference_ms", "<f4"),
        ("batch_size", "<f4"),
        ("trace_id", "<u8", 2),
    ]
)
_pack_into: Final = struct.Struct("<4dH2BH3I3f16s").pack_into

OUTCOME_CODES: Final = {name: code for code, name in enumerate(OUTCOMES)}
KIND_CODES: Final = {name: code for code, name in enumerate(KINDS)}


class Row(NamedTuple):
    """What `ROW` packs, in its order; times in seconds since the run's start, NaN where there is none."""

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


class Recorder:
    """Pack rows into one buffer; hand `sink(raw)` the packed rows when it is full or `seal` is called."""

    def __init__(self, endpoints: Sequence[str], sink: Callable[[bytes], object] = len) -> None:
        self.recorded = 0
        self.lost = 0
        """Requests that could not be recorded."""
        self.sink = sink
        self.started = perf_counter()
        """The run's start on this process's monotonic clock: the zero of every time in a row."""
        self.endpoints = list(endpoints)
        """Names of the endpoint codes; requests of foreign user classes append theirs."""
        self._codes = {name: code for code, name in enumerate(self.endpoints)}
        self._buffer = bytearray(BATCH_ROWS * ROW.itemsize)
        self._offset = 0

    def record(self, row: Row | tuple[float | bytes, ...]) -> None:
        """Add one row: a `Row`, or a bare tuple in its order."""
        _pack_into(self._buffer, self._offset, *row)
        self._offset += ROW.itemsize
        self.recorded += 1
        if self._offset == len(self._buffer):
            self.seal()

    def seal(self) -> None:
        """Hand on what has gathered."""
        if self._offset:
            raw = bytes(memoryview(self._buffer)[: self._offset])
            self._offset = 0
            self.sink(raw)

    def on_request(
        self,
        name: str,
        response_time: float,
        response_length: int,
        exception: Exception | None = None,
        response: Any = None,
        sample: Row | tuple[float | bytes, ...] | None = None,
        **_: Any,
    ) -> None:
        """Listen to Locust's request event: our users send their row along, of others the event is read.

        Locust would swallow an exception from here: a request that can't be recorded is counted as lost.
        """
        try:
            self.record(
                sample or self._row_of_event(name, response_time, response_length, exception, response)
            )
        except (struct.error, OverflowError, ValueError, TypeError):
            self.lost += 1

    def _row_of_event(
        self, name: str, latency_ms: float, length: int, exception: Exception | None, response: Any
    ) -> Row:
        endpoint = self._code_of(name)
        sent_s = perf_counter() - self.started - latency_ms / 1000.0
        status = int(getattr(response, "status_code", 0) or 0)
        return Row(
            intended_s=sent_s,
            sent_s=sent_s,
            latency_ms=latency_ms,
            service_ms=latency_ms,
            endpoint=endpoint,
            outcome=OUTCOME_CODES[outcome_of_event(status, exception)],
            kind=KIND_CODES["realistic"],
            status=status,
            rows=1,
            request_bytes=0,
            response_bytes=length or 0,
        )

    def _code_of(self, name: str) -> int:
        """The code of a foreign request's name; once there are too many names, new ones share one."""
        code = self._codes.get(name)
        if code is None:
            if len(self.endpoints) >= MOST_NAMES:
                name = OTHER_NAMES
            code = self._codes.setdefault(name, len(self.endpoints))
            if code == len(self.endpoints):
                self.endpoints.append(name)
        return code


def outcome_of_event(status: int, exception: Exception | None) -> str:
    """The outcome of a request that a foreign client made, by its status and its exception's name."""
    if exception is None:
        return "ok"
    if status >= 400:
        return "http_5xx" if status >= 500 else "http_4xx"
    if status:
        return "invalid_reply"
    kind = f"{type(exception).__name__} {exception}".lower()
    for number, outcome in OUR_LIMITS.items():
        if os.strerror(number).lower() in kind:
            return outcome
    if "timeout" in kind or "timed out" in kind:
        return "timeout"
    return "reset" if "reset" in kind or "closed" in kind or "aborted" in kind else "refused"


class Batch(NamedTuple):
    """Decoded rows, the index of each one's stage, and the names of the endpoint codes in them."""

    rows: NDArray[np.void]
    stages: NDArray[np.int16]
    endpoints: Sequence[str]


class SampleWriter:
    """Decode packed rows, a batch at a time, into an Arrow IPC stream that stays readable after a crash."""

    def __init__(self, path: Path, stages: Sequence[Stage]) -> None:
        self.written = 0
        self._edges = np.array([stage.end_s for stage in stages[:-1]])
        self._stages = texts([stage.name for stage in stages])
        self._stream = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_stream(self._stream, SCHEMA)

    def append(self, raw: bytes, endpoints: Sequence[str], worker: int) -> Batch:
        """Write the packed rows of one worker; return them decoded."""
        rows = np.frombuffer(raw, dtype=ROW)
        stages = np.searchsorted(self._edges, rows["intended_s"], side="right").astype(np.int16)
        columns: dict[str, pa.Array] = {
            "endpoint": _labels(rows["endpoint"], texts(endpoints)),
            "stage": _labels(stages, self._stages),
            "outcome": _labels(rows["outcome"], _OUTCOMES),
            "kind": _labels(rows["kind"], _KINDS),
            "trace_id": _trace_ids(rows["trace_id"]),
            "worker": numbers(np.full(len(rows), worker), pa.uint16()),
        }
        for field in SCHEMA:
            if field.name not in columns:
                values = rows[field.name]
                present = ~np.isnan(values) if field.nullable else None
                columns[field.name] = numbers(values, field.type, present)
        batch = pa.RecordBatch.from_arrays([columns[field.name] for field in SCHEMA], schema=SCHEMA)
        self._writer.write_batch(batch)
        self._stream.flush()
        self.written += len(rows)
        return Batch(rows, stages, endpoints)

    def close(self) -> None:
        """End the stream."""
        self._writer.close()
        self._stream.close()


_OUTCOMES = texts(OUTCOMES)
_KINDS = texts(KINDS)


def _labels(codes: NDArray[np.integer[Any]], names: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(numbers(codes, pa.int16()), names)


def _trace_ids(ids: NDArray[np.uint64]) -> pa.Array:
    """Ids of 16 bytes as 32 hexadecimal digits; zeros, which are no trace's id, as null."""
    traced = (ids[:, 0] | ids[:, 1]) != 0
    if not traced.any():
        return pa.nulls(len(ids), pa.string())
    digits = ids.tobytes().hex()
    each = [digits[start : start + 32] for start in range(0, len(digits), 32)]
    return texts(each, traced)
