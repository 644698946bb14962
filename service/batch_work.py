"""One explicit batch at work: slice by slice parsed, predicted and encoded, each in its turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json
from rest_model_service.schemas import Error

from service.inference import Inference
from service.metrics import InferenceMetrics
from service.replies import ClientGoneError, Reply, faults, invalid, refusal
from service.tracing import Span, Tracing

_MOST_FAULTS = 100
_ROWS_AT_ONCE = 64


class MisplacedCutError(Exception):
    """A slice is no JSON: the cut hit a string or a nested list, or the whole text is no JSON either."""


class RowCodec:
    """Reads a slice's rows and writes its results."""

    def __init__(self, read: type[BaseModel], written: type[BaseModel]) -> None:
        self._rows = TypeAdapter(list[read])  # type: ignore[valid-type]
        self._outputs = TypeAdapter(list[written])  # type: ignore[valid-type]
        self._results = TypeAdapter(list[written | Error])  # type: ignore[valid-type]

    def rows(self, text: bytes) -> list[BaseModel]:
        """All rows. Raises `ValidationError`."""
        return self._rows.validate_json(text)

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

    async def run(self, texts: Iterable[bytes], whole: bool) -> Reply:
        """The reply to the batch in `texts`.

        Raises `ClientGoneError`, `PredictionError` and `MisplacedCutError`.
        `whole` says that `texts` is the one text the client sent, so that there is no cut to blame.
        """
        for text in texts:
            waiting_since_s = time.perf_counter()
            async with self.turn:
                self.queue_s += time.perf_counter() - waiting_since_s
                if self.gone.done():
                    raise ClientGoneError
                try:
                    await self._take(text)
                except ValidationError as error:
                    if not whole and error.errors(include_input=False)[0]["type"] == "json_invalid":
                        raise MisplacedCutError from error
                    return invalid(faults(error))
                if not whole:
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
        body = b"[" + b",".join(self.results) + b"]"
        return Reply(200, body, ((b"server-timing", timing.encode()),))

    async def _take(self, text: bytes) -> None:
        """Work on one slice. Raises `ValidationError` if it is no JSON list, and `PredictionError`."""
        try:
            with nullcontext() if self.tracing is None else self.tracing.preparation():
                rows = self.codec.rows(text)
        except ValidationError as error:
            if error.error_count() == 1 and not error.errors(include_input=False)[0]["loc"]:
                raise
            await self._take_faulty(text)
            return
        self.rows += len(rows)
        if rows and not self.faults and self.rows <= self.most_rows:
            self.results.append(self.codec.encode(await self._predicted(rows)))

    async def _take_faulty(self, text: bytes) -> None:
        """A slice with invalid rows: what is wrong with each, and, if partial, the results of the others."""
        read: list[BaseModel | Error] = []
        for index, value in enumerate(from_json(text), self.rows):
            if index % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                read.append(self.codec.row(value))
            except ValidationError as error:
                told = faults(error, index)
                read.append(Error(type="ValidationError", messages=told))
                if not self.partial:
                    self.faults += told
                    if len(self.faults) >= _MOST_FAULTS:
                        return
        self.rows += len(read)
        if self.partial and self.rows <= self.most_rows:
            outputs = iter(await self._predicted([each for each in read if not isinstance(each, Error)]))
            results = [each if isinstance(each, Error) else next(outputs) for each in read]
            self.results.append(self.codec.encode_results(results))

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
