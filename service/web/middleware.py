"""The outermost layer: a request's id, its log line and its metrics, and the short way to the predictions."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.batching.endpoint import CLIENT_GONE, RESERVATION, FastPathEndpoint
from service.batching.replies import Header, HttpReply, make_refusal, send_reply
from service.batching.request_body import parse_content_length
from service.observability.logs import RequestLog, choose_request_id
from service.observability.metrics import InferenceMetrics
from service.observability.tracing import Tracing
from service.web.drain import Drain
from service.web.http_metrics import HttpMetrics, PathMetrics

STATE: Final = "front"
"""Key of the application's state, by which the protocol finds the front."""

_CLOSE: Header = (b"connection", b"close")
_HEALTH = "/api/health"
_REFUSED = 503

logger = logging.getLogger(__name__)


class Front:
    """ASGI middleware around everything else.

    POST requests to the path of a lane go straight to it: the framework's layers between here and
    there (routing done twice, exit stacks, request objects) cost more than a prediction. They are counted in
    the same metrics as all others, which pass through to the application that `around` is called with.
    """

    _app: ASGIApp

    def __init__(
        self,
        log: RequestLog,
        metrics: InferenceMetrics,
        http_metrics: HttpMetrics | None,
        depth: Callable[[], int],
        drain: Drain,
        tracing: Tracing | None,
    ) -> None:
        self.lanes: dict[str, FastPathEndpoint] = {}
        self.doors: dict[bytes, FastPathEndpoint] = {}
        self._log = log
        self._metrics = metrics
        self._http_metrics = http_metrics
        self._paths: dict[str, PathMetrics] = {}
        self._depth = depth
        self._drain = drain
        self._tracing = tracing

    def add(self, path: str, lane: FastPathEndpoint) -> None:
        """Have POST requests to `path` go straight to a lane."""
        self.lanes[path] = self.doors[path.encode("ascii")] = lane
        if self._http_metrics is not None:
            self._paths[path] = self._http_metrics.path("POST", path)

    def around(self, app: ASGIApp) -> Front:
        """Stand before `app`."""
        self._app = app
        return self

    @property
    def draining(self) -> bool:
        """Whether replies are to close their connections."""
        return self._drain.draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        identity = choose_request_id(scope["headers"])
        lane = self.lanes.get(scope["path"]) if scope["method"] == "POST" else None
        if lane is None:
            status, detail = await self._pass_on(scope, receive, send, identity)
        else:
            reply = await self._answer(lane, scope, receive)
            # Before it is sent: the client may have it before the clock is read again.
            elapsed_s = time.perf_counter() - started_s
            if reply is None:
                status, detail, answered = CLIENT_GONE, "the client went away", 0
            else:
                status, detail, answered = reply.status, reply.detail, len(reply.body)
                await send_reply(send, reply, *self._headers(identity))
            self._count(scope["path"], scope["headers"], status, answered, elapsed_s)
        self._note(status, identity, scope["method"], scope["path"], started_s, detail)

    def name_refused(
        self, path: str, headers: Iterable[Header], reply: HttpReply, started_s: float
    ) -> tuple[Header, ...]:
        """Count and log a lane's request that was refused at its head; the headers that name it."""
        identity = choose_request_id(headers)
        self._count(path, headers, reply.status, len(reply.body), time.perf_counter() - started_s)
        self._note(reply.status, identity, "POST", path, started_s, reply.detail)
        return self._headers(identity)

    def _count(
        self, path: str, headers: Iterable[Header], status: int, answered: int, elapsed_s: float
    ) -> None:
        """Count a lane's request; one refused has no latency, which would look the better for it."""
        metrics = self._paths.get(path)
        if status == _REFUSED:
            if metrics is not None:
                metrics.count_refused(status)
            return
        self._metrics.latency.observe(elapsed_s)
        if metrics is not None:
            metrics.count(status, elapsed_s, parse_content_length(headers) or 0, answered)

    def _note(
        self, status: int, identity: bytes, method: str, path: str, started_s: float, detail: str | None
    ) -> None:
        if self._log.should_log(status):
            self._log.write(
                status,
                request_id=identity.decode(),
                method=method,
                path=path,
                latency_ms=round((time.perf_counter() - started_s) * 1e3, 3),
                queue_depth=self._depth(),
                detail=detail,
            )

    def _headers(self, identity: bytes) -> tuple[Header, ...]:
        named: Header = (b"x-request-id", identity)
        return (named, _CLOSE) if self._drain.draining else (named,)

    async def _answer(self, lane: FastPathEndpoint, scope: Scope, receive: Receive) -> HttpReply | None:
        try:
            return await admit_and_answer(lane, scope, receive)
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
            with self._tracing.trace_health_check(scope) if watched and self._tracing else nullcontext():
                await self._app(scope, receive, send_named)
        except Exception:
            reply = _unexpected()
            if status:
                raise
            await send_reply(send, reply, *self._headers(identity))
            return reply.status, reply.detail
        return status, None


def _unexpected() -> HttpReply:
    """500 for the exception at hand, which goes to the log under the id the client gets."""
    error_id = uuid.uuid4().hex[:12]
    logger.exception("unexpected failure, error id %s", error_id)
    told = f"The service failed. Its log tells more under error id {error_id}."
    return make_refusal(500, "ServiceError", [told])


async def admit_and_answer(lane: FastPathEndpoint, scope: Scope, receive: Receive) -> HttpReply | None:
    """The lane's refusal or answer; a request that has its place already isn't asked for a second one."""
    refused = None if RESERVATION in scope else lane.admit(scope)
    return refused or await lane(scope, receive)
