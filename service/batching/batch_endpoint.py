"""The batch endpoint: a list of records in, a list of results out, in order, and others served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from pydantic import BaseModel
from starlette.types import Receive, Scope

from service.batching.admission import Admission
from service.batching.batch_work import BatchWork, RowCodec
from service.batching.endpoint import RESERVATION, finish_traced
from service.batching.inference import Inference, PredictionError
from service.batching.replies import (
    BodyTooLargeError,
    ClientGoneError,
    Reply,
    body_too_late,
    content_length,
    invalid,
    overloaded,
    read_body,
    refusal,
    too_large,
    too_late,
)
from service.batching.settings import ExplicitBatch
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing

_REQUEST_BYTES = 1024
"""What a request costs beside its body, in bytes that take as long: 45 µs, at 6.7 µs for 130 bytes of row."""


class BatchEndpoint:
    """`POST .../prediction/batch`, a `FastPathEndpoint`.

    All or nothing by default: invalid rows are told by index and field with 400, all of them at once, so that
    one correction is enough. With `?partial=true` each invalid row has its error in its place, and the rest
    is predicted.

    A long body is cut into slices, each parsed, predicted and encoded in one go on the event loop (a slow
    model predicts in its thread); between two slices other requests have their turn, and no two batches have
    a slice in the same pass of the loop. What can't be cut is refused, never read as a whole: a text that
    isn't a list, a row longer than a slice.

    Why not in a thread: validation is one call that keeps the interpreter lock, so a thread stalls the event
    loop all the same, and then competes for the lock. Measured with 10,000 rows on 2 cores (median of the
    longest stall in each batch, with the time of a batch): whole in a thread 77 ms (106 ms), slices of 16 KiB
    in a thread 0.35 ms (22 ms), such slices on the loop 0.33 ms (17 ms), slices of 64 KiB on the loop 1.2 ms.
    """

    def __init__(
        self,
        codec: RowCodec,
        inference: Inference[BaseModel, BaseModel],
        knobs: ExplicitBatch,
        depth: Callable[[], int],
        admission: Admission,
        metrics: InferenceMetrics,
        tracing: Tracing | None,
    ) -> None:
        self._codec = codec
        self._inference = inference
        self._knobs = knobs
        self._deadline_s = knobs.deadline_ms / 1e3
        self._most_bytes = int(knobs.max_body_mib * 2**20)
        self._slice_bytes = int(knobs.slice_kib * 2**10)
        self._depth = depth
        self._admission = admission
        self._metrics = metrics
        self._tracing = tracing
        self._room_bytes = int(knobs.under_way_mib * 2**20)
        self._under_way_bytes = 0
        self._turn = asyncio.Lock()

    def admit(self, scope: Scope) -> Reply | None:
        """Room for the body, before it is read.

        413 if it is announced as too large, and 503 if too much is under way, here or in the queue.
        """
        length = content_length(scope["headers"]) or self._most_bytes
        if length > self._most_bytes:
            return too_large(self._most_bytes, announced=True)
        size = _REQUEST_BYTES + length
        depth = self._depth()
        full = self._under_way_bytes > 0 and self._under_way_bytes + size > self._room_bytes
        if full or not self._admission.admits(depth):
            self._metrics.count_rejection()
            return overloaded(self._admission.retry_after_s(depth))
        self._under_way_bytes += size
        scope[RESERVATION] = size
        return None

    async def __call__(self, scope: Scope, receive: Receive) -> Reply | None:
        """Answer a batch that was admitted."""
        try:
            partial = parse_qs(scope["query_string"].decode("latin-1")).get("partial", ["false"])[-1]
            if partial not in ("true", "false"):
                return invalid([f"Field 'query, partial' is {partial!r}: expected true or false."])
            if self._tracing is None:
                return await self._answer(receive, partial == "true", None)
            with self._tracing.trace_request(scope) as span:
                reply = await self._answer(receive, partial == "true", span)
                return finish_traced(self._tracing, span, reply)
        finally:
            self._under_way_bytes -= scope[RESERVATION]

    async def _answer(self, receive: Receive, partial: bool, span: Span | None) -> Reply | None:
        body = None
        try:
            async with asyncio.timeout(self._deadline_s):
                body = bytes(await read_body(receive, self._most_bytes))
                gone = asyncio.ensure_future(receive())
                try:
                    return await self._work(body, partial, gone, span)
                finally:
                    gone.cancel()
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            return too_large(self._most_bytes)
        except TimeoutError:
            self._metrics.count_timeout()
            return body_too_late(self._deadline_s) if body is None else too_late(self._deadline_s)
        except PredictionError as error:
            return refusal(500, "ServiceError", [str(error)])

    async def _work(self, body: bytes, partial: bool, gone: asyncio.Future[Any], span: Span | None) -> Reply:
        return await BatchWork(
            codec=self._codec,
            inference=self._inference,
            turn=self._turn,
            most_rows=self._knobs.max_rows,
            partial=partial,
            gone=gone,
            metrics=self._metrics,
            tracing=self._tracing,
            span=span,
        ).run(body, self._slice_bytes)
