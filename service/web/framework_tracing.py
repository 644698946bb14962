"""Spans of what rest_model_service's own endpoints answer: health checks, predictions of one record."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from ml_base import MLModel, MLModelDecorator
from opentelemetry.trace import get_current_span
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.tracing import Tracing

_HEALTH_PATH = "/api/health"


def add_framework_tracing(app: FastAPI, models: Iterable[MLModel], tracing: Tracing) -> None:
    """Trace health checks, and the predictions of `models`; export the remaining spans at the end."""
    by_path = {}
    for model in models:
        of_model = tracing.for_model(model.qualified_name, model.version)
        by_path[f"/api/models/{model.qualified_name}/prediction"] = of_model
        _trace_calls(model, of_model)
    app.add_middleware(FrameworkTracing(tracing, by_path).wrap)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        tracing.close()

    app.include_router(APIRouter(lifespan=lifespan))


class FrameworkTracing:
    """ASGI middleware: a span for each health check, and for each POST request to one of the paths."""

    _app: ASGIApp

    def __init__(self, tracing: Tracing, by_path: dict[str, Tracing]) -> None:
        self._tracing = tracing
        self._by_path = by_path

    def wrap(self, app: ASGIApp) -> FrameworkTracing:
        """Become the layer around `app`: what `add_middleware` calls."""
        self._app = app
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = scope.get("path", "")
        of_model = self._by_path.get(path) if scope.get("method") == "POST" else None
        if of_model is not None:
            await self._trace_prediction(of_model, scope, receive, send)
        elif path.startswith(_HEALTH_PATH):
            with self._tracing.trace_health_check(scope):
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _trace_prediction(self, tracing: Tracing, scope: Scope, receive: Receive, send: Send) -> None:
        with tracing.trace_request(scope) as span:

            async def send_with_trace(message: Message) -> None:
                if message["type"] == "http.response.start":
                    named = tracing.finish_request(span, message["status"])
                    message["headers"] = [*message.get("headers", ()), *named]
                await send(message)

            await self._app(scope, receive, send_with_trace)


def _trace_calls(model: MLModel, tracing: Tracing) -> None:
    """Replace the model's `predict` by one that makes a span of each call, if its request is traced."""
    while isinstance(model, MLModelDecorator):  # which hands an assignment on to the model in it
        model = model.__dict__["_model"]
    predict = model.predict

    def predict_traced(data: Any) -> BaseModel:
        span, error = get_current_span(), None
        started_s = time.perf_counter()
        try:
            output: BaseModel = predict(data)
        except Exception as failure:
            error = failure
            raise
        finally:
            elapsed_s = time.perf_counter() - started_s
            tracing.record_inference([span.get_span_context()], elapsed_s, {"batch.size": 1}, error)
        tracing.record_prediction(span, output.model_dump_json)
        return output

    model.predict = predict_traced
