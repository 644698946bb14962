"""Records come from every source, in each kind, and equal seeds give equal ones."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from configuration.document import Node
from configuration.fields import read_fields
from configuration.payload import FieldRecords, RecordFile, RecordsLike, SchemaRecords
from loadtests.answers.json_schema import Schema, SchemaError
from loadtests.payloads.records import generate_records
from loadtests.payloads.schema_inference import infer_schema

FIELDS = {
    "age": {"normal": [40, 12], "min": 18, "max": 65, "whole": True},
    "score": {"uniform": [0.25, 0.75], "digits": 3},
    "income": {"lognormal": [10, 0.5]},
    "plan": {"choice": {"free": 9, "pro": 1}},
    "number": {"sequence": 7},
    "source": {"constant": None},
    "mail": {"faker": "safe_email"},
    "code": {"pattern": "[A-Z]{2}[0-9]{3}"},
    "pixels": {"list": {"uniform": [0, 1]}, "length": {"uniform": [2, 5], "whole": True}},
    "address": {"fields": {"city": {"faker": "city"}}},
}


def take(source: Any, kind: str = "realistic", count: int = 200, seed: int = 1, worker: int = 0) -> list[Any]:
    return [record.value for record in islice(generate_records(source, kind, seed, worker), count)]


def fields(**chosen: Any) -> FieldRecords:
    return FieldRecords(read_fields(Node(chosen or FIELDS)))


def test_fields_are_drawn_as_they_are_described() -> None:
    records = take(fields(), count=1_000)
    assert all(isinstance(record["age"], int) and 18 <= record["age"] <= 65 for record in records)
    assert all(0.25 <= record["score"] <= 0.75 for record in records)
    assert all(record["score"] == round(record["score"], 3) for record in records)
    assert np.median([record["income"] for record in records]) == pytest.approx(np.exp(10), rel=0.1)
    assert 0.85 < np.mean([record["plan"] == "free" for record in records]) < 0.95
    assert [record["number"] for record in records] == list(range(7, 1_007))
    assert {record["source"] for record in records} == {None}
    assert all(re.fullmatch("[A-Z]{2}[0-9]{3}", record["code"]) for record in records)
    assert {len(record["pixels"]) for record in records} == {2, 3, 4, 5}
    assert all(isinstance(record["address"]["city"], str) for record in records)


def test_equal_seeds_give_equal_records_and_each_worker_its_own_numbers() -> None:
    assert take(fields()) == take(fields()) != take(fields(), seed=2)
    numbers = {record["number"] for record in take(fields())}
    assert numbers.isdisjoint(record["number"] for record in take(fields(), worker=1))


def test_boundary_records_hold_the_ends_and_invalid_ones_one_wrong_field() -> None:
    boundary = take(fields(), "boundary")
    assert {record["age"] for record in boundary} == {18, 65}
    assert {record["score"] for record in boundary} == {0.25, 0.75}
    valid = take(fields())[0]
    for record in take(fields(), "invalid"):
        absent = valid.keys() - record.keys()
        wrong = [
            name
            for name, value in record.items()
            if value in (None, {"unexpected": True}) and name != "source"
        ]
        out_of_range = record.get("age", 18) in (17, 66)
        assert len(absent) + len(wrong) + out_of_range <= 1


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"faker": "no_such"}, "Faker has no method 'no_such'"),
        ({"faker": "_Generator__config"}, "Faker has no method"),
        ({"faker": "random_digits"}, "Faker has no method"),
        ({"uniform": [5, 9], "min": 10}, "no number lies within"),
    ],
)
def test_a_field_that_gives_nothing_is_refused(field: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        take(fields(x=field), count=1)


def test_records_of_a_schema_fit_it_and_invalid_ones_do_not() -> None:
    document = {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 18},
            "mail": {"type": "string", "format": "email"},
        },
        "required": ["age", "mail"],
    }
    schema = Schema(document)
    assert all(
        schema.is_valid(record)
        for kind in ("realistic", "boundary")
        for record in take(SchemaRecords(document), kind)
    )
    assert not any(schema.is_valid(record) for record in take(SchemaRecords(document), "invalid"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"type": "strin"}, "it is no JSON schema"),
        ({"$ref": "#/$defs/nothing"}, "it is no JSON schema|leads to nothing"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "leads back to itself"),
        ({"allOf": [{"type": "string"}, {"type": "number"}]}, "no value could be made"),
    ],
)
def test_an_impossible_schema_is_told(document: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        take(SchemaRecords(document), count=1)


def test_a_schema_that_accepts_everything_has_no_invalid_records() -> None:
    with pytest.raises(SchemaError, match="accepts any value"):
        take(SchemaRecords({}), "invalid", count=1)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Height and weight that go together, and a city."""
    chance = np.random.default_rng(5)
    height = chance.normal(170, 10, 2_000)
    weight = np.exp((height - 170) / 20 + chance.normal(4, 0.1, 2_000))
    city = chance.choice(["Ulm", "Bern", "Graz"], 2_000, p=[0.6, 0.3, 0.1])
    file = tmp_path / "people.parquet"
    parquet.write_table(pa.table({"height": height, "weight": weight, "city": city}), file)
    return file


def rank(values: list[float]) -> Any:
    return np.argsort(np.argsort(values))


def test_records_like_a_table_have_its_distributions_and_its_rank_correlation(table: Path) -> None:
    told = parquet.read_table(table).to_pylist()
    made = take(RecordsLike(table), count=4_000)
    for name in ("height", "weight"):
        for share in (0.1, 0.5, 0.9):
            expected, found = (
                np.quantile([each[name] for each in records], share) for records in (told, made)
            )
            assert found == pytest.approx(expected, rel=0.05)
    assert np.mean([each["city"] == "Ulm" for each in made]) == pytest.approx(0.6, abs=0.05)
    correlations = [
        np.corrcoef(rank([each["height"] for each in records]), rank([each["weight"] for each in records]))[
            0, 1
        ]
        for records in (told, made)
    ]
    assert correlations[1] == pytest.approx(correlations[0], abs=0.05)
    heights = {each["height"] for each in told}
    assert {each["height"] for each in take(RecordsLike(table), "boundary")} == {min(heights), max(heights)}


def test_a_file_is_read_in_order_over_and_over_or_sampled(tmp_path: Path) -> None:
    file = tmp_path / "bodies.jsonl"
    file.write_text("".join(json.dumps({"x": x}) + "\n" for x in range(5)))
    assert [each["x"] for each in take(RecordFile(file), count=7)] == [0, 1, 2, 3, 4, 0, 1]
    sampled = [each["x"] for each in take(RecordFile(file, "sampled"), count=200)]
    assert set(sampled) == set(range(5))
    assert sampled[:50] != sorted(sampled[:50])
    assert next(generate_records(RecordFile(file), "realistic", 1)).origin == "record 1 of bodies.jsonl"


def test_a_file_gives_boundary_and_invalid_records_too(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "age,city\n" + "".join(f"{20 + age},{'Ulm' if age % 2 else 'Bern'}\n" for age in range(30))
    )
    assert {each["age"] for each in take(RecordFile(file), "boundary")} == {20, 49}
    schema = Schema(infer_schema(take(RecordFile(file), count=30)))
    assert not any(schema.is_valid(each) for each in take(RecordFile(file), "invalid"))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(JSON_VALUES, min_size=1, max_size=8))
def test_all_records_fit_the_schema_that_is_inferred_from_them(records: list[Any]) -> None:
    schema = Schema(infer_schema(records))
    for record in records:
        assert schema.is_valid(record), schema.explain(record)
