"""Makes the messages of gRPC calls from the bodies that the same requests have over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from configuration.endpoint import GrpcModel
from loadtests.grpc_client.connection import frame_message
from loadtests.grpc_client.tensors import encode_request
from loadtests.payloads.bodies import Body

ATTEMPTS: Final = 100
"""Some invalid records, such as a text in place of a number, can't be said in a message at all."""


def make_call(model: GrpcModel, make: Callable[[], Body]) -> Body:
    """The next body of `make` that a message can hold, as that message; ValueError if none is found."""
    problem: Exception | None = None
    for _ in range(ATTEMPTS):
        body = make()
        try:
            message = encode_request(model.model, model.version, json.loads(body.content))
        except ValueError as error:
            problem = error
        else:
            return replace(body, content=frame_message(message), content_type="application/grpc")
    raise ValueError(str(problem))
