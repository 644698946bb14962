"""The outermost ASGI layer: request ids, log lines and metrics, and the fast path of predictions."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.batching.endpoint import CLIENT_GONE, RESERVATION, FastPathEndpoint
from service.batching.replies import CLOSE_CONNECTION, Header, HttpReply, make_refusal, send_reply
from service.observability.logs import choose_request_id
from service.web.drain import Drain
from service.web.request_accounting import RequestAccounting

STATE_KEY: Final = "request_middleware"
"""Key of the lifespan state under which the protocol finds the middleware."""

logger = logging.getLogger(__name__)


class RequestMiddleware:
    """ASGI middleware around the whole application.

    A POST request to the path of a fast-path endpoint goes straight to it, past the framework's layers. They
    route it twice and build exit stacks and request objects, at four times the cost of the whole fast path:
    7,880 against 30,894 constant replies a second on a core (benchmarks/results/service.md, 2026-11-20).
    Every other request passes through to the application that `wrap` was called with.
    """

    _app: ASGIApp

    def __init__(self, accounting: RequestAccounting, drain: Drain) -> None:
        self._endpoints: dict[str, FastPathEndpoint] = {}
        self.endpoints_by_url: dict[bytes, FastPathEndpoint] = {}
        self._accounting = accounting
        self._drain = drain

    def add_endpoint(self, path: str, endpoint: FastPathEndpoint) -> None:
        """Send POST requests to `path` straight to an endpoint."""
        self._endpoints[path] = self.endpoints_by_url[path.encode("ascii")] = endpoint
        self._accounting.add_path(path)

    def wrap(self, app: ASGIApp) -> RequestMiddleware:
        """Become the layer around `app`: what `add_middleware` calls."""
        self._app = app
        return self

    @property
    def draining(self) -> bool:
        """Whether replies ask clients to close their connections."""
        return self._drain.draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        request_id = choose_request_id(scope["headers"])
        endpoint = self._endpoints.get(scope["path"]) if scope["method"] == "POST" else None
        if endpoint is None:
            status, detail = await self._forward(scope, receive, send, request_id)
        else:
            reply = await self._answer(endpoint, scope, receive)
            # Measured before the reply is sent: afterwards the client may already be at work on it.
            elapsed_s = time.perf_counter() - started_s
            if reply is None:
                status, detail, sent_bytes = CLIENT_GONE, "the client went away", 0
            else:
                status, detail, sent_bytes = reply.status, reply.detail, len(reply.body)
                await send_reply(send, reply, *self._build_headers(request_id))
            self._accounting.count(scope["path"], scope["headers"], status, sent_bytes, elapsed_s)
        self._accounting.log(status, request_id, scope["method"], scope["path"], started_s, detail)

    def record_shed(
        self, path: str, headers: Iterable[Header], reply: HttpReply, started_s: float
    ) -> tuple[Header, ...]:
        """Count and log a request that was refused at its head; returns further headers of the refusal."""
        request_id = choose_request_id(headers)
        elapsed_s = time.perf_counter() - started_s
        self._accounting.count(path, headers, reply.status, len(reply.body), elapsed_s)
        self._accounting.log(reply.status, request_id, "POST", path, started_s, reply.detail)
        return self._build_headers(request_id)

    def _build_headers(self, request_id: bytes) -> tuple[Header, ...]:
        header: Header = (b"x-request-id", request_id)
        return (header, CLOSE_CONNECTION) if self._drain.draining else (header,)

    async def _answer(self, endpoint: FastPathEndpoint, scope: Scope, receive: Receive) -> HttpReply | None:
        try:
            return await admit_and_answer(endpoint, scope, receive)
        except Exception:
            return _answer_unexpected_error()

    async def _forward(
        self, scope: Scope, receive: Receive, send: Send, request_id: bytes
    ) -> tuple[int, str | None]:
        """Let the framework answer; returns the status, and the detail for the log."""
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *self._build_headers(request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            reply = _answer_unexpected_error()
            if status:
                raise
            await send_reply(send, reply, *self._build_headers(request_id))
            return reply.status, reply.detail
        return status, None


async def admit_and_answer(endpoint: FastPathEndpoint, scope: Scope, receive: Receive) -> HttpReply | None:
    """The endpoint's refusal or answer; a request that was admitted at its head is not asked again."""
    refusal = None if RESERVATION in scope else endpoint.admit(scope)
    return refusal or await endpoint(scope, receive)


def _answer_unexpected_error() -> HttpReply:
    """500 for the exception being handled, which is logged under the id that the client gets."""
    error_id = uuid.uuid4().hex[:12]
    logger.exception("unexpected failure, error id %s", error_id)
    message = f"The service failed. Its log tells more under error id {error_id}."
    return make_refusal(500, "ServiceError", [message])
