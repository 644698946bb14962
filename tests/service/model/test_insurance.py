"""The model's contract: its schemas, its predictions, and the files it loads."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.linear_model import LinearRegression, Ridge

from service.model import dataset
from service.model.features import encode_inputs, encode_table
from service.model.insurance import InsuranceChargesModel
from service.model.model_file import ModelFileError
from service.model.schemas import (
    InsuranceChargesModelInput,
    InsuranceChargesModelOutput,
    Region,
    RegionEnum,
    Sex,
    SexEnum,
)

ROOT = Path(__file__).parents[3]

EXAMPLE: dict[str, Any] = {
    "age": 42,
    "sex": "female",
    "bmi": 24.0,
    "children": 2,
    "smoker": False,
    "region": "northwest",
}
INPUTS = st.builds(
    InsuranceChargesModelInput,
    age=st.integers(18, 65),
    sex=st.sampled_from(get_args(Sex)),
    bmi=st.floats(15, 50),
    children=st.integers(0, 5),
    smoker=st.booleans(),
    region=st.sampled_from(get_args(Region)),
)


def test_names() -> None:
    assert InsuranceChargesModel.qualified_name == "insurance_charges_model"
    assert InsuranceChargesModel.display_name == "Insurance Charges Model"


def test_every_field_has_a_title_and_a_description() -> None:
    for schema in (InsuranceChargesModelInput, InsuranceChargesModelOutput):
        properties = schema.model_json_schema()["properties"]
        for name, field in properties.items():
            assert field["description"], name
            assert field["title"], name


def test_the_schema_has_the_bounds() -> None:
    schema = InsuranceChargesModelInput.model_json_schema()
    properties = schema["properties"]
    assert {name: (field.get("minimum"), field.get("maximum")) for name, field in properties.items()} == {
        "age": (18, 65),
        "sex": (None, None),
        "bmi": (15, 50),
        "children": (0, 5),
        "smoker": (None, None),
        "region": (None, None),
    }
    assert schema["required"] == ["age", "sex", "bmi", "children", "smoker", "region"]
    assert properties["sex"]["enum"] == ["male", "female"]
    assert set(properties["region"]["enum"]) == {"southwest", "southeast", "northwest", "northeast"}


@pytest.mark.parametrize("change", [{"age": 18}, {"age": 65}, {"bmi": 15}, {"bmi": 50}, {"children": 5}])
def test_bounds_belong_to_the_range(change: dict[str, Any]) -> None:
    InsuranceChargesModelInput(**{**EXAMPLE, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"age": 17},
        {"age": 66},
        {"age": 42.5},
        {"sex": "other"},
        {"bmi": 14.99},
        {"bmi": 50.01},
        {"bmi": float("nan")},
        {"bmi": float("inf")},
        {"children": -1},
        {"children": 6},
        {"smoker": "maybe"},
        {"smoker": "yes"},
        {"smoker": 0},
        {"age": "42"},
        {"age": True},
        {"bmi": "22"},
        {"smoker": None},
        {"region": "north"},
    ],
)
def test_beyond_the_bounds_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        InsuranceChargesModelInput(**{**EXAMPLE, **change})
    assert [each["loc"] for each in error.value.errors()] == [tuple(change)]


@pytest.mark.parametrize(
    ("change", "charges"),
    [
        ({}, 8_640),
        (
            {"age": 65, "sex": "male", "bmi": 22, "children": 5, "smoker": True, "region": "southwest"},
            25_391,
        ),
    ],
)
def test_known_policyholders_cost_about_what_they_should(
    model: InsuranceChargesModel, change: dict[str, Any], charges: float
) -> None:
    predicted = model.predict(InsuranceChargesModelInput(**{**EXAMPLE, **change})).charges
    assert predicted == pytest.approx(charges, rel=0.15)


def test_smoking_costs_more_from_bmi_30_on(model: InsuranceChargesModel) -> None:
    def charges(**change: Any) -> float:
        return model.predict(InsuranceChargesModelInput(**{**EXAMPLE, **change})).charges

    assert charges(smoker=True) > charges() + 5_000
    assert charges(smoker=True, bmi=30) > charges(smoker=True, bmi=29.9) + 10_000
    assert charges(bmi=30) == charges(bmi=29.9)


@given(inputs=st.lists(INPUTS, max_size=8))
def test_a_batch_is_its_rows_one_by_one(
    model: InsuranceChargesModel, inputs: list[InsuranceChargesModelInput]
) -> None:
    """In order, finite, never negative, and in whole cents."""
    together = model.predict_batch(inputs)
    assert together == [model.predict(each) for each in inputs]
    for each in together:
        assert 0 <= each.charges < 1e5
        assert round(each.charges, 2) == each.charges


def test_training_and_prediction_see_the_same_rows() -> None:
    """A person of the training data and the same person in a request become the same numbers."""
    people = dataset.generate_people().query("bmi >= 15 and bmi <= 50")
    inputs = [
        InsuranceChargesModelInput(**{**person, "smoker": person["smoker"] == "yes"})
        for person in people.drop(columns="charges").to_dict("records")
    ]
    np.testing.assert_array_equal(encode_inputs(inputs), encode_table(people))


def test_a_prediction_makes_no_table_and_calls_no_scikit_learn(
    model: InsuranceChargesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("on the request path")

    monkeypatch.setattr(pd.DataFrame, "__init__", refuse)
    monkeypatch.setattr(LinearRegression, "predict", refuse)
    assert model.predict(InsuranceChargesModelInput(**EXAMPLE)).charges > 0


def test_the_file_holds_no_pickle(model_path: Path) -> None:
    """Everything in it is JSON or an array that numpy reads with pickle forbidden."""
    with zipfile.ZipFile(model_path) as file:
        for name in file.namelist():
            if name.endswith(".npy"):
                with file.open(name) as content:
                    np.load(content, allow_pickle=False)
            else:
                assert name == "schema.json"


class Foreign:
    """A type that is on no allow-list."""

    def __init__(self) -> None:
        self.value = 1


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (Path.exists, "There is no model file"),
        (lambda path: path.write_bytes(b"not a zip"), "can't be loaded"),
        (lambda path: path.write_bytes(pickle.dumps(LinearRegression())), "can't be loaded"),
        (lambda path: skops.io.dump(Foreign(), path), "can't be loaded"),
        (lambda path: skops.io.dump(Ridge(), path), "holds no model of this version"),
        (
            lambda path: skops.io.dump(LinearRegression().fit([[1.0], [2.0]], [1, 2]), path),
            "holds no model of",
        ),
    ],
    ids=["missing", "broken", "pickle", "foreign type", "another estimator", "other features"],
)
def test_a_file_without_our_model_is_reported(
    tmp_path: Path, write: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "model.skops"
    write(path)
    with pytest.raises(ModelFileError) as error:
        InsuranceChargesModel(path)
    assert message in str(error.value)
    assert "run `make train`" in str(error.value)


def test_the_enumerations_are_the_values_of_the_schema() -> None:
    assert [each.value for each in SexEnum] == list(get_args(Sex))
    assert [each.value for each in RegionEnum] == list(get_args(Region))


def test_the_documented_use_from_python_runs(model_path: Path, tmp_path: Path) -> None:
    """As a user of ml_base does it: by its class path, with the model file in the current folder."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/insurance_charges_model.skops").symlink_to(model_path)
    text = (ROOT / "docs/service.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(8_640, rel=0.15)
