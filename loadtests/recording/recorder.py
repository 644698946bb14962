"""Packs a row for every request, and hands full batches of rows on."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final

from loadtests.client.connection import OUR_LIMITS
from loadtests.recording.row import KIND_CODES, OUTCOME_CODES, ROW_BYTES, SampleRow, pack_row_into

BATCH_ROWS: Final = 4_096
MOST_NAMES: Final = 1_000
OTHER_NAMES: Final = "(other names)"
"""The name of requests beyond that many names, because each name is a row in every table."""


class Recorder:
    """Packs rows into one buffer; calls `sink(raw)` with them when it is full or `seal` is called."""

    def __init__(self, endpoints: Sequence[str], sink: Callable[[bytes], object] = len) -> None:
        self.recorded = 0
        self.lost = 0
        """Requests that could not be recorded."""
        self.sink = sink
        self.started = perf_counter()
        """The run's start on this process's monotonic clock: the zero of every time in a row."""
        self.endpoints = list(endpoints)
        """Names of the endpoint codes; user classes of other clients append theirs."""
        self._codes = {name: code for code, name in enumerate(self.endpoints)}
        self._buffer = bytearray(BATCH_ROWS * ROW_BYTES)
        self._offset = 0

    def record(self, row: SampleRow | tuple[float | bytes, ...]) -> None:
        """Add one row: a `SampleRow`, or a bare tuple in its order."""
        pack_row_into(self._buffer, self._offset, *row)
        self._offset += ROW_BYTES
        self.recorded += 1
        if self._offset == len(self._buffer):
            self.seal()

    def seal(self) -> None:
        """Pass all packed rows on to the sink."""
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
        sample: SampleRow | tuple[float | bytes, ...] | None = None,
        **_: Any,
    ) -> None:
        """Listen to Locust's request event; our users pass their row, for others one is made from the event.

        Locust swallows exceptions of listeners, so a request that can't be recorded is counted as lost.
        """
        try:
            self.record(sample or self._build_row(name, response_time, response_length, exception, response))
        except (struct.error, OverflowError, ValueError, TypeError):
            self.lost += 1

    def _build_row(
        self, name: str, latency_ms: float, length: int, exception: Exception | None, response: Any
    ) -> SampleRow:
        endpoint = self._find_code(name)
        sent_s = perf_counter() - self.started - latency_ms / 1000.0
        status = int(getattr(response, "status_code", 0) or 0)
        return SampleRow(
            intended_s=sent_s,
            sent_s=sent_s,
            latency_ms=latency_ms,
            service_ms=latency_ms,
            endpoint=endpoint,
            outcome=OUTCOME_CODES[classify_event(status, exception)],
            kind=KIND_CODES["realistic"],
            status=status,
            rows=1,
            request_bytes=0,
            response_bytes=length or 0,
        )

    def _find_code(self, name: str) -> int:
        """The code of an endpoint name; once there are too many names, new ones share one code."""
        code = self._codes.get(name)
        if code is None:
            if len(self.endpoints) >= MOST_NAMES:
                name = OTHER_NAMES
            code = self._codes.setdefault(name, len(self.endpoints))
            if code == len(self.endpoints):
                self.endpoints.append(name)
        return code


def classify_event(status: int, exception: Exception | None) -> str:
    """The outcome of a request by another client, from its status and its exception."""
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
