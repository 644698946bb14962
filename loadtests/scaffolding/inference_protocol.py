"""Reads models that speak the Open Inference Protocol (V2): their metadata as requests of a scenario.

Paths and fields are those of the protocol's REST form
(https://github.com/kserve/open-inference-protocol, "Inference Protocol - REST").
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from loadtests.scaffolding.asking import DocumentReader, find_mapping
from loadtests.scaffolding.naming import name_scenario
from loadtests.scaffolding.sketch import EndpointSketch, ScaffoldingError, ServiceSketch

READY: Final = "/v2/health/ready"
INDEX: Final = "/v2/repository/index"
"""The list of models: an extension that MLServer and Triton have, asked with POST."""
INFER: Final = re.compile(r"/v2/models/\{[^}]*\}/infer$")
LARGEST_INPUT: Final = 1_000_000
_VALUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "BOOL": {"choice": [True, False]},
    "UINT8": {"uniform": [0, 255], "whole": True},
    "BYTES": {"faker": "sentence"},
}
_WHOLE: Final = {"uniform": [0, 100], "whole": True}
_REAL: Final = {"normal": [0, 1], "digits": 4}


class TensorInput(NamedTuple):
    """An input of a model: -1 in its shape is open."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    parameters: Mapping[str, Any] | None = None


def parse_input(text: str) -> TensorInput:
    """An input as it is typed, `rows:FP32:-1,4`; ValueError for another text."""
    name, datatype, shape = [*text.rsplit(":", 2), "", ""][:3]
    lengths = [length.strip() for length in shape.split(",")]
    known = re.fullmatch(r"BOOL|U?INT(8|16|32|64)|FP(16|32|64)|BYTES", datatype)
    if not name or known is None or not all(re.fullmatch(r"-1|[1-9]\d*", each) for each in lengths):
        raise ValueError(f"{text!r} is no input; give name, datatype and shape such as rows:FP32:-1,4")
    return TensorInput(name, datatype, tuple(map(int, lengths)))


def speaks_v2(document: Mapping[str, Any]) -> bool:
    """Whether an OpenAPI document describes the protocol and not a model."""
    return any(INFER.search(str(path)) for path in document.get("paths") or ())


def sketch_models(
    reader: DocumentReader, model: str | None, inputs: Sequence[TensorInput] = ()
) -> ServiceSketch | None:
    """The models of a service, or the one named; None if it doesn't speak the protocol."""
    if model is None:
        names = _list_models(reader)
        if names is None:
            return None
    else:
        names = [model]
    found = [(name, reader.ask(f"/v2/models/{quote(name)}")) for name in names]
    told = [(name, metadata) for name, metadata in found if find_mapping(metadata, "name", "inputs")]
    if not told:
        return None
    return sketch_service(told, inputs, "the Open Inference Protocol (/v2/models)")


def sketch_service(
    told: Sequence[tuple[str, Mapping[str, Any]]], inputs: Sequence[TensorInput], source: str
) -> ServiceSketch:
    """The models by their names and metadata; `inputs` replace those that the metadata of one model tell.

    ScaffoldingError where inputs are given and there are several models.
    """
    names = [name for name, _ in told]
    if len(told) > 1 and inputs:
        raise ScaffoldingError(f"--input is of one model: name it (--model), one of {', '.join(names)}")
    endpoints = tuple(sketch_model(name, metadata, inputs) for name, metadata in told)
    title = names[0] if len(names) == 1 else "models"
    return ServiceSketch(name_scenario(title), title, source, endpoints, guesses=_GUESSES)


_GUESSES: Final = ("metadata of models tell no ranges: numbers follow a standard normal distribution",)


def _list_models(reader: DocumentReader) -> list[str] | None:
    """The names of the models that are ready; None if the service doesn't speak the protocol."""
    index = reader.ask(INDEX, {})
    if isinstance(index, list):
        names = [
            str(each["name"]) for each in index if find_mapping(each, "name") and is_ready(each.get("state"))
        ]
        if not names:
            raise ScaffoldingError(f"{reader.target.url} lists no model that is ready ({INDEX})")
        return names
    if find_mapping(reader.ask("/v2"), "name", "version") is None:
        return None
    raise ScaffoldingError(
        f"{reader.target.url} speaks the Open Inference Protocol and doesn't list its models: "
        "say which one (--model NAME)"
    )


def is_ready(state: Any) -> bool:
    """Whether a model in the list of models can be asked; a list that tells no states has no others."""
    return state in (None, "", "READY")


def sketch_model(name: str, metadata: Mapping[str, Any], given: Sequence[TensorInput]) -> EndpointSketch:
    """A model by its metadata, or by the inputs that are given instead."""
    path = f"/v2/models/{quote(name)}/infer"
    try:
        inputs = list(given) or [_read_input(each) for each in metadata["inputs"] or ()]
    except (LookupError, TypeError, ValueError):
        return EndpointSketch(name, "POST", path, left_out="its metadata tell inputs that can't be read")
    if not inputs:
        reason = "its metadata tell no inputs: give each one with --input NAME:DATATYPE:SHAPE"
        return EndpointSketch(name, "POST", path, left_out=reason)
    too_large = [each.name for each in inputs if _count(each.shape) > LARGEST_INPUT]
    fields, tensors = {}, []
    for number, each in enumerate(inputs):
        field = re.sub(r"\W", "_", each.name, flags=re.ASCII)
        field = field if re.match(r"[A-Za-z_]", field) and field not in fields else f"input_{number}"
        fields[field] = {"list": _choose_values(each.datatype), "length": _count(each.shape)}
        tensor = {"name": each.name, "shape": _close(each.shape), "datatype": each.datatype}
        extra = {"parameters": dict(each.parameters)} if each.parameters else {}
        tensors.append({**tensor, **extra, "data": f"{{{field}}}"})
    return EndpointSketch(
        name=name,
        method="POST",
        path=path,
        payload={"fields": fields, "template": {"inputs": tensors}},
        reply=_sketch_reply(metadata.get("outputs") or ()),
        guesses=tuple(_describe_open(inputs)),
        left_out=f"its input {too_large[0]!r} is too large" if too_large else None,
    )


def _read_input(told: Mapping[str, Any]) -> TensorInput:
    shape = tuple(int(length) for length in told["shape"])
    return TensorInput(str(told["name"]), str(told["datatype"]), shape, told.get("parameters"))


def _sketch_reply(outputs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Each output in its place, with finite numbers; None where the metadata tell no outputs."""
    fields: dict[str, Any] = {}
    for number, each in enumerate(outputs):
        datatype = str(each.get("datatype", ""))
        fields[f"outputs[{number}].name"] = {"is": each.get("name")}
        if datatype != "BYTES":
            fields[f"outputs[{number}].data[*]"] = "true or false" if datatype == "BOOL" else "number"
    return {"fields": fields} if fields else None


def _describe_open(inputs: Sequence[TensorInput]) -> list[str]:
    return [
        f"the shape of the input {each.name!r} is open ({list(each.shape)}): {_close(each.shape)} is sent"
        for each in inputs
        if any(length < 0 for length in each.shape)
    ]


def _close(shape: Sequence[int]) -> list[int]:
    """The shape with each open length 1: one row."""
    return [max(1, length) for length in shape] or [1]


def _count(shape: Sequence[int]) -> int:
    return math.prod(_close(shape))


def _choose_values(datatype: str) -> dict[str, Any]:
    if datatype in _VALUES:
        return dict(_VALUES[datatype])
    return dict(_REAL if datatype.startswith("FP") else _WHOLE)
