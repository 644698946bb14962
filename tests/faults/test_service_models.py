"""Models that fail, hang or give what is no prediction: who asked is told so, and nobody else is harmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger
from tests.faults.odd_service import serving
from tests.service.live_service import (
    ODD_PREDICTION,
    PERSON,
    Gate,
    Service,
    metric,
    odd_model,
    post,
    post_at_once,
    until,
)

pytestmark = [pytest.mark.real, pytest.mark.extended]
BATCH = f"{ODD_PREDICTION}/batch"
AGES = {"unsure_age": 50, "silent_age": 51, "wordy_age": 52, "skipped_age": 53}
FAILING = 60


def person(age: int) -> dict[str, Any]:
    return {**PERSON, "age": age}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> Iterator[Service]:
    """A model that is odd in each of these ways, at one age each."""
    model = gate.model(failing_age=FAILING, **AGES)
    with serving(
        tmp_path_factory.mktemp("models"), {"micro_batch": {"inline_ms": 0}, "logged_share": 0.0}, model
    ) as service:
        yield service


FAULTS = {
    "a model that gives NaN": AGES["unsure_age"],
    "a model that gives None": AGES["silent_age"],
    "a model that gives a text instead of a prediction": AGES["wordy_age"],
    "a model that gives too few results": AGES["skipped_age"],
    "a model that raises": FAILING,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_prediction_is_an_error(service: Service, ledger: Ledger, fault: str) -> None:
    """Alone, in a batch, and in a batch that may have errors in places."""
    wrong = person(FAULTS[fault])
    for body, path in ((wrong, ODD_PREDICTION), ([PERSON, wrong], BATCH), ([wrong], f"{BATCH}?partial=true")):
        reply = post(service.url, body, path)
        assert (reply.status_code, reply.json()["type"]) == (500, "ServiceError")
        assert re.search(r"error id [0-9a-f]{12}", reply.json()["messages"][0])
        assert post(service.url).json() == {"charges": 4_200.0}
    ledger.service(
        fault=fault, happened="500 with an id under which the log has the cause; the next call is answered"
    )


def test_a_poisoned_row_harms_its_batch_alone(service: Service, gate: Gate, ledger: Ledger) -> None:
    """Eight predictions and one that fails wait while the model is held, and share its next call."""
    gate.close()
    try:
        with post_at_once(1, service.url) as held:
            until(gate.is_reached)
            with (
                post_at_once(8, service.url) as sharing,
                post_at_once(1, service.url, person(FAILING)) as poison,
            ):
                until(lambda: metric(service.url, "inference_queue_depth") == 9)
                gate.open()
    finally:
        gate.open()
    assert held[0].result().status_code == 200
    assert {each.result().status_code for each in (*sharing, *poison)} == {500}
    assert post(service.url).status_code == 200
    ledger.service(
        fault="one of nine predictions that share a call makes the model raise",
        happened="the nine are answered 500 with one error id; calls before and after are not affected",
    )


def test_a_row_that_is_no_prediction_harms_nobody_else(service: Service, gate: Gate, ledger: Ledger) -> None:
    gate.close()
    try:
        with post_at_once(1, service.url) as held:
            until(gate.is_reached)
            with (
                post_at_once(8, service.url) as sharing,
                post_at_once(1, service.url, person(AGES["unsure_age"])) as unsure,
            ):
                until(lambda: metric(service.url, "inference_queue_depth") == 9)
                gate.open()
    finally:
        gate.open()
    assert {each.result().status_code for each in (*held, *sharing)} == {200}
    assert unsure[0].result().status_code == 500
    ledger.service(
        fault="one of nine predictions that share a call is NaN",
        happened="that one is answered 500, the others 200",
    )


def test_a_model_that_exits_does_not_end_the_service(ledger: Ledger, tmp_path: Path) -> None:
    with serving(tmp_path, model=odd_model(failing_age=FAILING, failure="SystemExit")) as service:
        assert post(service.url, person(FAILING)).status_code == 500
        assert post(service.url, [person(FAILING)], BATCH).status_code == 500
        assert post(service.url).status_code == 200
        assert service.stop() == 0
    ledger.service(fault="a model that calls sys.exit", happened="500; the service goes on")


def test_a_model_that_hangs_blocks_predictions_alone(ledger: Ledger, tmp_path: Path) -> None:
    """It, and what comes after, get 504. Health and metrics answer, SIGTERM ends it."""
    settings = {"deadline_ms": 300, "micro_batch": {"inline_ms": 0}}
    with serving(tmp_path, settings, odd_model(hanging_age=FAILING)) as service:
        assert [post(service.url, person(age)).status_code for age in (FAILING, 42, 42)] == [504] * 3
        assert metric(service.url, "inference_request_timeouts_total") == 3
        assert metric(service.url, "inference_queue_depth") == 0
        assert service.stop() == 0
    ledger.service(
        fault="a model that hangs (with `inline_ms: 0`)",
        happened="504 at the deadline, for all predictions from then on; health, metrics and SIGTERM work",
    )
