"""A gRPC server for tests, in a process of its own: it prints its port and serves until it is ended.

What it answers depends on the name of the model: `sum` adds up each row, `sick` is unavailable, `slow` waits,
`raw` answers raw bytes, `unknown` is not found. Its list tells `sum`, and `sick`, which is not ready.
"""

from __future__ import annotations

import sys
import time
from concurrent import futures
from typing import Any

import grpc
import numpy as np

from loadtests.grpc_client.messages import SERVICE, get_message

Request, Response = get_message("ModelInferRequest"), get_message("ModelInferResponse")
FAILURES = {
    "unknown": (grpc.StatusCode.NOT_FOUND, "no model 'unknown'; it has sum, raw"),
    "sick": (grpc.StatusCode.UNAVAILABLE, "the model is being loaded"),
    "full": (grpc.StatusCode.RESOURCE_EXHAUSTED, "the queue is full"),
    "strict": (grpc.StatusCode.INVALID_ARGUMENT, "x must be positive: 100 %"),
}


def infer(request: Any, context: grpc.ServicerContext) -> Any:
    if request.model_name in FAILURES:
        context.abort(*FAILURES[request.model_name])
    if request.model_name == "slow":
        time.sleep(min(30.0, context.time_remaining() or 0.0) + 0.2)
    tensor = request.inputs[0]
    rows, columns = tensor.shape
    if request.raw_input_contents:
        held = np.frombuffer(request.raw_input_contents[0], "<f2").astype(float)
    else:
        held = np.array(tensor.contents.fp32_contents, float)
    sums = held.reshape(rows, columns).sum(axis=1)
    reply = Response(model_name=request.model_name, model_version="3", id=request.id)
    output = reply.outputs.add(name="sum", datatype="FP64", shape=[rows])
    if request.model_name == "raw":
        reply.raw_output_contents.append(sums.tobytes())
    else:
        output.contents.fp64_contents.extend(sums)
    return reply


def tell_metadata(request: Any, context: grpc.ServicerContext) -> Any:
    if request.name in FAILURES:
        context.abort(*FAILURES[request.name])
    reply = get_message("ModelMetadataResponse")(name=request.name, versions=["3"], platform="tests")
    read = reply.inputs.add(name="x", datatype="FP32", shape=[-1, 4])
    read.parameters["content_type"].string_param = "np"
    read.parameters["strict"].bool_param = False
    reply.outputs.add(name="sum", datatype="FP64", shape=[-1])
    return reply


def list_models(_request: Any, _context: grpc.ServicerContext) -> Any:
    reply = get_message("RepositoryIndexResponse")()
    reply.models.add(name="sum", version="3", state="READY")
    reply.models.add(name="sick", state="UNAVAILABLE", reason="it is being loaded")
    return reply


def ready(name: str) -> Any:
    reply = get_message(f"{name}Response")(ready=True)
    return lambda _request, _context: reply


def method(name: str, answer: Any) -> tuple[str, Any]:
    request, reply = get_message(f"{name}Request"), get_message(f"{name}Response")
    return f"{SERVICE}/{name}", grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=request.FromString, response_serializer=reply.SerializeToString
    )


class Methods(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The methods of the Open Inference Protocol that load tests call."""

    def __init__(self) -> None:
        self.methods = dict(
            (
                method("ModelInfer", infer),
                method("ServerReady", ready("ServerReady")),
                method("ModelReady", ready("ModelReady")),
                method("ModelMetadata", tell_metadata),
                method("RepositoryIndex", list_models),
            )
        )

    def service(self, details: Any) -> Any:
        return self.methods.get(details.method)


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Methods(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)
