"""The FastAPI route of a fast-path endpoint, for its documentation and for servers with a root path."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.batching.endpoint import CLIENT_GONE, FastPathEndpoint
from service.web.middleware import admit_and_answer


class FastPathRoute(APIRoute):
    """A route that FastAPI documents by annotations, and that a `FastPathEndpoint` answers.

    `RequestMiddleware` answers such requests before they are routed, unless the server has a root path.
    """

    def __init__(
        self, path: str, endpoint: FastPathEndpoint, parameters: dict[str, Any], **options: Any
    ) -> None:
        async def documented(data: Any, partial: Any = False) -> None: ...

        documented.__annotations__ = parameters
        self.fast_path_endpoint = endpoint
        super().__init__(path, documented, methods=["POST"], name=path.rpartition("/")[2], **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function that FastAPI calls with each request of this route."""

        async def handle(request: Request) -> Response:
            reply = await admit_and_answer(self.fast_path_endpoint, request.scope, request.receive)
            if reply is None:
                return Response(status_code=CLIENT_GONE)
            response = Response(reply.body, reply.status, media_type="application/json")
            for name, value in reply.headers:
                response.headers.append(name.decode(), value.decode())
            return response

        return handle
