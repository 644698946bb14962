"""The endpoint of a single prediction: admission first, then read, validate, batch and answer."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope

from service.batching.admission import AdmissionControl
from service.batching.deadlines import DeadlineExceededError, DeadlineTimer
from service.batching.endpoint import BODY_COMPLETE, RESERVATION, finish_traced
from service.batching.inference import PredictionError
from service.batching.micro_batcher import MicroBatcher
from service.batching.output_codec import OutputCodec
from service.batching.pending_rows import ArrivalId, PendingRow, TimedPrediction
from service.batching.replies import (
    HttpReply,
    describe_faults,
    make_refusal,
    refuse_invalid,
    refuse_large_body,
    refuse_late_body,
    refuse_late_prediction,
    refuse_overloaded,
)
from service.batching.request_body import BodyTooLargeError, ClientGoneError, parse_content_length, read_body
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing


class PredictionEndpoint:
    """`POST .../prediction`, a `FastPathEndpoint`.

    The deadline starts when the request's head is parsed. Most bodies arrive together with their heads, and
    their rows share one timer (`DeadlineTimer`). A body that arrives later has its own timer, which ends the
    reading of the body or the wait of its row.
    """

    def __init__(
        self,
        schemas: tuple[type[BaseModel], type[BaseModel]],
        batcher: MicroBatcher[BaseModel, BaseModel],
        admission: AdmissionControl,
        deadline_s: float,
        max_bytes: int,
        metrics: InferenceMetrics,
        tracing: Tracing | None,
    ) -> None:
        input_schema, output_schema = schemas
        self._validate = TypeAdapter(input_schema).validator.validate_json
        self._outputs = OutputCodec(output_schema)
        self._batcher = batcher
        self._admission = admission
        self._deadline_timer = DeadlineTimer(batcher, deadline_s)
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._tracing = tracing

    def admit(self, scope: Scope) -> HttpReply | None:
        """Reserve a place in the queue, before the body is read or validated; 503 if there is none."""
        depth = self._batcher.depth
        if not self._admission.admits(depth):
            self._metrics.count_rejection()
            return refuse_overloaded(self._admission.retry_after_s(depth))
        scope[RESERVATION] = self._batcher.expect()
        return None

    async def __call__(self, scope: Scope, receive: Receive) -> HttpReply | None:
        """Answer an admitted request."""
        if self._tracing is None:
            return await self._answer(scope, receive, None)
        with self._tracing.trace_request(scope) as span:
            reply = await self._answer(scope, receive, span)
            return finish_traced(self._tracing, span, reply)

    async def _answer(self, scope: Scope, receive: Receive, span: Span | None) -> HttpReply | None:
        arrival: ArrivalId = scope[RESERVATION]
        until_s = None
        try:
            if BODY_COMPLETE in scope:
                body = await read_body(receive, self._max_bytes)
            elif (parse_content_length(scope["headers"]) or 0) > self._max_bytes:
                return refuse_large_body(self._max_bytes, announced=True)
            else:
                until_s = asyncio.get_running_loop().time() + self._deadline_s
                async with asyncio.timeout_at(until_s):
                    body = await read_body(receive, self._max_bytes)
            with nullcontext() if self._tracing is None else self._tracing.trace_preparation():
                data = self._validate(body)
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            return refuse_large_body(self._max_bytes)
        except TimeoutError:
            self._metrics.count_timeout()
            return refuse_late_body(self._deadline_s)
        except ValidationError as error:
            return refuse_invalid(describe_faults(error))
        else:
            row = self._batcher.submit(data, arrival, None if span is None else span.get_span_context())
        finally:
            self._batcher.withdraw(arrival)
        if until_s is None:
            self._deadline_timer.watch(row)
        else:
            loop = asyncio.get_running_loop()
            loop.call_at(until_s, self._batcher.expire, row, DeadlineExceededError())
        try:
            prediction = await self._wait_for(row, receive)
            content = self._outputs.encode(prediction.output)
        except ClientGoneError:
            return None
        except DeadlineExceededError:
            self._metrics.count_timeout()
            return refuse_late_prediction(self._deadline_s)
        except PredictionError as error:
            return make_refusal(500, "ServiceError", [str(error)])
        if span is not None and self._tracing is not None:
            self._tracing.record_prediction(span, content.decode)
            span.set_attributes(
                {
                    "model.inference_time_seconds": prediction.inference_s,
                    "batch.size": prediction.rows,
                    "queue.wait_seconds": prediction.queue_s,
                }
            )
        timing = (
            f"queue;dur={prediction.queue_s * 1e3:.3f}, inference;dur={prediction.inference_s * 1e3:.3f}, "
            f'batch;desc="{prediction.rows}"'
        )
        return HttpReply(200, content, ((b"server-timing", timing.encode()),))

    async def _wait_for(self, row: PendingRow[Any, Any], receive: Receive) -> TimedPrediction[Any]:
        """Wait for the row's prediction; while a batch is in the model's thread, also for a disconnect.

        A client that disconnects frees its row's place. Watching for that takes a task; a row that runs
        inline is answered before the task would start. Raises `ClientGoneError`.
        """
        if self._batcher.model_is_busy:
            client_gone: asyncio.Future[Any] = asyncio.ensure_future(receive())
            try:
                await asyncio.wait((row.answer, client_gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                client_gone.cancel()
            if not row.answer.done():
                self._batcher.drop(row)
                raise ClientGoneError
        try:
            return await row.answer
        except asyncio.CancelledError:
            self._batcher.drop(row)
            raise
