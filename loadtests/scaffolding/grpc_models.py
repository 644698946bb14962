"""Reads models that speak the Open Inference Protocol over gRPC: their metadata as calls of a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from configuration.endpoint import GRPC_PATH
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.connection import GrpcConnection, frame_message
from loadtests.grpc_client.messages import SERVICE, get_message, read_parameters
from loadtests.grpc_client.statuses import STATUSES
from loadtests.scaffolding.inference_protocol import (
    TensorInput,
    is_ready,
    sketch_service,
)
from loadtests.scaffolding.sketch import EndpointSketch, ScaffoldingError, ServiceSketch

ASK_TIMEOUT_S: Final = 10.0
MOST_SHOWN: Final = 200
_UNIMPLEMENTED: Final = 501
_CAUSES: Final[Mapping[str, str]] = {
    "refused": "connection refused. Start the service, or give the URL of one that runs",
    "timeout": f"no reply within {ASK_TIMEOUT_S:.0f} s",
    "reset": "connection reset; its gRPC port may be another one",
    "invalid_reply": "what listens there does not speak gRPC; give the URL with its gRPC port",
}


class ModelAsker:
    """Calls methods of one service, and remembers what was asked and what came."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.asked: list[str] = []
        """One line a call, for messages."""
        self._connection = GrpcConnection(target)

    def close(self) -> None:
        """Close its connection."""
        self._connection.close()

    def ask(self, method: str, **fields: Any) -> Any:
        """The answer to a method's request with these fields; None where it is refused.

        ScaffoldingError where nobody answers.
        """
        message = frame_message(get_message(f"{method}Request")(**fields).SerializeToString())
        head = self.target.encode_head("POST", f"{SERVICE}/{method}", {"Content-Type": "application/grpc"})
        reply = self._connection.exchange(head + b"\r\n" + message, ASK_TIMEOUT_S)
        if reply.failure is not None:
            cause = _CAUSES.get(reply.failure, reply.failure)
            raise ScaffoldingError(f"{self.target.url} does not answer over gRPC: {cause}")
        what = " ".join([method, *map(str, fields.values())])
        if reply.status != 200:
            self.asked.append(f"{what}: {_describe_refusal(reply)}")
            if reply.status == _UNIMPLEMENTED and method == "ServerReady":
                raise ScaffoldingError(
                    f"{self.target.url} speaks gRPC, but not the Open Inference Protocol ({SERVICE[1:]})"
                )
            return None
        self.asked.append(f"{what}: OK")
        return get_message(f"{method}Response").FromString(bytes(reply.body))


def _describe_refusal(reply: Reply) -> str:
    """The status of a call with its message, or the status of HTTP where there is none."""
    code = reply.find_header("grpc-status") or ""
    known = STATUSES.get(int(code)) if code.isdigit() else None
    name = f"HTTP {reply.status}" if known is None else known.name
    message = bytes(reply.body[:MOST_SHOWN]).decode(errors="replace")
    shown = "".join(each if each.isprintable() else " " for each in message)
    return f"{name} ({shown})" if shown else name


def discover_grpc_models(
    target: Target, model: str | None, inputs: Sequence[TensorInput] = ()
) -> ServiceSketch:
    """The models of a service, or the one named; ScaffoldingError where nobody answers, or none is found."""
    asker = ModelAsker(target)
    try:
        return sketch_grpc_models(asker, model, inputs)
    finally:
        asker.close()


def sketch_grpc_models(
    asker: ModelAsker, model: str | None, inputs: Sequence[TensorInput] = ()
) -> ServiceSketch:
    """The models, or the one named; ScaffoldingError says what was asked and what came."""
    state = asker.ask("ServerReady")
    if state is not None and not state.ready:
        raise ScaffoldingError(
            f"{asker.target.url} says that it is not ready: wait until its models are loaded"
        )
    names = _list_models(asker) if model is None else [model]
    found = [(name, asker.ask("ModelMetadata", name=name)) for name in names]
    told = [(name, read_metadata(metadata)) for name, metadata in found if metadata is not None]
    if not told:
        asked = "\n  ".join(asker.asked)
        raise ScaffoldingError(
            f"{asker.target.url} answers, but knows no model {' or '.join(map(repr, names))}: look for its "
            f"name in the service's own list or log. It was asked\n  {asked}"
        )
    sketch = sketch_service(told, inputs, "the Open Inference Protocol over gRPC (ModelMetadata)")
    return replace(sketch, endpoints=tuple(map(_make_call, sketch.endpoints)))


def _list_models(asker: ModelAsker) -> list[str]:
    """The names of the models that are ready."""
    index = asker.ask("RepositoryIndex")
    if index is None:
        raise ScaffoldingError(
            f"{asker.target.url} speaks the Open Inference Protocol and doesn't list its models: "
            "say which one (--model NAME)"
        )
    # MLServer calls the state READY "State.READY".
    states = [(each.name, each.state.removeprefix("State.")) for each in index.models]
    names = list(dict.fromkeys(name for name, state in states if is_ready(state)))
    if not names:
        raise ScaffoldingError(f"{asker.target.url} lists no model that is ready (RepositoryIndex)")
    return names


def read_metadata(message: Any) -> dict[str, Any]:
    """A `ModelMetadataResponse` as the protocol's REST form has it."""
    return {
        "name": message.name,
        "inputs": list(_read_tensors(message.inputs)),
        "outputs": list(_read_tensors(message.outputs)),
    }


def _read_tensors(tensors: Any) -> Iterator[dict[str, Any]]:
    for each in tensors:
        yield {
            "name": each.name,
            "datatype": each.datatype,
            "shape": list(each.shape),
            "parameters": read_parameters(each.parameters),
        }


def _make_call(sketch: EndpointSketch) -> EndpointSketch:
    """The same request as a call; an endpoint has the name of its model."""
    return replace(sketch, grpc=sketch.name, path=GRPC_PATH)
