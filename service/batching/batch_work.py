"""One explicit batch at work: slice by slice parsed, predicted and encoded, each in its turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, FailFast, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core import core_schema, from_json
from rest_model_service.schemas import Error

from service.batching.inference import Inference
from service.batching.replies import ClientGoneError, Reply, faults, invalid, refusal
from service.batching.slicing import RowTooLongError, Slices
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing

_MOST_FAULTS = 100
_ROWS_AT_ONCE = 64
_ROW_INVALID = "row_invalid"


class RowCodec:
    """Reads a slice's rows and writes its results."""

    def __init__(self, read: type[BaseModel], written: type[BaseModel]) -> None:
        # Each fault has a copy of its row made, so of a whole slice only one is to be told.
        terse = GetPydanticSchema(
            lambda source, handler: core_schema.custom_error_schema(
                handler(source), _ROW_INVALID, custom_error_message="Row is not valid"
            )
        )
        rows: Any = Annotated[list[Annotated[read, terse]], FailFast()]  # type: ignore[valid-type]
        self._slice: TypeAdapter[list[BaseModel]] = TypeAdapter(rows)
        self._rows = TypeAdapter(list[read])  # type: ignore[valid-type]
        self._outputs = TypeAdapter(list[written])  # type: ignore[valid-type]
        self._results = TypeAdapter(list[written | Error])  # type: ignore[valid-type]

    def rows(self, text: bytes) -> list[BaseModel]:
        """All rows. Raises `ValidationError` with one fault, which doesn't say what is wrong with a row."""
        return self._slice.validate_json(text)

    def values(self, text: bytes) -> list[Any]:
        """The list as it stands there, of a text that is one."""
        values: list[Any] = from_json(text)
        return values

    def row(self, value: object) -> BaseModel:
        """One row of parsed JSON. Raises `ValidationError`, its faults placed in row 0 of a list."""
        return self._rows.validate_python([value])[0]

    def encode(self, outputs: Sequence[BaseModel]) -> bytes:
        """The outputs as a JSON list without its brackets."""
        return self._outputs.dump_json(list(outputs))[1:-1]

    def encode_results(self, results: Sequence[BaseModel]) -> bytes:
        """The same for outputs among errors."""
        return self._results.dump_json(list(results))[1:-1]


@dataclass
class BatchWork:
    """What a batch needs and has so far. `turn` is held while a slice is worked on: one at a time.

    `gone` is done once the client went away. With `partial`, an invalid row has its error in its place;
    without, all faults are collected and answered instead of any result.
    """

    codec: RowCodec
    inference: Inference[BaseModel, BaseModel]
    turn: asyncio.Lock
    most_rows: int
    partial: bool
    gone: asyncio.Future[Any]
    metrics: InferenceMetrics
    tracing: Tracing | None = None
    span: Span | None = None
    rows: int = 0
    queue_s: float = 0.0
    inference_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    results: list[bytes] = field(default_factory=list)

    async def run(self, body: bytes, slice_bytes: int) -> Reply:
        """The reply to the batch in `body`. Raises `ClientGoneError` and `PredictionError`."""
        slices = Slices(body, slice_bytes)
        if not slices.is_list and len(body) > slice_bytes:
            return invalid(["Field 'body' has error 'list_type', Input should be a valid array."])
        while slices.more:
            waiting_since_s = time.perf_counter()
            async with self.turn:
                self.queue_s += time.perf_counter() - waiting_since_s
                if self.gone.done():
                    raise ClientGoneError
                try:
                    await self._take(slices.take(), slices)
                except ValidationError as error:
                    return invalid(self._told(error))
                except RowTooLongError:
                    told = (
                        f"Row {self.rows} is longer than {slice_bytes:,} bytes, the most that is read of one."
                    )
                    return refusal(413, "ContentTooLarge", [told])
                if not slices.whole:
                    await asyncio.sleep(0)  # within the turn: or each batch would have its slice in one pass
            if len(self.faults) >= _MOST_FAULTS:
                return invalid([*self.faults[:_MOST_FAULTS], "... and what comes after was not looked at."])
            if self.rows > self.most_rows:
                told = f"The batch has more than {self.most_rows:,} rows, the most that is answered at once."
                return refusal(413, "ContentTooLarge", [told])
        if self.faults:
            return invalid(self.faults)
        if self.rows == 0:
            return invalid(["Field 'body' has error 'too_short', the list should have at least 1 row."])
        timing = (
            f"queue;dur={self.queue_s * 1e3:.3f}, inference;dur={self.inference_s * 1e3:.3f}, "
            f'batch;desc="{self.rows}"'
        )
        self.results[0] = b"[" + self.results[0]
        self.results[-1] += b"]"
        return Reply(200, b",".join(self.results), ((b"server-timing", timing.encode()),))

    async def _take(self, text: bytes, slices: Slices) -> None:
        """Work on one slice. Raises `ValidationError` if it is no JSON list, and `RowTooLongError`."""
        try:
            with nullcontext() if self.tracing is None else self.tracing.trace_preparation():
                rows = self.codec.rows(text)
        except ValidationError as error:
            kind = error.errors(include_input=False)[0]["type"]
            if kind == _ROW_INVALID:
                await self._take_faulty(self.codec.values(text))
            elif kind == "json_invalid" and (anew := slices.again()) is not None:
                await self._take(anew, slices)
            else:
                raise
            return
        self.rows += len(rows)
        if rows and not self.faults and self.rows <= self.most_rows:
            self.results.append(self.codec.encode(await self._predicted(rows)))

    async def _take_faulty(self, values: Sequence[object]) -> None:
        """A slice with invalid rows: what is wrong with each, and, if partial, the results of the others."""
        if self.rows + len(values) > self.most_rows:
            self.rows += len(values)
            return
        for first in range(0, len(values), _ROWS_AT_ONCE):
            await asyncio.sleep(0)
            read = [
                self._row(value, index)
                for index, value in enumerate(values[first : first + _ROWS_AT_ONCE], self.rows)
            ]
            self.rows += len(read)
            if self.partial:
                valid = [each for each in read if not isinstance(each, Error)]
                outputs = iter(await self._predicted(valid))
                results = [each if isinstance(each, Error) else next(outputs) for each in read]
                self.results.append(self.codec.encode_results(results))
                continue
            self.faults += [told for each in read if isinstance(each, Error) for told in each.messages]
            if len(self.faults) >= _MOST_FAULTS:
                return

    def _row(self, value: object, index: int) -> BaseModel | Error:
        try:
            return self.codec.row(value)
        except ValidationError as error:
            return Error(type="ValidationError", messages=faults(error, index))

    def _told(self, error: ValidationError) -> list[str]:
        """What is wrong with the text; of a slice, from which row on its place is counted."""
        told = faults(error)
        return [f"{told[0][:-1]}, counted from row {self.rows:,} on."] if self.rows else told

    async def _predicted(self, rows: Sequence[BaseModel]) -> Sequence[BaseModel]:
        if not rows:
            return ()
        outcome = await self.inference.outputs(rows)
        inference_s = outcome.ended_s - outcome.started_s
        self.inference_s += inference_s
        self.metrics.count_batch(len(rows), inference_s)
        if self.tracing is not None and self.span is not None:
            self.tracing.record_inference(
                [self.span.get_span_context()], inference_s, {"batch.size": len(rows)}, outcome.error
            )
        if outcome.error is not None:
            raise outcome.error
        return outcome.outputs
