"""The batched service over HTTP: single predictions and batches, valid and not, as its document says."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.service.live_service import (
    INSURANCE_PREDICTION,
    MIDDLEWARE,
    ODD_CLASS,
    ODD_PREDICTION,
    PATIENCE_S,
    PERSON,
    PROTOCOL,
    check_against_document,
    get,
    odd_model,
)
from tests.service.live_service import post as post_to

PREDICTION = INSURANCE_PREDICTION
BATCH = f"{PREDICTION}/batch"
SERVER_TIMING = re.compile(r'queue;dur=\d+\.\d+, inference;dur=\d+\.\d+, batch;desc="(\d+)"')
pytestmark = pytest.mark.real


def post(url: str, body: Any, path: str = PREDICTION) -> requests.Response:
    return post_to(url, body, path)


def people(count: int) -> list[dict[str, Any]]:
    """Different people, each as different as its index allows."""
    return [{**PERSON, "age": 18 + index % 48, "bmi": 15 + index % 350 / 10} for index in range(count)]


def test_a_prediction_equals_the_stock_endpoints(url: str, batched_url: str) -> None:
    """The same bytes from both services."""
    for person in people(5):
        ours, stock = post(batched_url, person), post(url, person)
        assert ours.status_code == stock.status_code == 200
        assert ours.content == stock.content


def test_each_of_many_at_once_gets_its_own_prediction(batched_url: str) -> None:
    """Sixteen connections at a time; the batch endpoint predicts the same charges for the same people."""
    several = people(300)
    expected = [each["charges"] for each in post(batched_url, several, BATCH).json()]
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda person: post(batched_url, person), several))
    assert [reply.json()["charges"] for reply in replies] == expected


def test_server_timing_has_queue_inference_and_batch(batched_url: str) -> None:
    found = SERVER_TIMING.fullmatch(post(batched_url, PERSON).headers["Server-Timing"])
    assert found is not None
    assert found[1] == "1"
    found = SERVER_TIMING.fullmatch(post(batched_url, people(500), BATCH).headers["Server-Timing"])
    assert found is not None
    assert found[1] == "500"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"age": 42,', "json_invalid"),
        (b"", "json_invalid"),
        (b"\xff", "json_invalid"),
        (b"[" * 4_000, "json_invalid"),
        ([], "model_type"),
        ({**PERSON, "age": 17}, "'body, age' has error 'greater_than_equal'"),
        ({**PERSON, "region": "north"}, "'body, region' has error 'literal_error'"),
        ({key: value for key, value in PERSON.items() if key != "bmi"}, "'body, bmi' has error 'missing'"),
    ],
    ids=["cut short", "empty", "not UTF-8", "too deep", "a list", "out of range", "unknown name", "missing"],
)
def test_a_bad_body_is_answered_400_with_what_is_wrong(batched_url: str, body: Any, message: str) -> None:
    reply = post(batched_url, body)
    assert reply.status_code == 400
    assert reply.json().keys() == {"type", "messages"}
    assert message in " ".join(reply.json()["messages"])


@pytest.mark.parametrize("count", [1, 2, 999, 10_000])
def test_a_batch_is_answered_in_order(batched_url: str, count: int) -> None:
    several = people(count)
    reply = post(batched_url, several, BATCH)
    assert reply.status_code == 200
    charges = [each["charges"] for each in reply.json()]
    assert len(charges) == count
    for index in range(0, count, max(1, count // 5)):
        assert charges[index] == post(batched_url, several[index]).json()["charges"]


def test_all_invalid_rows_of_a_batch_are_reported_by_index_and_field(batched_url: str) -> None:
    """Rows 3 and 700, far apart; nothing else is answered."""
    several = people(1_000)
    several[3]["age"] = 17
    several[700]["region"] = "north"
    reply = post(batched_url, several, BATCH)
    assert reply.status_code == 400
    assert [re.match(r"Field '(.*?)'", each)[1] for each in reply.json()["messages"]] == [  # type: ignore[index]
        "body, 3, age",
        "body, 700, region",
    ]


def test_of_very_many_faults_a_hundred_are_reported(batched_url: str) -> None:
    """Ten thousand empty records: the answer stays short, and says that there is more."""
    messages = post(batched_url, [{}] * 10_000, BATCH).json()["messages"]
    assert len(messages) == 101
    assert messages[-1].startswith("... and")
    results = post(batched_url, [{}] * 9_999 + [PERSON], f"{BATCH}?partial=true").json()
    assert ["charges" in each for each in results] == [False] * 9_999 + [True]


def test_with_partial_each_invalid_row_has_its_error_in_its_place(batched_url: str) -> None:
    several = people(1_000)
    right = post(batched_url, several, BATCH).json()
    several[3]["age"] = 17
    several[700] = {}
    reply = post(batched_url, several, f"{BATCH}?partial=true")
    assert reply.status_code == 200
    results = reply.json()
    assert [index for index, each in enumerate(results) if "type" in each] == [3, 700]
    assert "'body, 3, age'" in results[3]["messages"][0]
    assert len(results[700]["messages"]) == len(PERSON)
    assert [each for index, each in enumerate(results) if index not in (3, 700)] == [
        each for index, each in enumerate(right) if index not in (3, 700)
    ]


@pytest.mark.parametrize(
    ("body", "query", "status", "message"),
    [
        ([], "", 400, "at least 1 row"),
        (PERSON, "", 400, "list_type"),
        (b"[", "", 400, "json_invalid"),
        (people(10_001), "", 413, "more than 10,000 rows"),
        (b"[" + b" " * 2**22 + b"]", "", 413, "larger than 4,194,304 bytes"),
        ([PERSON], "?partial=perhaps", 400, "expected true or false"),
    ],
    ids=["empty", "no list", "cut short", "too many rows", "too many bytes", "partial"],
)
def test_what_is_no_batch_is_refused(
    batched_url: str, body: Any, query: str, status: int, message: str
) -> None:
    reply = post(batched_url, body, f"{BATCH}{query}")
    assert reply.status_code == status
    assert message in reply.json()["messages"][0]


def test_a_cut_inside_a_string_does_no_harm(batched_url: str) -> None:
    """Unknown fields are ignored; this one looks like the end of one record and the start of the next."""
    several = [{**each, "note": "},{" * 200} for each in people(400)]
    reply = post(batched_url, several, BATCH)
    assert reply.json() == post(batched_url, people(400), BATCH).json()


def test_a_body_in_two_parts_is_one_body(batched_url: str) -> None:
    def parts() -> Any:
        yield b'{"age": 42, "sex": "female", "bmi": 24.0,'
        yield b'"children": 2, "smoker": false, "region": "northwest"}'

    assert requests.post(batched_url + PREDICTION, data=parts(), timeout=PATIENCE_S).status_code == 200


def test_health_and_metadata_are_still_rest_model_services(url: str, batched_url: str) -> None:
    for path in ("/api/health", "/api/health/ready", "/api/health/startup", "/api/models"):
        ours, stock = get(batched_url + path), get(url + path)
        assert (ours.status_code, ours.json()) == (stock.status_code, stock.json())


def test_other_methods_are_refused_in_the_services_format(batched_url: str) -> None:
    for path in (PREDICTION, BATCH):
        reply = requests.delete(batched_url + path, timeout=PATIENCE_S)
        assert (reply.status_code, reply.json()["type"]) == (405, "MethodNotAllowed")


def test_the_service_keeps_to_its_openapi_document(serve: Callable[..., Any], tmp_path: Path) -> None:
    check_against_document(serve().url, tmp_path)


def test_a_model_without_predict_batch_has_the_stock_endpoint(serve: Callable[..., Any]) -> None:
    service = serve(model={"class_path": ODD_CLASS.replace("OddModel", "OneAtATimeModel")})
    assert post(service.url, PERSON, ODD_PREDICTION).json() == {"charges": 4_200.0}
    assert post(service.url, [PERSON], f"{ODD_PREDICTION}/batch").status_code == 404


@pytest.mark.parametrize("command", [PROTOCOL, MIDDLEWARE], ids=["protocol", "middleware"])
def test_a_server_with_a_root_path_answers_alike(serve: Callable[..., Any], command: list[str]) -> None:
    """The framework routes such requests to the same endpoints, which have the same refusals."""
    http = [] if command == MIDDLEWARE else ["--http", "service.web.protocol:SheddingProtocol"]
    url = serve(model=odd_model(), command=[*MIDDLEWARE, *http, "--root-path", "/root"]).url
    reply = post(url, PERSON, ODD_PREDICTION)
    assert (reply.status_code, reply.json()) == (200, {"charges": 4_200.0})
    assert SERVER_TIMING.fullmatch(reply.headers["Server-Timing"]) is not None
    assert reply.headers["Content-Type"] == "application/json"
    assert post(url, {}, ODD_PREDICTION).status_code == 400
    results = post(url, [PERSON, {}], f"{ODD_PREDICTION}/batch?partial=true").json()
    assert ["charges" in each for each in results] == [True, False]


@pytest.mark.parametrize("failure", ["ValueError", "SystemExit"])
def test_a_failing_batch_is_answered_500_with_an_error_id_that_the_log_knows(
    serve: Callable[..., Any], failure: str
) -> None:
    """Single and explicit; the next request is answered as if nothing had been."""
    service = serve(model=odd_model(failing_age=50, failure=failure))
    wrong = {**PERSON, "age": 50}
    ids = []
    for body, path in ((wrong, ODD_PREDICTION), ([PERSON, wrong], f"{ODD_PREDICTION}/batch")):
        reply = post(service.url, body, path)
        assert reply.status_code == 500
        assert "does not like" not in reply.text
        ids += re.findall(r"error id ([0-9a-f]{12})", reply.json()["messages"][0])
        assert post(service.url, PERSON, ODD_PREDICTION).json() == {"charges": 4_200.0}
    service.stop()
    assert len(set(ids)) == 2
    assert all(each in service.log for each in ids)
    assert "an age this model does not like" in service.log


def test_what_is_no_prediction_is_answered_500_and_only_to_whom_it_belongs(serve: Callable[..., Any]) -> None:
    """A model that gives NaN for one person and None for another still answers the rest of the batch."""
    service = serve(model=odd_model(unsure_age=50, silent_age=51))
    for age in (50, 51):
        reply = post(service.url, {**PERSON, "age": age}, ODD_PREDICTION)
        assert (reply.status_code, reply.json()["type"]) == (500, "ServiceError")
        assert (
            post(service.url, [PERSON, {**PERSON, "age": age}], f"{ODD_PREDICTION}/batch").status_code == 500
        )
    assert post(service.url, PERSON, ODD_PREDICTION).json() == {"charges": 4_200.0}
    service.stop()
    assert service.log.count("which is no prediction") == 4


def test_the_openapi_document_says_that_a_batch_holds_a_record(batched_url: str) -> None:
    paths = requests.get(f"{batched_url}/openapi.json", timeout=PATIENCE_S).json()["paths"]
    body = paths[f"{INSURANCE_PREDICTION}/batch"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["minItems"] == 1
    assert post(batched_url, [], f"{INSURANCE_PREDICTION}/batch").status_code == 400
