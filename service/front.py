"""The outermost layer: a request's id, its log line and its metrics, and the short way to the predictions."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import RequestLog, request_id
from service.metrics import HttpMetrics, InferenceMetrics
from service.replies import Header, Reply, refusal, send_reply
from service.stopping import Drain
from service.tracing import Tracing

Lane = Callable[[Scope, Receive], Awaitable[Reply | None]]
"""Answers a request with a whole reply, or with None if its client went away."""

_CLOSE: Header = (b"connection", b"close")
_HEALTH = "/api/health"
_CLIENT_GONE = 499

logger = logging.getLogger(__name__)


class Front:
    """ASGI middleware around everything else.

    POST requests to a path in `lanes` go straight to their endpoint: the framework's layers between here and
    there (routing done twice, exit stacks, request objects) cost more than a prediction. They are counted in
    the same metrics as all others, which pass through.
    """

    def __init__(
        self,
        app: ASGIApp,
        lanes: Mapping[str, Lane],
        log: RequestLog,
        metrics: InferenceMetrics,
        http_metrics: HttpMetrics | None,
        depth: Callable[[], int],
        drain: Drain,
        tracing: Tracing | None,
    ) -> None:
        self._app = app
        self._lanes = lanes
        self._log = log
        self._metrics = metrics
        self._http_metrics = http_metrics
        self._depth = depth
        self._drain = drain
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        identity = request_id(scope["headers"])
        lane = self._lanes.get(scope["path"]) if scope["method"] == "POST" else None
        if lane is None:
            status, detail = await self._pass_on(scope, receive, send, identity)
        else:
            reply = await self._answer(lane, scope, receive)
            if reply is None:
                status, detail, answered = _CLIENT_GONE, "the client went away", 0
            else:
                status, detail, answered = reply.status, reply.detail, len(reply.body)
                await send_reply(send, reply, *self._headers(identity))
            elapsed_s = time.perf_counter() - started_s
            self._metrics.latency.observe(elapsed_s)
            if self._http_metrics is not None:
                sent = _content_length(scope["headers"])
                self._http_metrics.count("POST", scope["path"], status, elapsed_s, sent, answered)
        if self._log.wants(status):
            self._log.write(
                status,
                request_id=identity.decode(),
                method=scope["method"],
                path=scope["path"],
                latency_ms=round((time.perf_counter() - started_s) * 1e3, 3),
                queue_depth=self._depth(),
                detail=detail,
            )

    def _headers(self, identity: bytes) -> tuple[Header, ...]:
        named: Header = (b"x-request-id", identity)
        return (named, _CLOSE) if self._drain.draining else (named,)

    async def _answer(self, lane: Lane, scope: Scope, receive: Receive) -> Reply | None:
        try:
            return await lane(scope, receive)
        except Exception:
            return _unexpected()

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, identity: bytes
    ) -> tuple[int, str | None]:
        """Let the framework answer; returns the status and what the log is to say."""
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._headers(identity)]
            await send(message)

        watched = self._tracing is not None and scope["path"].startswith(_HEALTH)
        try:
            with self._tracing.health(scope) if watched and self._tracing else nullcontext():
                await self._app(scope, receive, send_named)
        except Exception:
            reply = _unexpected()
            if status:
                raise
            await send_reply(send, reply, *self._headers(identity))
            return reply.status, reply.detail
        return status, None


def _unexpected() -> Reply:
    """500 for the exception at hand, which goes to the log under the id the client gets."""
    error_id = uuid.uuid4().hex[:12]
    logger.exception("unexpected failure, error id %s", error_id)
    told = f"The service failed. Its log tells more under error id {error_id}."
    return refusal(500, "ServiceError", [told])


def _content_length(headers: list[tuple[Any, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return 0


def as_endpoint(lane: Lane) -> ASGIApp:
    """A lane as an ASGI application, for requests that reach it through the framework's router."""

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        reply = await lane(scope, receive)
        if reply is not None:
            await send_reply(send, reply)

    return endpoint
