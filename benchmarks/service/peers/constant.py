"""The batched service with two constant routes beside the prediction: what is left when nothing is predicted.

`/constant` goes the way of any route through the framework: it is the framework's limit. `/constant/short`
goes the short way past the framework that predictions take: it is the limit of that way.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope

from service.app import app
from service.batching.endpoint import RESERVATION
from service.batching.replies import HttpReply
from service.batching.request_body import read_body
from service.web.middleware import RequestMiddleware

ROUTE: Final = "/constant"
SHORT: Final = "/constant/short"
BODY: Final = b'{"charges":8640.0}'
MOST_BYTES: Final = 1 << 22


@app.post(ROUTE)
async def constant(request: Request) -> Response:
    """Read the body, parse nothing, answer the same."""
    await request.body()
    return Response(BODY, media_type="application/json")


class Short:
    """The same on the short way."""

    def admit(self, scope: Scope) -> None:
        """Take every request on."""
        scope[RESERVATION] = None

    async def __call__(self, _: Scope, receive: Receive) -> HttpReply:
        """Read the body, parse nothing, answer the same."""
        await read_body(receive, MOST_BYTES)
        return HttpReply(200, BODY)


for layer in app.user_middleware:
    if isinstance(middleware := getattr(layer.cls, "__self__", None), RequestMiddleware):
        middleware.add_endpoint(SHORT, Short())
