"""Models of the Open Inference Protocol, over real HTTP, as sketches of scenarios."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loadtests.client.target import Target
from loadtests.scaffolding.asking import DocumentReader
from loadtests.scaffolding.discovery import discover_service
from loadtests.scaffolding.inference_protocol import TensorInput, parse_input, sketch_models
from loadtests.scaffolding.sketch import ScaffoldingError

Tell = Callable[..., None]


@pytest.fixture
def tell(obedient: Any, answer: Any) -> Tell:
    """Call with what the service says of itself: metadata by model, and the list of models if it has one."""

    def tell(models: dict[str, Any], index: Any = None) -> None:
        told = {f"/v2/models/{name}": metadata for name, metadata in models.items()}
        told["/v2"] = {"name": "server", "version": "1", "extensions": []}
        missing = answer(404, b"{}")
        obedient.asked_for = lambda path: (
            answer(body=json.dumps(told[path]).encode()) if path in told else missing
        )
        obedient.answer = lambda _: missing if index is None else answer(body=json.dumps(index).encode())

    return tell


@pytest.fixture
def reader(obedient: Any) -> Iterator[DocumentReader]:
    made = DocumentReader(Target.parse(obedient.host))
    yield made
    made.close()


def metadata(*inputs: tuple[str, str, list[int]], outputs: Any = ()) -> dict[str, Any]:
    tensors = [{"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in inputs]
    return {"name": "m", "inputs": tensors, "outputs": list(outputs)}


def test_each_ready_model_is_an_endpoint(tell: Tell, reader: DocumentReader) -> None:
    one = metadata(("x", "FP32", [2]))
    index = [{"name": "a", "state": "READY"}, {"name": "b", "state": "UNAVAILABLE"}, {"name": "c"}]
    tell({"a": one, "b": one, "c": one}, index)
    made = sketch_models(reader, None)
    assert made is not None
    assert [each.path for each in made.endpoints] == ["/v2/models/a/infer", "/v2/models/c/infer"]


def test_inputs_become_fields_and_a_template(tell: Tell, reader: DocumentReader) -> None:
    """Open lengths are 1; a name that no placeholder can have gets another one."""
    tell({"m": metadata(("serving default:0", "FP32", [-1, 28, 28]), ("lengths", "INT64", [-1]))})
    made = sketch_models(reader, "m")
    assert made is not None
    payload = made.endpoints[0].payload
    assert payload is not None
    assert payload["fields"] == {
        "serving_default_0": {"list": {"normal": [0, 1], "digits": 4}, "length": 784},
        "lengths": {"list": {"uniform": [0, 100], "whole": True}, "length": 1},
    }
    assert payload["template"]["inputs"] == [
        {
            "name": "serving default:0",
            "shape": [1, 28, 28],
            "datatype": "FP32",
            "data": "{serving_default_0}",
        },
        {"name": "lengths", "shape": [1], "datatype": "INT64", "data": "{lengths}"},
    ]


def test_a_scalar_is_a_list_of_one(tell: Tell, reader: DocumentReader) -> None:
    tell({"m": metadata(("x", "BYTES", []))})
    made = sketch_models(reader, "m")
    assert made is not None
    assert made.endpoints[0].payload is not None
    assert made.endpoints[0].payload["template"]["inputs"][0]["shape"] == [1]
    assert made.endpoints[0].payload["fields"] == {"x": {"list": {"faker": "sentence"}, "length": 1}}


def test_a_document_of_the_protocol_itself_is_not_taken_for_that_of_a_model(
    obedient: Any, answer: Any, reader: DocumentReader
) -> None:
    """MLServer serves one, whose paths hold `{model_name}`."""
    told = {
        "/openapi.json": {"openapi": "3.1.0", "paths": {"/v2/models/{model_name}/infer": {"post": {}}}},
        "/v2/models/m": metadata(("x", "FP32", [2])),
    }
    obedient.asked_for = lambda path: answer(body=json.dumps(told[path]).encode())
    obedient.answer = lambda _: answer(body=b'[{"name": "m", "state": "READY"}]')
    assert [each.path for each in discover_service(reader).endpoints] == ["/v2/models/m/infer"]


def test_outputs_are_looked_for_in_their_places(tell: Tell, reader: DocumentReader) -> None:
    outputs = [{"name": "p", "datatype": "FP32"}, {"name": "label", "datatype": "BYTES"}]
    tell({"m": metadata(("x", "FP32", [1]), outputs=outputs)})
    made = sketch_models(reader, "m")
    assert made is not None
    assert made.endpoints[0].reply == {
        "fields": {
            "outputs[0].name": {"is": "p"},
            "outputs[0].data[*]": "number",
            "outputs[1].name": {"is": "label"},
        }
    }


def test_a_model_that_tells_no_inputs_asks_for_them(tell: Tell, reader: DocumentReader) -> None:
    tell({"m": metadata()})
    made = sketch_models(reader, "m")
    assert made is not None
    assert "--input" in str(made.endpoints[0].left_out)
    given = sketch_models(reader, "m", [TensorInput("x", "BOOL", (3,))])
    assert given is not None
    assert given.endpoints[0].left_out is None


def test_a_service_that_does_not_list_its_models_asks_for_a_name(tell: Tell, reader: DocumentReader) -> None:
    tell({"m": metadata(("x", "FP32", [1]))})
    with pytest.raises(ScaffoldingError, match="--model NAME"):
        sketch_models(reader, None)


def test_another_service_is_none_of_these(obedient: Any, answer: Any, reader: DocumentReader) -> None:
    obedient.asked_for = obedient.answer = lambda _: answer(404, b"{}")
    assert sketch_models(reader, None) is None


def test_an_input_is_read_as_it_is_typed() -> None:
    assert parse_input("a:b:FP32:-1,4") == TensorInput("a:b", "FP32", (-1, 4))


@pytest.mark.parametrize(
    "text", ["", "rows", "rows:FP32", "rows:FLOAT:3", "rows:FP32:0", ":FP32:1", "r:FP32:1,,2"]
)
def test_another_text_is_no_input(text: str) -> None:
    with pytest.raises(ValueError, match="such as rows:FP32:-1,4"):
        parse_input(text)
