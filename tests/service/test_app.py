"""The service with baseline.yaml over HTTP: its replies, its errors, its start and its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.service.live_service import (
    INSURANCE_PREDICTION,
    MIDDLEWARE,
    PATIENCE_S,
    PERSON,
    PROTOCOL,
    ROOT,
    check_against_document,
    get,
    is_ready,
    metric,
    until,
)
from tests.service.live_service import post as post_to

PREDICTION = INSURANCE_PREDICTION
pytestmark = pytest.mark.real


def post(url: str, body: Any) -> requests.Response:
    return post_to(url, body, PREDICTION)


def test_a_prediction(url: str) -> None:
    reply = post(url, PERSON)
    assert reply.status_code == 200
    assert reply.json().keys() == {"charges"}
    assert reply.json()["charges"] == pytest.approx(8_640, rel=0.15)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"age": 42,', "json_invalid"),
        (b"", "missing"),
        (b"\xff", "parsing the body"),
        (b"[" * 100_000, "pars"),
        ([], "model_attributes_type"),
        ({**PERSON, "age": 17}, "'body, age' has error 'greater_than_equal'"),
        ({**PERSON, "region": "north"}, "'body, region' has error 'literal_error'"),
        ({key: value for key, value in PERSON.items() if key != "bmi"}, "'body, bmi' has error 'missing'"),
    ],
    ids=["cut short", "empty", "not UTF-8", "too deep", "a list", "out of range", "unknown name", "missing"],
)
def test_a_bad_body_is_answered_400_with_what_is_wrong(url: str, body: Any, message: str) -> None:
    reply = post(url, body)
    assert reply.status_code == 400
    assert reply.json().keys() == {"type", "messages"}
    assert message in " ".join(reply.json()["messages"])


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/models/no_such_model/metadata", 404, "NotFound"),
        ("GET", "/nowhere", 404, "NotFound"),
        ("DELETE", PREDICTION, 405, "MethodNotAllowed"),
    ],
)
def test_every_error_has_the_same_format(url: str, method: str, path: str, status: int, kind: str) -> None:
    reply = requests.request(method, url + path, timeout=PATIENCE_S)
    assert reply.status_code == status
    assert reply.json()["type"] == kind
    assert all(isinstance(message, str) for message in reply.json()["messages"])


def test_an_unknown_model_is_answered_with_the_known_ones(url: str) -> None:
    assert get(f"{url}/api/models/no_such_model/metadata").json()["messages"] == [
        "There is no model 'no_such_model'; there is insurance_charges_model."
    ]


def test_metadata_has_the_schemas(url: str) -> None:
    metadata = get(f"{url}/api/models/insurance_charges_model/metadata").json()
    assert metadata["display_name"] == "Insurance Charges Model"
    assert metadata["input_schema"]["properties"]["age"]["title"] == "Age"
    assert metadata["output_schema"]["properties"]["charges"]["title"] == "Charges"
    (listed,) = get(f"{url}/api/models").json()["models"]
    assert listed["version"] == metadata["version"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/health", {"health_status": "HEALTHY"}),
        ("/api/health/ready", {"readiness_status": "ACCEPTING_TRAFFIC"}),
        ("/api/health/startup", {"startup_status": "STARTED"}),
    ],
)
def test_health(url: str, path: str, body: dict[str, str]) -> None:
    reply = get(url + path)
    assert (reply.status_code, reply.json()) == (200, body)


def counted(url: str, status: str) -> float:
    """How many predictions ended with a status, by the service's own count."""
    return metric(url, "http_requests_total", handler=PREDICTION, method="POST", status=status)


def test_metrics_count_each_prediction_by_status(url: str) -> None:
    before = counted(url, "200"), counted(url, "400")
    for body in (PERSON, PERSON, b"{"):
        post(url, body)
    assert counted(url, "200") == before[0] + 2
    assert counted(url, "400") == before[1] + 1


def test_the_openapi_document_has_the_errors(url: str) -> None:
    document = get(f"{url}/openapi.json").json()
    assert document["info"]["title"] == "Insurance Charges Model Service"
    assert document["paths"][PREDICTION]["post"]["responses"].keys() == {"200", "400", "500"}
    metadata = document["paths"]["/api/models/{model_qualified_name}/metadata"]["get"]
    assert metadata["responses"].keys() == {"200", "404", "500"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_service_keeps_to_its_openapi_document(url: str, tmp_path: Path) -> None:
    check_against_document(url, tmp_path)


def test_the_log_is_json_and_tells_no_requests(start: Callable[..., Any]) -> None:
    service = start(*MIDDLEWARE)
    for body in (PERSON, b"{"):
        post(service.url, body)
    service.stop()
    assert PREDICTION not in service.log
    assert "Traceback" not in service.log
    lines = [json.loads(line) for line in service.log.splitlines()]
    assert any("startup complete" in line["message"] for line in lines)
    assert all({"timestamp", "level", "request_id", "latency_ms", "detail"} <= line.keys() for line in lines)


def test_the_suites_command_exits_with_zero(start: Callable[..., Any]) -> None:
    """`python -m service` serves until SIGTERM, which is no failure."""
    service = start(*PROTOCOL)
    assert post(service.url, PERSON).status_code == 200
    assert service.stop() == 0


def test_rest_model_services_own_entry_hosts_the_model(start: Callable[..., Any]) -> None:
    service = start("uvicorn", "rest_model_service.main:app")
    until(lambda: is_ready(service.url))
    assert post(service.url, PERSON).status_code == 200


BROKEN = {
    "no model": ("model.skops", None, "There is no model file"),
    "broken model": ("model.skops", "junk", "can't be loaded"),
    "no configuration": ("service.yaml", None, "can't be read (No such file or directory)"),
    "broken YAML": ("service.yaml", "models: [", "is not YAML"),
    "a list": ("service.yaml", "- 1", "is not valid. the file: "),
    "unknown section": (
        "service.yaml",
        "servng: {}",
        "servng: Extra inputs are not permitted (did you mean serving?)",
    ),
    "strange section": (
        "service.yaml",
        "x: 1",
        "x: Extra inputs are not permitted (known here: service_title, ",
    ),
    "wrong key": ("service.yaml", "models: [{}]", "models.0.class_path: Field required"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_start_that_fails_ends_with_a_message(
    tmp_path: Path, configured: Callable[[Path], Path], name: str, content: str | None, message: str
) -> None:
    """Exit code 1, no traceback, and nothing listens."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    configuration = configured(path) if name == "model.skops" else path
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "service.app:app", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "REST_CONFIG": str(configuration)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert "running on" not in done.stderr
