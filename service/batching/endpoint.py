"""The contract between the web layer and an endpoint on the fast path: admission, then one whole reply."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.types import Receive, Scope

from service.batching.replies import Reply, with_headers
from service.observability.tracing import Span, Tracing

RESERVATION: Final = "reservation"
"""Key of a request's scope: what its endpoint reserved for it when it admitted the request."""
BODY_COMPLETE: Final = "body_complete"
"""Key of a request's scope that is present once the whole body has arrived: reading it does not wait."""
CLIENT_GONE: Final = 499
"""Status under which a request is counted whose client closed the connection before the reply."""


class FastPathEndpoint(Protocol):
    """Decides on a request as soon as its head is parsed, and answers with a whole reply."""

    def admit(self, scope: Scope) -> Reply | None:
        """Reserve what the request needs, as `scope[RESERVATION]`, or refuse it. Takes O(1)."""

    async def __call__(self, scope: Scope, receive: Receive) -> Reply | None:
        """Answer an admitted request and free its reservation; None if the client went away."""


def finish_traced(tracing: Tracing, span: Span, reply: Reply | None) -> Reply | None:
    """Note the reply on its request's span; returns the reply, which names its trace if that is kept."""
    headers = tracing.finish_request(span, CLIENT_GONE if reply is None else reply.status)
    return None if reply is None else with_headers(reply, headers)
