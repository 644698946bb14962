"""The contract between the web layer and an endpoint on the fast path: admission, then one whole reply."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.types import Receive, Scope

from service.batching.replies import HttpReply, add_headers
from service.observability.tracing import Span, Tracing

RESERVATION: Final = "reservation"
"""Key of a request's scope: what its endpoint reserved for it when it admitted the request."""
BODY_COMPLETE: Final = "body_complete"
"""Key of a request's scope that is present once the whole body has arrived: reading it does not wait."""
CLIENT_GONE: Final = 499
"""Status under which a request is counted whose client closed the connection before the reply."""


class FastPathEndpoint(Protocol):
    """Admits or refuses a request as soon as its head is parsed, and answers with a whole reply."""

    def admit(self, scope: Scope) -> HttpReply | None:
        """Reserve what the request needs, as `scope[RESERVATION]`, or refuse it. Takes O(1)."""

    async def __call__(self, scope: Scope, receive: Receive) -> HttpReply | None:
        """Answer an admitted request and free its reservation; None if the client went away."""


def finish_traced(tracing: Tracing, span: Span, reply: HttpReply | None) -> HttpReply | None:
    """Set the reply's status on its request's span; the returned reply names its trace if that is sampled."""
    headers = tracing.finish_request(span, CLIENT_GONE if reply is None else reply.status)
    return None if reply is None else add_headers(reply, headers)
