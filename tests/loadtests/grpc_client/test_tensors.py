"""Tensors keep their values on the way into a message and out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.grpc_client.messages import get_message, read_parameters
from loadtests.grpc_client.tensors import decode_request, decode_response, encode_request

WHOLE = {f"{kind}{bits}": bits for kind in ("INT", "UINT") for bits in (8, 16, 32, 64)}


@st.composite
def tensors(draw: st.DrawFn) -> dict[str, Any]:
    datatype = draw(st.sampled_from([*WHOLE, "BOOL", "FP16", "FP32", "FP64", "BYTES"]))
    values: st.SearchStrategy[Any]
    if datatype in WHOLE:
        bits = WHOLE[datatype]
        signed = datatype.startswith("INT")
        values = st.integers(-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1)
    elif datatype.startswith("FP"):
        values = st.floats(width=int(datatype[2:]), allow_nan=False)  # type: ignore[arg-type]
    else:
        values = st.booleans() if datatype == "BOOL" else st.text(max_size=20)
    data = draw(st.lists(values, min_size=1, max_size=20))
    return {"name": draw(st.text(max_size=9)), "datatype": datatype, "shape": [len(data)], "data": data}


def test_parameters_that_are_false_or_zero_are_sent() -> None:
    parameters = {"flag": False, "count": 0, "text": ""}
    body = {
        "inputs": [{"name": "x", "datatype": "INT8", "shape": [1], "data": [1], "parameters": parameters}]
    }
    request = get_message("ModelInferRequest").FromString(encode_request("m", "", body))
    assert read_parameters(request.inputs[0].parameters) == parameters
    assert decode_request(encode_request("m", "", body))["inputs"][0]["data"] == [1]


@given(st.lists(tensors(), min_size=1, max_size=4))
def test_what_is_encoded_is_decoded(inputs: list[dict[str, Any]]) -> None:
    """A request has the same numbers of fields for tensors as a reply, but for the raw bytes (7 and 6)."""
    request = get_message("ModelInferRequest").FromString(encode_request("m", "2", {"inputs": inputs}))
    reply = get_message("ModelInferResponse")(
        model_name=request.model_name, raw_output_contents=request.raw_input_contents
    )
    reply.outputs.extend(request.inputs)
    assert decode_response(reply.SerializeToString())["outputs"] == inputs


def test_nested_data_is_flat_in_a_message() -> None:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [[1, 2], [3, 4]]}
    request = get_message("ModelInferRequest").FromString(encode_request("m", "", {"inputs": [tensor]}))
    assert np.array_equal(request.inputs[0].contents.fp32_contents, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([1], 'needs "inputs"'),
        (
            {"inputs": [{"name": "x", "datatype": "FLOAT", "shape": [1], "data": [1]}]},
            "'FLOAT' is no datatype",
        ),
        ({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": ["a"]}]}, "no gRPC message"),
        ({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1]}]}, "'data'"),
        ({"inputs": [], "parameters": {"a": None}}, "the parameter 'a'"),
    ],
)
def test_what_no_message_can_hold_is_told(body: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_request("m", "", body)


@pytest.mark.parametrize("message", [b"\xff\xff", b"\x2a\x02\x12\x09"])
def test_what_is_no_response_is_told(message: bytes) -> None:
    with pytest.raises(ValueError, match="no ModelInferResponse"):
        decode_response(message)
