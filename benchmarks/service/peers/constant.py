"""The batched service with two constant routes beside the prediction: what is left when nothing is predicted.

`/constant` goes the way of any route through the framework: it is the framework's limit. `/constant/short`
goes the short way past the framework that predictions take: it is the limit of that way.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope

from service.app import app
from service.front import Front
from service.replies import Reply, read_body

ROUTE: Final = "/constant"
SHORT: Final = "/constant/short"
BODY: Final = b'{"charges":8640.0}'
MOST_BYTES: Final = 1 << 22


@app.post(ROUTE)
async def constant(request: Request) -> Response:
    """Read the body, parse nothing, answer the same."""
    await request.body()
    return Response(BODY, media_type="application/json")


async def short(_: Scope, receive: Receive) -> Reply:
    """The same on the short way."""
    await read_body(receive, MOST_BYTES)
    return Reply(200, BODY)


for layer in app.user_middleware:
    if layer.cls is Front:
        layer.kwargs["lanes"][SHORT] = short
