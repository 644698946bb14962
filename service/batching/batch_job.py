"""The work on one explicit batch: slice by slice parsed, predicted and encoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from rest_model_service.schemas import Error

from service.batching.inference import ModelRunner
from service.batching.replies import HttpReply, describe_faults, make_refusal, refuse_invalid
from service.batching.request_body import ClientGoneError
from service.batching.row_codec import ROW_INVALID, RowCodec
from service.batching.slicing import ListSlicer, RowTooLongError
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing

_MAX_FAULTS = 100
_ROWS_BETWEEN_YIELDS = 64


@dataclass
class BatchJob:
    """What a batch needs, and its state. `turn` is held while a slice is worked on: one slice at a time.

    `client_gone` is done once the client closed its connection. With `partial`, the error of an invalid row
    takes the place of its result; without, all faults are collected and answered instead of any result.
    """

    codec: RowCodec
    runner: ModelRunner[BaseModel, BaseModel]
    turn: asyncio.Lock
    max_rows: int
    partial: bool
    client_gone: asyncio.Future[Any]
    metrics: InferenceMetrics
    tracing: Tracing | None = None
    span: Span | None = None
    rows: int = 0
    queue_s: float = 0.0
    inference_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    results: list[bytes] = field(default_factory=list)

    async def run(self, body: bytes, slice_bytes: int) -> HttpReply:
        """Answer the batch in `body`. Raises `ClientGoneError` and `PredictionError`."""
        slicer = ListSlicer(body, slice_bytes)
        if not slicer.is_list and len(body) > slice_bytes:
            return refuse_invalid(["Field 'body' has error 'list_type', Input should be a valid array."])
        while slicer.more:
            waiting_since_s = time.perf_counter()
            async with self.turn:
                self.queue_s += time.perf_counter() - waiting_since_s
                if self.client_gone.done():
                    raise ClientGoneError
                try:
                    await self._process(slicer.take(), slicer)
                except ValidationError as error:
                    return refuse_invalid(self._describe(error))
                except RowTooLongError:
                    message = (
                        f"Row {self.rows} is longer than {slice_bytes:,} bytes, the most that is read of one."
                    )
                    return make_refusal(413, "ContentTooLarge", [message])
                if not slicer.whole:
                    # Within the turn: otherwise each batch would have a slice in one pass of the event loop.
                    await asyncio.sleep(0)
            if len(self.faults) >= _MAX_FAULTS:
                return refuse_invalid(
                    [*self.faults[:_MAX_FAULTS], "... and what comes after was not looked at."]
                )
            if self.rows > self.max_rows:
                message = (
                    f"The batch has more than {self.max_rows:,} rows, the most that is answered at once."
                )
                return make_refusal(413, "ContentTooLarge", [message])
        if self.faults:
            return refuse_invalid(self.faults)
        if self.rows == 0:
            return refuse_invalid(
                ["Field 'body' has error 'too_short', the list should have at least 1 row."]
            )
        timing = (
            f"queue;dur={self.queue_s * 1e3:.3f}, inference;dur={self.inference_s * 1e3:.3f}, "
            f'batch;desc="{self.rows}"'
        )
        self.results[0] = b"[" + self.results[0]
        self.results[-1] += b"]"
        return HttpReply(200, b",".join(self.results), ((b"server-timing", timing.encode()),))

    async def _process(self, text: bytes, slicer: ListSlicer) -> None:
        """Process one slice. Raises `ValidationError` if it is no JSON list, and `RowTooLongError`."""
        try:
            with nullcontext() if self.tracing is None else self.tracing.trace_preparation():
                rows = self.codec.parse_rows(text)
        except ValidationError as error:
            kind = error.errors(include_input=False)[0]["type"]
            if kind == ROW_INVALID:
                await self._process_invalid(self.codec.parse_values(text))
            elif kind == "json_invalid" and (exact := slicer.recut()) is not None:
                await self._process(exact, slicer)
            else:
                raise
            return
        self.rows += len(rows)
        if rows and not self.faults and self.rows <= self.max_rows:
            self.results.append(self.codec.encode_outputs(await self._predict(rows)))

    async def _process_invalid(self, values: Sequence[object]) -> None:
        """Process a slice with invalid rows: collect their faults, or with `partial` all rows' results."""
        if self.rows + len(values) > self.max_rows:
            self.rows += len(values)
            return
        for first in range(0, len(values), _ROWS_BETWEEN_YIELDS):
            await asyncio.sleep(0)
            rows = [
                self._validate(value, index)
                for index, value in enumerate(values[first : first + _ROWS_BETWEEN_YIELDS], self.rows)
            ]
            self.rows += len(rows)
            if self.partial:
                valid = [row for row in rows if not isinstance(row, Error)]
                outputs = iter(await self._predict(valid))
                results = [row if isinstance(row, Error) else next(outputs) for row in rows]
                self.results.append(self.codec.encode_results(results))
                continue
            self.faults += [message for row in rows if isinstance(row, Error) for message in row.messages]
            if len(self.faults) >= _MAX_FAULTS:
                return

    def _validate(self, value: object, index: int) -> BaseModel | Error:
        try:
            return self.codec.validate_row(value)
        except ValidationError as error:
            return Error(type="ValidationError", messages=describe_faults(error, index))

    def _describe(self, error: ValidationError) -> list[str]:
        """What is wrong with the text; for a later slice, the row from which its position is counted."""
        messages = describe_faults(error)
        return [f"{messages[0][:-1]}, counted from row {self.rows:,} on."] if self.rows else messages

    async def _predict(self, rows: Sequence[BaseModel]) -> Sequence[BaseModel]:
        if not rows:
            return ()
        result = await self.runner.predict(rows)
        inference_s = result.ended_s - result.started_s
        self.inference_s += inference_s
        self.metrics.count_batch(len(rows), inference_s)
        if self.tracing is not None and self.span is not None:
            self.tracing.record_inference(
                [self.span.get_span_context()], inference_s, {"batch.size": len(rows)}, result.error
            )
        if result.error is not None:
            raise result.error
        return result.outputs
