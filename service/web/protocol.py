"""uvicorn's HTTP/1.1 protocol with a door in it: what is too much is refused at its head.

By the time a request is an ASGI call it has cost a task, an event and a dozen calls of the layers above it.
If refusing costs nearly as much as answering, twice the load leaves no time to answer. And a request must
count from its head on: otherwise all those read in one pass of the event loop find the same empty queue.
"""

from __future__ import annotations

import time
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.batching.endpoint import BODY_COMPLETE
from service.batching.replies import HttpReply, build_headers
from service.web.middleware import STATE, Front


class DoorProtocol(HttpToolsProtocol):
    """Has a lane take a request on or refuse it as soon as its head is there; what is no lane's passes by.

    Requests in an unusual form (pipelined, `Expect: 100-continue`, closing their connection) go the long way,
    where the front asks their lane the same question.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._front: Front | None = None if self.root_path else self.app_state.get(STATE)
        self._framework = self.app

    def on_headers_complete(self) -> None:
        """Begin the request, or refuse it."""
        front = self._front
        if front is not None:
            lane = None
            if self.parser.get_method() == b"POST":
                lane = front.doors.get(self.url.partition(b"?")[0])
            # The layers around the front do nothing for a lane: leave them out.
            self.app = self._framework if lane is None else cast(Any, front)
            if lane is not None and self._is_refusable(front):
                started_s = time.perf_counter()
                refusal = lane.admit(cast(Scope, self.scope))
                if refusal is not None:
                    self._refuse(refusal, started_s)
                    return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the body is there, which spares its reader a timer."""
        self.scope[BODY_COMPLETE] = True  # type: ignore[typeddict-unknown-key]
        HttpToolsProtocol.on_message_complete(self)

    def _is_refusable(self, front: Front) -> bool:
        """Whether the request has the usual form, in which a refusal can be written at once."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not front.draining
            and b"?" not in self.url
        )

    def _refuse(self, reply: HttpReply, started_s: float) -> None:
        assert self._front is not None
        path = self.url.decode("ascii")
        identity = self._front.name_refused(path, self.headers, reply, started_s)
        content = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *build_headers(reply), *identity):
            content += (name, b": ", value, b"\r\n")
        content += (b"\r\n", reply.body)
        self.transport.write(b"".join(content))
        self.cycle = _REFUSED
        self.on_response_complete()


class _Refused:
    """Stands for a request that was refused, while its body is still being read: all of it is ignored."""

    response_complete = True

    class message_event:  # noqa: N801 - uvicorn's name
        """Nobody waits for it."""

        @staticmethod
        def set() -> None:
            """Do nothing."""


_REFUSED: Final = cast(RequestResponseCycle, _Refused)
