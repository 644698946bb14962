"""The batch endpoint: a list of records in, a list of results out, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from pydantic import BaseModel
from starlette.types import Receive, Scope

from service.batching.admission import AdmissionControl
from service.batching.batch_job import BatchJob
from service.batching.endpoint import RESERVATION, finish_traced
from service.batching.inference import ModelRunner, PredictionError
from service.batching.replies import (
    HttpReply,
    make_refusal,
    refuse_invalid,
    refuse_large_body,
    refuse_late_body,
    refuse_late_prediction,
    refuse_overloaded,
)
from service.batching.request_body import BodyTooLargeError, ClientGoneError, parse_content_length, read_body
from service.batching.row_codec import RowCodec
from service.batching.settings import BatchEndpointSettings
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Span, Tracing

_REQUEST_BYTES = 1024
"""The cost of a request without its body, as bytes of body that take as long: 45 µs, at 6.7 µs for a row of
130 bytes (2026-11-20)."""


class BatchEndpoint:
    """`POST .../prediction/batch`, a `FastPathEndpoint`.

    All or nothing by default: 400 names all invalid rows by index and field, so that one correction is
    enough. With `?partial=true` each invalid row has its error in its place, and the others are predicted.

    A long body is cut into slices. Each slice is parsed, predicted and encoded on the event loop (a slow
    model predicts in its thread). Between two slices other requests have their turn, which limits
    head-of-line blocking, and no two batches have a slice in the same pass of the loop. What can't be cut is
    refused: a text that isn't a list, or a row longer than a slice.

    Validation is one call that keeps the interpreter lock, so a thread would block the event loop all the
    same, and compete for the lock. Measured with 10,000 rows (2026-11-20, two cores of an AMD EPYC; median of
    the longest stall in each batch, and the time of a batch): the whole batch in a thread 77 ms (106 ms),
    slices of 16 KiB in a thread 0.35 ms (22 ms), the same slices on the event loop 0.33 ms (17 ms), slices of
    64 KiB on the loop 1.2 ms.
    """

    def __init__(
        self,
        codec: RowCodec,
        runner: ModelRunner[BaseModel, BaseModel],
        settings: BatchEndpointSettings,
        depth: Callable[[], int],
        admission: AdmissionControl,
        metrics: InferenceMetrics,
        tracing: Tracing | None,
    ) -> None:
        self._codec = codec
        self._runner = runner
        self._max_rows = settings.max_rows
        self._deadline_s = settings.deadline_ms / 1e3
        self._max_bytes = int(settings.max_body_mib * 2**20)
        self._slice_bytes = int(settings.slice_kib * 2**10)
        self._max_under_way_bytes = int(settings.under_way_mib * 2**20)
        self._under_way_bytes = 0
        self._depth = depth
        self._admission = admission
        self._metrics = metrics
        self._tracing = tracing
        self._turn = asyncio.Lock()

    def admit(self, scope: Scope) -> HttpReply | None:
        """Reserve the bytes of the body, before it is read.

        413 if Content-Length is too large; 503 if too many bytes are under way, or too many rows wait.
        """
        length = parse_content_length(scope["headers"]) or self._max_bytes
        if length > self._max_bytes:
            return refuse_large_body(self._max_bytes, announced=True)
        size = _REQUEST_BYTES + length
        depth = self._depth()
        full = self._under_way_bytes > 0 and self._under_way_bytes + size > self._max_under_way_bytes
        if full or not self._admission.admits(depth):
            self._metrics.count_rejection()
            return refuse_overloaded(self._admission.retry_after_s(depth))
        self._under_way_bytes += size
        scope[RESERVATION] = size
        return None

    async def __call__(self, scope: Scope, receive: Receive) -> HttpReply | None:
        """Answer an admitted batch."""
        try:
            partial = parse_qs(scope["query_string"].decode("latin-1")).get("partial", ["false"])[-1]
            if partial not in ("true", "false"):
                return refuse_invalid([f"Field 'query, partial' is {partial!r}: expected true or false."])
            if self._tracing is None:
                return await self._answer(receive, partial == "true", None)
            with self._tracing.trace_request(scope) as span:
                reply = await self._answer(receive, partial == "true", span)
                return finish_traced(self._tracing, span, reply)
        finally:
            self._under_way_bytes -= scope[RESERVATION]

    async def _answer(self, receive: Receive, partial: bool, span: Span | None) -> HttpReply | None:
        body = None
        try:
            async with asyncio.timeout(self._deadline_s):
                body = bytes(await read_body(receive, self._max_bytes))
                client_gone = asyncio.ensure_future(receive())
                try:
                    return await self._run_job(body, partial, client_gone, span)
                finally:
                    client_gone.cancel()
        except ClientGoneError:
            return None
        except BodyTooLargeError:
            return refuse_large_body(self._max_bytes)
        except TimeoutError:
            self._metrics.count_timeout()
            if body is None:
                return refuse_late_body(self._deadline_s)
            return refuse_late_prediction(self._deadline_s)
        except PredictionError as error:
            return make_refusal(500, "ServiceError", [str(error)])

    async def _run_job(
        self, body: bytes, partial: bool, client_gone: asyncio.Future[Any], span: Span | None
    ) -> HttpReply:
        return await BatchJob(
            codec=self._codec,
            runner=self._runner,
            turn=self._turn,
            max_rows=self._max_rows,
            partial=partial,
            client_gone=client_gone,
            metrics=self._metrics,
            tracing=self._tracing,
            span=span,
        ).run(body, self._slice_bytes)
