"""uvicorn's HTTP/1.1 protocol with load shedding, and with limits for a request's head.

Sheds load as soon as the request head is parsed, before an ASGI task exists. Until a request is an ASGI call
it costs a task, an event and a dozen calls of the layers above. If a refusal costs nearly as much as an
answer, a service asked for twice its capacity has no time left to answer. Measured: a refusal takes 13 µs of
processor time here, about a third of an answer, and 29 µs in the ASGI application (docs/service.md,
2026-11-20). A request must also count from its head on: otherwise all requests that are read in one pass of
the event loop find the same empty queue.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.batching.endpoint import BODY_COMPLETE
from service.batching.replies import CLOSE_CONNECTION, Header, HttpReply, build_headers, make_refusal
from service.web.drain import LAST_REQUESTS_S
from service.web.middleware import STATE_KEY, RequestMiddleware

MAX_HEAD_BYTES: Final = 65_536
"""The longest head that is read. httptools joins the pieces of a long header line anew with each piece: 20 MB
of it would hold up all other requests for 0.4 s."""
HEAD_TIMEOUT_S: Final = 10.0
"""The time that a head may take from its first byte on, or from the opening of its connection."""


class SheddingProtocol(HttpToolsProtocol):
    """Asks the fast-path endpoint of a request for admission at its head; other requests are not affected.

    A head that is too long is answered 431 at once; one that is not complete in time closes its connection.

    For requests of an unusual form (pipelined, `Expect: 100-continue`, with a query, closing their
    connection) `RequestMiddleware` asks instead, with the same answer. What this class uses of uvicorn's
    internals is listed in ARCHITECTURE.md and checked by tests/service/test_contracts.py.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # With a root path, URLs do not equal the paths of the endpoints.
        self._middleware: RequestMiddleware | None = None if self.root_path else self.app_state.get(STATE_KEY)
        self._framework = self.app
        self._head_bytes = 0
        """What has been received of a head that is not complete yet, without the last piece."""
        self._is_head_complete = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the head that was waited for."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, unless the head becomes too long."""
        if self._head_bytes and len(data) > (room := MAX_HEAD_BYTES - self._head_bytes):
            super().data_received(data[:room])
            if not self._is_head_complete and not self.transport.is_closing():
                self._end_with(_LONG_HEAD)
                return
            data = data[room:]
        super().data_received(data)
        if self._is_head_complete or self.transport.is_closing():
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the format of all other errors."""
        self._end_with(make_refusal(400, "BadRequest", [msg]))

    def shutdown(self) -> None:
        """Close the connection once its requests are answered; a head that is awaited still has its time."""
        if self._head_timer is None:
            super().shutdown()
        else:
            self._stop_head_timer()
            self._head_timer = self.loop.call_later(LAST_REQUESTS_S, self.transport.close)

    def on_message_begin(self) -> None:
        """Begin to read a head."""
        self._is_head_complete = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, or refuse it."""
        self._is_head_complete = True
        if self._head_timer is not None:
            self._stop_head_timer()
        middleware = self._middleware
        if middleware is not None:
            endpoint = None
            if self.parser.get_method() == b"POST":
                endpoint = middleware.endpoints_by_url.get(self.url.partition(b"?")[0])
            # The layers around the middleware do nothing for the fast path: leave them out.
            self.app = self._framework if endpoint is None else cast(Any, middleware)
            if endpoint is not None and self._can_refuse_at_head(middleware):
                started_s = time.perf_counter()
                refusal = endpoint.admit(cast(Scope, self.scope))
                if refusal is not None:
                    self._refuse(middleware, refusal, started_s)
                    return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Mark the body as complete, so that the endpoint needs no timer to read it."""
        self.scope[BODY_COMPLETE] = True  # type: ignore[typeddict-unknown-key]
        HttpToolsProtocol.on_message_complete(self)

    def _can_refuse_at_head(self, middleware: RequestMiddleware) -> bool:
        """Whether the request has the usual form, for which a refusal can be written at once."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not middleware.draining
            and b"?" not in self.url
        )

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_with(self, reply: HttpReply) -> None:
        """Send a last reply on this connection."""
        self._write(reply, CLOSE_CONNECTION)
        self.transport.close()

    def _refuse(self, middleware: RequestMiddleware, reply: HttpReply, started_s: float) -> None:
        path = self.url.decode("ascii")
        more = middleware.record_shed(path, self.headers, reply, started_s)
        self._write(reply, *more)
        self.cycle = _REFUSED_CYCLE
        self.on_response_complete()

    def _write(self, reply: HttpReply, *more: Header) -> None:
        content = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *build_headers(reply), *more):
            content += (name, b": ", value, b"\r\n")
        content += (b"\r\n", reply.body)
        self.transport.write(b"".join(content))


_LONG_HEAD: Final = make_refusal(
    431,
    "RequestHeaderFieldsTooLarge",
    [f"The head of the request is longer than {MAX_HEAD_BYTES:,} bytes, the most that is read."],
)


class _RefusedCycle:
    """Takes the place of a refused request while its body is still being read: the body is ignored."""

    response_complete = True

    class message_event:  # noqa: N801 - uvicorn's name
        """No task waits for it."""

        @staticmethod
        def set() -> None:
            """Do nothing."""


_REFUSED_CYCLE: Final = cast(RequestResponseCycle, _RefusedCycle)
