"""The spans that a real OTLP receiver gets: their models, traces, parents and links."""

from __future__ import annotations

import importlib.util
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service.live_service import (
    INSURANCE_PREDICTION,
    PATIENCE_S,
    PERSON,
    PROTOCOL,
    Gate,
    Service,
    get,
    metric,
    odd_model,
    post_at_once,
    until,
)
from tests.service.live_service import post as post_to

OURS, OTHER = "insurance_charges_model", "odd_model"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OF_MODEL = {"model.name", "model.version"}
OF_BATCH = {"model.inference_time_seconds", "batch.size", "queue.wait_seconds"}
pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Span:
    """A span as the receiver prints it; `links` are the traces and ids of the spans it is linked to."""

    trace: str
    parent: str
    identity: str
    name: str
    attributes: dict[str, str]
    links: list[tuple[str, str]]

    @classmethod
    def read(cls, text: str) -> Span:
        head, _, links = text.partition("\nLinks:\n")
        fields = dict(re.findall(r"^ +(Trace ID|Parent ID|ID|Name) +: (\w*)$", head, flags=re.MULTILINE))
        attributes = re.findall(r"^ +-> (\S+): \w+\((.*)\)$", head, flags=re.MULTILINE)
        return cls(
            *(fields[each] for each in ("Trace ID", "Parent ID", "ID", "Name")),
            dict(attributes),
            re.findall(r"-> Trace ID: (\w+)\n +-> ID: (\w+)\n", links),
        )


