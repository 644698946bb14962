"""`init --grpc`: from the metadata of models over gRPC to a scenario, and to its verdict."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests.client.target import Target
from loadtests.grpc_client.messages import get_message
from loadtests.scaffolding.command import main
from loadtests.scaffolding.grpc_models import ModelAsker, sketch_grpc_models
from loadtests.scaffolding.inference_protocol import TensorInput
from loadtests.scaffolding.sketch import ScaffoldingError
from reports.data.folder import read_run

PATIENCE_S = 240.0


class Told(ModelAsker):
    """Hears what the test says instead of asking."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(Target.parse("http://127.0.0.1:1"))
        self.answers = {"ServerReady": make("ServerReadyResponse", ready=True), **answers}
        self.methods: list[str] = []

    def ask(self, method: str, **fields: Any) -> Any:
        self.methods.append(" ".join([method, *fields.values()]))
        self.asked.append(f"{method}: OK")
        return self.answers.get(method)


def make(message: str, /, **fields: Any) -> Any:
    return get_message(message)(**fields)


METADATA = make(
    "ModelMetadataResponse",
    name="m",
    inputs=[make("TensorMetadata", name="x y", datatype="INT64", shape=[-1, 2])],
    outputs=[make("TensorMetadata", name="label", datatype="BYTES", shape=[-1])],
)


def make_index(**states: str) -> Any:
    models = [make("ModelIndex", name=name, state=state) for name, state in states.items()]
    return make("RepositoryIndexResponse", models=models)


def test_a_named_model_is_asked_for_its_metadata_alone() -> None:
    asker = Told(ModelMetadata=METADATA)
    (endpoint,) = sketch_grpc_models(asker, "m").endpoints
    assert asker.methods == ["ServerReady", "ModelMetadata m"]
    assert (endpoint.grpc, endpoint.title) == ("m", "gRPC ModelInfer m")
    assert endpoint.payload == {
        "fields": {"x_y": {"list": {"uniform": [0, 100], "whole": True}, "length": 2}},
        "template": {"inputs": [{"name": "x y", "shape": [1, 2], "datatype": "INT64", "data": "{x_y}"}]},
    }
    assert endpoint.reply == {"fields": {"outputs[0].name": {"is": "label"}}}


def test_each_ready_model_of_the_list_is_an_endpoint() -> None:
    index = make_index(a="READY", b="UNAVAILABLE", c="", d="State.READY", e="State.UNAVAILABLE")
    sketch = sketch_grpc_models(Told(RepositoryIndex=index, ModelMetadata=METADATA), None)
    assert [each.grpc for each in sketch.endpoints] == ["a", "c", "d"]


def test_inputs_that_metadata_leave_out_can_be_given() -> None:
    asker = Told(ModelMetadata=make("ModelMetadataResponse", name="m"))
    assert sketch_grpc_models(asker, "m").sent == ()
    (endpoint,) = sketch_grpc_models(asker, "m", [TensorInput("x", "FP32", (-1, 4))]).sent
    assert endpoint.payload is not None
    assert list(endpoint.payload["fields"]) == ["x"]


@pytest.mark.parametrize(
    ("answers", "model", "said"),
    [
        ({"ServerReady": make("ServerReadyResponse", ready=False)}, "m", "says that it is not ready"),
        ({}, None, r"doesn't list its models: say which one \(--model NAME\)"),
        ({"RepositoryIndex": make_index(a="UNAVAILABLE")}, None, "lists no model that is ready"),
        ({}, "m", "knows no model 'm'.*\n  ServerReady: OK\n  ModelMetadata: OK"),
    ],
)
def test_what_is_missing_is_told(answers: dict[str, Any], model: str | None, said: str) -> None:
    with pytest.raises(ScaffoldingError, match=said):
        sketch_grpc_models(Told(**answers), model)


def test_an_openapi_document_is_of_http(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["http://127.0.0.1:1", "--grpc", "--openapi", "openapi.json"]) == 2
    assert capsys.readouterr().err == (
        "--openapi is of a service over HTTP; leave out one of --openapi, --grpc\n"
    )


@pytest.fixture
def asker(grpc_service: str) -> Iterator[ModelAsker]:
    with closing(ModelAsker(Target.parse(grpc_service))) as made:
        yield made


@pytest.mark.real
def test_parameters_of_inputs_are_sent_also_those_that_are_false(asker: ModelAsker) -> None:
    (endpoint,) = sketch_grpc_models(asker, None).endpoints
    assert endpoint.payload is not None
    (tensor,) = endpoint.payload["template"]["inputs"]
    assert tensor["parameters"] == {"content_type": "np", "strict": False}


@pytest.mark.real
def test_a_model_that_is_not_there_is_told_in_the_words_of_the_service(asker: ModelAsker) -> None:
    with pytest.raises(ScaffoldingError) as raised:
        sketch_grpc_models(asker, "unknown")
    assert "ModelMetadata unknown: NOT_FOUND (no model 'unknown'; it has sum, raw)" in str(raised.value)


@pytest.mark.real
def test_a_service_of_http_is_told(obedient: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--grpc", obedient.host]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{obedient.host} does not answer over gRPC: ")
    assert "gRPC port" in said


@pytest.mark.real
def test_a_grpc_port_asked_over_http_is_told(grpc_service: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([grpc_service]) == 2
    assert "it does not speak HTTP/1.1; if this is its gRPC port, add --grpc" in capsys.readouterr().err


@pytest.mark.real
def test_from_a_url_to_a_verdict(
    grpc_service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `init` writes runs as it is, and each reply is checked."""
    monkeypatch.chdir(tmp_path)
    assert main(["--grpc", grpc_service]) == 0
    said = capsys.readouterr().out
    assert '→ gRPC ModelInfer {"model_name": "sum", "inputs": [{"name": "x"' in said
    assert '← 200 {"model_name":"sum"' in said
    file = Path("scenarios/sum.yaml")
    assert f"init --grpc {grpc_service}" in file.read_text()
    (endpoint,) = yaml.safe_load(file.read_text())["traffic"]["endpoints"]
    assert endpoint["grpc"] == {"model": "sum"}
    assert endpoint["reply"]["fields"]["outputs[0].data[*]"] == "number"
    command = [sys.executable, "-m", "loadtests", "--scenario", str(file), "--host", grpc_service]
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [*command, "--time-scale", "0.03"],
        env={"PYTHONPATH": root, "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    samples = read_run(Path("results/latest")).samples
    assert set(samples.endpoint.decode().tolist()) == {"sum"}
    outcomes = set(samples.outcome.decode().tolist())
    assert outcomes <= {"ok", "timeout"}, (outcomes, done.stdout)
    assert "ok" in outcomes
