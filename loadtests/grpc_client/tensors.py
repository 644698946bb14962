"""Between the JSON form of the Open Inference Protocol and its protocol buffers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from loadtests.grpc_client.messages import get_message


class _Datatype(NamedTuple):
    """Where values of a datatype stand in a message, and their form in raw bytes."""

    contents: str | None
    """None for a datatype that only raw bytes hold."""
    dtype: str
    """The name that numpy has for it; empty for texts."""
    """numpy's name of it, empty for texts."""


_DATATYPES: Final[Mapping[str, _Datatype]] = {
    "BOOL": _Datatype("bool_contents", "?"),
    "INT8": _Datatype("int_contents", "<i1"),
    "INT16": _Datatype("int_contents", "<i2"),
    "INT32": _Datatype("int_contents", "<i4"),
    "INT64": _Datatype("int64_contents", "<i8"),
    "UINT8": _Datatype("uint_contents", "<u1"),
    "UINT16": _Datatype("uint_contents", "<u2"),
    "UINT32": _Datatype("uint_contents", "<u4"),
    "UINT64": _Datatype("uint64_contents", "<u8"),
    "FP16": _Datatype(None, "<f2"),
    "FP32": _Datatype("fp32_contents", "<f4"),
    "FP64": _Datatype("fp64_contents", "<f8"),
    "BYTES": _Datatype("bytes_contents", ""),
}
_Request: Final = get_message("ModelInferRequest")
_Response: Final = get_message("ModelInferResponse")


def encode_request(model: str, version: str, body: Any) -> bytes:
    """A `ModelInferRequest` of the body that a POST to `/v2/models/<model>/infer` would carry.

    ValueError says what no message can hold.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("inputs"), Sequence):
        raise ValueError('the body of a gRPC request needs "inputs", a list of tensors: give a template')
    try:
        request = _Request(model_name=model, model_version=version, id=body.get("id", ""))
        _set_parameters(request.parameters, body.get("parameters"))
        for output in body.get("outputs") or ():
            _set_parameters(request.outputs.add(name=output["name"]).parameters, output.get("parameters"))
        is_raw = any(_get_datatype(tensor).contents is None for tensor in body["inputs"])
        for tensor in body["inputs"]:
            _add_input(request, tensor, is_raw)
        encoded: bytes = request.SerializeToString()
    except (TypeError, KeyError, AttributeError, OverflowError, struct.error) as error:
        raise ValueError(f"no gRPC message can hold this body: {error}") from None
    return encoded


def decode_response(message: bytes) -> dict[str, Any]:
    """A `ModelInferResponse` as the JSON form of the same reply; ValueError if it is none."""
    response = _Response()
    try:
        response.ParseFromString(message)
    except Exception:  # protobuf's DecodeError is a plain Exception in some of its implementations
        raise ValueError("the message is no ModelInferResponse") from None
    decoded: dict[str, Any] = {"model_name": response.model_name}
    if response.model_version:
        decoded["model_version"] = response.model_version
    if response.id:
        decoded["id"] = response.id
    return decoded | {"outputs": _decode_tensors(response.outputs, response.raw_output_contents)}


def decode_request(message: bytes) -> dict[str, Any]:
    """The model and the inputs of a `ModelInferRequest`, for people to read."""
    request = _Request.FromString(message)
    return {
        "model_name": request.model_name,
        "inputs": _decode_tensors(request.inputs, request.raw_input_contents),
    }


def _decode_tensors(tensors: Any, raw_contents: Iterable[bytes]) -> list[dict[str, Any]]:
    raw = iter(raw_contents)
    return [
        {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
            "data": _read_contents(tensor, raw),
        }
        for tensor in tensors
    ]


def encode_json(message: bytes) -> bytes:
    """The JSON text of a `ModelInferResponse`; ValueError if it is none."""
    return json.dumps(decode_response(message), separators=(",", ":")).encode()


def _add_input(request: Any, tensor: Mapping[str, Any], is_raw: bool) -> None:
    datatype = _get_datatype(tensor)
    added = request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
    _set_parameters(added.parameters, tensor.get("parameters"))
    values = list(_flatten(tensor["data"]))
    if is_raw:
        request.raw_input_contents.append(_pack(values, datatype))
    else:
        assert datatype.contents is not None
        known = [value.encode() if isinstance(value, str) else value for value in values]
        getattr(added.contents, datatype.contents).extend(known)


def _get_datatype(tensor: Mapping[str, Any]) -> _Datatype:
    name = tensor["datatype"]
    if name not in _DATATYPES:
        raise ValueError(f"{name!r} is no datatype of a tensor; known are {', '.join(_DATATYPES)}")
    return _DATATYPES[name]


def _flatten(data: Any) -> Iterable[Any]:
    """The values of nested lists in row-major order."""
    if isinstance(data, list | tuple):
        for item in data:
            yield from _flatten(item)
    else:
        yield data


def _pack(values: list[Any], datatype: _Datatype) -> bytes:
    if datatype.dtype:
        return np.array(values, datatype.dtype).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _read_contents(tensor: Any, raw: Any) -> list[Any]:
    datatype = _DATATYPES.get(tensor.datatype)
    if datatype is None:
        raise ValueError(f"the reply holds a tensor of the unknown datatype {tensor.datatype!r}")
    values = [] if datatype.contents is None else getattr(tensor.contents, datatype.contents)
    if values or not (packed := next(raw, b"")):
        return [value.decode(errors="replace") if isinstance(value, bytes) else value for value in values]
    if datatype.dtype:
        unpacked: list[Any] = np.frombuffer(packed, datatype.dtype).tolist()
        return unpacked
    return _unpack_texts(packed)


def _unpack_texts(packed: bytes) -> list[str]:
    texts, at = [], 0
    while at + 4 <= len(packed):
        (size,) = struct.unpack_from("<I", packed, at)
        texts.append(packed[at + 4 : at + 4 + size].decode(errors="replace"))
        at += 4 + size
    if at != len(packed):
        raise ValueError("the raw bytes of a tensor end within a text")
    return texts


def _set_parameters(held: Any, parameters: Mapping[str, Any] | None) -> None:
    for name, value in (parameters or {}).items():
        kind = "bool" if isinstance(value, bool) else _PARAMETERS.get(type(value))
        if kind is None:
            raise ValueError(f"the parameter {name!r} must be a truth value, a number or a text")
        setattr(held[name], f"{kind}_param", value)


_PARAMETERS: Final[Mapping[type, str]] = {int: "int64", float: "double", str: "string"}
