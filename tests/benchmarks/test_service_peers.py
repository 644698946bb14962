"""All services hold the same model, are asked for the same people, and their replies are read right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.service.open_model import render_scenario
from benchmarks.service.peers.dataframe import DataFrameModel
from benchmarks.service.peers.regression import COEFFICIENTS, Regression, row
from benchmarks.service.services import LIMITS, PEERS, SUITE, list_limits, list_services
from benchmarks.service.serving import make_records, parse_wrk_output, run_wrk, start_service, write_bodies
from configuration.loading import load_scenario
from configuration.payload import RecordFile
from service.model import model_file
from service.model.insurance import InsuranceChargesModel

PEOPLE = make_records(200)


@pytest.fixture(scope="module")
def model() -> InsuranceChargesModel:
    return InsuranceChargesModel()


@pytest.fixture(scope="module")
def expected(model: InsuranceChargesModel) -> list[float]:
    inputs = [model.input_schema(**person) for person in PEOPLE]
    return [each.charges for each in model.predict_batch(inputs)]


def test_the_peers_regression_is_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: list[float]
) -> None:
    """Read from a file of coefficients, evaluated without this project's packages."""
    regression = model_file.read_model_file(model_file.MODEL_PATH)
    file = tmp_path / "coefficients.json"
    file.write_text(
        json.dumps({"weights": regression.coef_.tolist(), "intercept": float(regression.intercept_)})
    )
    monkeypatch.setenv(COEFFICIENTS, str(file))
    rows = np.array([row(person) for person in PEOPLE], dtype=np.float64)
    assert Regression.load().charges(rows).tolist() == expected


def test_the_data_frame_form_is_the_model(model: InsuranceChargesModel, expected: list[float]) -> None:
    tutorial = DataFrameModel()
    found = [tutorial.predict(model.input_schema(**person)).charges for person in PEOPLE[:30]]
    assert found == pytest.approx(expected[:30], abs=0.011)


def test_all_that_are_compared_have_a_name_of_their_own(tmp_path: Path) -> None:
    names = [each.name for each in [*list_services(tmp_path, tmp_path / "c.json"), *list_limits()]]
    assert len(set(names)) == len(names) == 8
    assert {*PEERS, *LIMITS, SUITE} <= set(names)


REPLIES = {
    "MLServer": {"outputs": [{"name": "charges", "shape": [1, 1], "datatype": "FP64", "data": [8640.5]}]},
    "BentoML": [8640.5],
}


def test_replies_are_read_whatever_their_form(tmp_path: Path) -> None:
    for contender in list_services(tmp_path, tmp_path / "c.json"):
        assert contender.charges(REPLIES.get(contender.name, {"charges": 8640.5})) == 8640.5


def test_refused_requests_are_no_replies() -> None:
    """Of 1,000 replies in 2 s a hundred were refusals; 5 connections broke."""
    line = '{"replies": 1000, "refused": 100, "broken": 5, "seconds": 2.0, "p50_ms": 1.5, "p99_ms": 9.0}'
    found = parse_wrk_output(f"Running 2s test\n  900 requests\n{line}\n", cpu_s=1.5, seconds=3.0)
    assert (found.per_second, found.failed, found.per_cpu_second, found.busy) == (450.0, 105, 600.0, 0.5)


def test_the_open_model_is_a_scenario_of_this_suite(tmp_path: Path) -> None:
    bodies = write_bodies(tmp_path / "bodies.jsonl", list(PEOPLE))
    file = tmp_path / "open.yaml"
    file.write_text(render_scenario("/predict", bodies, 1234.4, 5.0))
    read = load_scenario(str(file))
    assert (read.planned_s, read.judged_from_s, read.full_profile.compute_level(3.0)) == (7.0, 2.0, 1234.0)
    assert [(each.path, each.payload.source) for each in read.traffic.endpoints] == [
        ("/predict", RecordFile(bodies))
    ]


@pytest.mark.real
@pytest.mark.extended
def test_the_constant_routes_answer_whatever_they_are_sent(
    tmp_path: Path, model: InsuranceChargesModel, require: Callable[..., None]
) -> None:
    """Real processes: one service started, checked, and asked by wrk on both routes."""
    require("taskset")
    require("wrk")
    bodies = write_bodies(tmp_path / "bodies.jsonl", ["no record", {"age": -1}])
    with start_service(list_limits()[0], model, tmp_path) as served:
        for limit in list_limits():
            found = run_wrk(served, limit.path, bodies, 2, 1.0)
            assert found.failed == 0
            assert found.per_second > 0
            assert found.per_cpu_second > 0