@dataclass(frozen=True)
class Receiver:
    """A receiver of OTLP over HTTP: where it listens, and the file to which it prints what it got."""

    process: subprocess.Popen[bytes]
    endpoint: str
    log: Path

    def spans(self) -> list[Span]:
        """All spans that it got; ends the receiver, so that its log is complete."""
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        scopes = re.split(r"^ResourceSpans #0$", self.log.read_text(), flags=re.MULTILINE)[1:]
        texts = (re.split(r"^Span #\d+$", scope, flags=re.MULTILINE)[1:] for scope in scopes)
        return [Span.read(text) for each in texts for text in each]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        pytest.fail("needs rotel: pip install -r requirements-dev.txt")
    program = str(Path(found.origin).with_name("rotel-agent"))
    # It can't choose a port itself, and another program may take the one that was free: try others then.
    for attempt in range(20):
        port, log = free_port(), tmp_path / f"rotel.{attempt}.log"
        command = [
            *(program, "start", "--otlp-http-endpoint", f"127.0.0.1:{port}"),
            *("--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"),
            *("--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity", "detailed"),
        ]
        with (
            log.open("wb") as file,
            subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process,
        ):
            until(lambda: process.poll() is not None or is_listening(port))  # noqa: B023 - called at once
            if process.poll() is not None:
                continue
            yield Receiver(process, f"http://127.0.0.1:{port}", log)
            process.terminate()
            return
    pytest.fail(f"rotel did not start:\n{log.read_text()}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def traced(serve: Callable[..., Any], receiver: Receiver) -> Callable[..., Any]:
    """Call as `serve`: a service that sends its spans to the receiver."""

    def run(*arguments: Any) -> Any:
        return serve(*arguments, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="100")

    return run


def post(url: str, model: str, path: str = "", body: Any = PERSON, **headers: str) -> None:
    """A prediction that succeeds."""
    assert post_to(url, body, f"/api/models/{model}/prediction{path}", **headers).status_code == 200


@pytest.mark.parametrize("path", ["", "/batch"], ids=["single", "batch"])
def test_each_span_names_its_model_and_belongs_to_the_callers_trace(
    traced: Callable[..., Any], receiver: Receiver, model_path: Path, path: str
) -> None:
    """Two models in one service; the first is called within a trace, the second without one."""
    ours = {
        "class_path": "service.model.insurance.InsuranceChargesModel",
        "configuration": {"model_path": str(model_path)},
    }
    service = traced({}, (ours, odd_model()))
    body = [PERSON] * 3 if path else PERSON
    post(service.url, OURS, path, body, traceparent=f"00-{TRACE}-{CALLER}-01")
    post(service.url, OTHER, path, body)
    assert get(f"{service.url}/api/health/ready").status_code == 200
    assert service.stop() == 0

    loading, *spans = receiver.spans()
    health = spans.pop()
    assert loading.name == "model_loading"
    assert [OURS in loading.attributes["model.name"], OTHER in loading.attributes["model.name"]] == [True] * 2
    assert "0.0.1" in loading.attributes["model.version"]
    assert (health.name, health.attributes) == ("health_check", {"url.path": "/api/health/ready"})

    of_batch = OF_BATCH - {"queue.wait_seconds"} if path else OF_BATCH
    versions = {}
    for model in (OURS, OTHER):
        of_model = [span for span in spans if span.attributes["model.name"] == model]
        assert sorted(span.name for span in of_model) == [
            "data_preparation",
            "model_inference",
            "prediction_request",
        ]
        preparation, inference, request = sorted(of_model, key=lambda span: span.name)
        assert preparation.attributes.keys() == OF_MODEL
        assert inference.attributes.keys() == OF_MODEL | of_batch
        assert inference.attributes["batch.size"] == ("3" if path else "1")
        assert request.attributes.keys() >= OF_MODEL | {"http.response.status_code"}
        assert preparation.parent == inference.parent == request.identity
        assert inference.links == [(request.trace, request.identity)]
        assert {span.trace for span in of_model} == {request.trace}
        assert ((request.trace, request.parent) == (TRACE, CALLER)) is (model == OURS)
        (versions[model],) = {span.attributes["model.version"] for span in of_model}
    assert versions[OTHER] == "0.0.1" != versions[OURS]
    assert "northwest" not in receiver.log.read_text()


def test_the_loading_of_one_model_has_its_name_and_version(
    traced: Callable[..., Any], receiver: Receiver
) -> None:
    assert traced({}, odd_model()).stop() == 0
    (loading,) = receiver.spans()
    assert loading.attributes == {"model.name": OTHER, "model.version": "0.0.1"}


def test_a_batch_is_linked_to_each_request_in_it(
    traced: Callable[..., Any], receiver: Receiver, gate: Gate
) -> None:
    """Eight requests, each in its own trace. The model is held with the first ones until all others wait."""
    service = traced({"micro_batch": {"inline_ms": 0}}, gate.model())
    gate.close()
    with post_at_once(1, service.url) as first:
        until(gate.is_reached)
        with post_at_once(7, service.url) as others:
            until(lambda: metric(service.url, "inference_queue_depth") == 7)
            gate.open()
    assert {each.result().status_code for each in [*first, *others]} == {200}
    assert service.stop() == 0

    spans = receiver.spans()
    asked = sorted((span.trace, span.identity) for span in spans if span.name == "prediction_request")
    batches = [span for span in spans if span.name == "model_inference"]
    assert len(asked) == 8
    assert sorted(len(batch.links) for batch in batches) == [1, 7]
    assert sorted(link for batch in batches for link in batch.links) == asked
    for batch in batches:
        assert len(batch.links) == int(batch.attributes["batch.size"])
        assert (batch.trace, batch.parent) == batch.links[0]


@pytest.fixture
def traced_baseline(
    configured: Callable[[Path], Path], model_path: Path, receiver: Receiver
) -> Iterator[Callable[..., Service]]:
    """Call with environment variables: the stock service, which sends its spans to the receiver."""
    services: list[Service] = []

    def run(**environment: str) -> Service:
        sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        services.append(Service(PROTOCOL, configured(model_path), sent | environment))
        return services[-1]

    yield run
    for service in services:
        service.close()


def test_the_stock_service_is_traced_too(traced_baseline: Callable[..., Service], receiver: Receiver) -> None:
    """Its reply names the trace; a predicted value is in no span, unless that is asked for."""
    service = traced_baseline()
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
    reply = post_to(service.url, PERSON, INSURANCE_PREDICTION, **headers)
    assert f"00-{TRACE}-" in reply.headers["Server-Timing"]
    assert get(f"{service.url}/api/health/ready").status_code == 200
    assert service.stop() == 0
    loading, inference, request, health = receiver.spans()
    assert [each.name for each in (loading, inference, request, health)] == [
        "model_loading",
        "model_inference",
        "prediction_request",
        "health_check",
    ]
    assert (request.trace, request.parent) == (TRACE, CALLER)
    assert request.attributes.keys() == OF_MODEL | {"http.response.status_code"}
    assert inference.parent == request.identity
    assert inference.attributes.keys() == OF_MODEL | OF_BATCH - {"queue.wait_seconds"}


def test_a_model_without_batches_is_traced_like_one_of_the_stock_service(
    traced: Callable[..., Any], receiver: Receiver
) -> None:
    service = traced({}, {"class_path": "tests.service.odd_models.OneAtATimeModel"})
    post(service.url, OTHER)
    assert post_to(service.url, {}, f"/api/models/{OTHER}/prediction").status_code == 400
    assert service.stop() == 0
    _, inference, good, bad = receiver.spans()
    assert inference.parent == good.identity
    statuses = [each.attributes["http.response.status_code"] for each in (good, bad)]
    assert statuses == ["200", "400"]


@pytest.mark.parametrize("kind", ["batched", "stock"])
def test_the_predicted_value_is_in_a_span_where_that_is_asked_for(
    serve: Callable[..., Any], traced_baseline: Callable[..., Service], receiver: Receiver, kind: str
) -> None:
    wanted = {"TRACE_PREDICTIONS": "true"}
    if kind == "stock":
        service = traced_baseline(**wanted)
    else:
        sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        service = serve({}, **sent, **wanted)
    predicted = post_to(service.url, PERSON, INSURANCE_PREDICTION).text
    assert service.stop() == 0
    (request,) = (span for span in receiver.spans() if span.name == "prediction_request")
    assert request.attributes["model.prediction"] == predicted
