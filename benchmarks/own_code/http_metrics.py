"""Measures the `http_*` metrics of a request: this service's code and the Instrumentator's middleware."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from time import process_time
from typing import Any, Final

from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics
from rest_model_service.configuration import MetricsConfiguration

from service.web.http_metrics import HttpMetrics

REQUESTS: Final = 5_000
PATH: Final = "/prediction"
BODY: Final = b'{"charges":8640.0}'


def measure_middleware_us() -> float:
    """Return the processor time that the middleware adds to a request, in microseconds."""
    plain, counted = _build_app(), _build_app()
    registry = CollectorRegistry()
    Instrumentator(registry=registry).add(metrics.default(registry=registry)).instrument(counted)
    return _measure_app_us(counted) - _measure_app_us(plain)


def measure_own_us() -> float:
    """Return the processor time of counting one request, in microseconds."""
    path = HttpMetrics(FastAPI(), MetricsConfiguration(), CollectorRegistry()).for_path("POST", PATH)
    began = process_time()
    for _ in range(REQUESTS):
        path.count(200, 0.001, 85, len(BODY))
    return (process_time() - began) / REQUESTS * 1e6


def _build_app() -> FastAPI:
    app = FastAPI()

    @app.post(PATH)
    async def answer() -> Response:
        return Response(BODY, media_type="application/json")

    return app


def _measure_app_us(app: FastAPI) -> float:
    return asyncio.run(_send_requests(app)) / REQUESTS * 1e6


async def _send_requests(app: FastAPI) -> float:
    """Call the application for each request; return the seconds of processor time."""
    await app(_scope(), _receive, _send)
    began = process_time()
    for _ in range(REQUESTS):
        await app(_scope(), _receive, _send)
    return process_time() - began


def _scope() -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-length", b"0")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }


async def _receive() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_: MutableMapping[str, Any]) -> None:
    return
