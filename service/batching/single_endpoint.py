"""The endpoint of one prediction: admitted or shed at once, then read, validated, batched, answered."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope

from service.batching.admission import Admission, DeadlineExceededError, Deadlines
from service.batching.endpoint import BODY_COMPLETE, RESERVATION, finish_traced
from service.batching.inference import PredictionError
from service.batching.micro_batcher import Answer, Arrival, MicroBatcher, Row
from service.batching.replies import (
    BodyTooLargeError,
    ClientGoneError,
    Reply,
    body_too_late,
    content_length,
    faults,
    invalid,
    overloaded,
    read_body,
    refusal,
    too_large,
    too_late,
)
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing


class PredictionEndpoint:
    """`POST .../prediction`, a `FastPathEndpoint`.

    The deadline runs from the head. Most bodies are there with their heads, and their rows share one timer
    (`Deadlines`); a body that comes later has a timer of its own, which ends its reading or its row's wait.
    """

    def __init__(
        self,
        schemas: tuple[type[BaseModel], type[BaseModel]],
        batcher: MicroBatcher[BaseModel, BaseModel],
        admission: Admission,
        deadline_s: float,
        most_bytes: int,
        metrics: InferenceMetrics,
        tracing: Tracing | None,
    ) -> None:
        read, written = schemas
        self._validate = TypeAdapter(read).validator.validate_json
        self._encode = TypeAdapter(written).serializer.to_json
        self._batcher = batcher
        self._admission = admission
        self._deadlines = Deadlines(batcher, deadline_s)
        self._deadline_s = deadline_s
        self._most_bytes = most_bytes
        self._metrics = metrics
        self._tracing = tracing

    def admit(self, scope: Scope) -> Reply | None:
        """A place in the queue, before the body is read or validated; or 503."""
        depth = self._batcher.depth
        if not self._admission.admits(depth):
            self._metrics.count_rejection()
            return overloaded(self._admission.retry_after_s(depth))
        scope[RESERVATION] = self._batcher.expect()
        return None

    async def __call__(self, scope: Scope, receive: Receive) -> Reply | None:
        """Answer a request that was admitted."""
        if self._tracing is None:
            return await self._answer(scope, receive, None)
        with self._tracing.trace_request(scope) as span:
            reply = await self._answer(scope, receive, span)
            return finish_traced(self._tracing, span, reply)

    async def _answer(self, scope: Scope, receive: Receive, span: Span | None) -> Reply | None:
        arrival: Arrival = scope[RESERVATION]
        until_s = None
        try:
            if BODY_COMPLETE in scope:
                body = await read_body(receive, self._most_bytes)
            elif (content_length(scope["headers"]) or 0) > self._most_bytes:
                return too_large(self._most_bytes, announced=True)
            else:
                until_s = asyncio.get_running_loop().time() + self._deadline_s
                async with asyncio.timeout_at(until_s):
                    body = await read_body(receive, self._most_bytes)
            with nullcontext() if self._tracing is None else self._tracing.trace_preparation():
                data = self._validate(body)
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            return too_large(self._most_bytes)
        except TimeoutError:
            self._metrics.count_timeout()
            return body_too_late(self._deadline_s)
        except ValidationError as error:
            return invalid(faults(error))
        else:
            row = self._batcher.submit(data, arrival, None if span is None else span.get_span_context())
        finally:
            self._batcher.withdraw(arrival)
        if until_s is None:
            self._deadlines.watch(row)
        else:
            loop = asyncio.get_running_loop()
            loop.call_at(until_s, self._batcher.expire, row, DeadlineExceededError())
        try:
            answer = await self._answered(row, receive)
        except ClientGoneError:
            return None
        except DeadlineExceededError:
            self._metrics.count_timeout()
            return too_late(self._deadline_s)
        except PredictionError as error:
            return refusal(500, "ServiceError", [str(error)])
        if span is not None:
            span.set_attributes(
                {
                    "model.inference_time_seconds": answer.inference_s,
                    "batch.size": answer.rows,
                    "queue.wait_seconds": answer.queue_s,
                }
            )
        timing = (
            f"queue;dur={answer.queue_s * 1e3:.3f}, inference;dur={answer.inference_s * 1e3:.3f}, "
            f'batch;desc="{answer.rows}"'
        )
        return Reply(200, self._encode(answer.output), ((b"server-timing", timing.encode()),))

    async def _answered(self, row: Row[Any, Any], receive: Receive) -> Answer[Any]:
        """The row's answer. While it waits behind a batch, a client that goes away frees its place.

        Watching for that takes a task; a row that runs inline is answered sooner than the task would begin.
        """
        if self._batcher.working:
            gone: asyncio.Future[Any] = asyncio.ensure_future(receive())
            try:
                await asyncio.wait((row.answer, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
            if not row.answer.done():
                self._batcher.drop(row)
                raise ClientGoneError
        try:
            return await row.answer
        except asyncio.CancelledError:
            self._batcher.drop(row)
            raise
