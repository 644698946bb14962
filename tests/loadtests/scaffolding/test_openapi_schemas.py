"""Schemas of OpenAPI documents, as JSON schemas that stand alone."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.scaffolding.openapi_schemas import DIALECT, SchemaBundler
from loadtests.scaffolding.sketch import ScaffoldingError


def bundle(schema: Any, components: dict[str, Any] | None = None, hidden: str = "") -> dict[str, Any]:
    document = {"components": {"schemas": components or {}}}
    made = SchemaBundler(document).bundle(schema, hidden)
    jsonschema_rs.meta.validate(made)
    assert made["$schema"] == DIALECT
    return made


def accepts(schema: dict[str, Any], value: Any) -> bool:
    return bool(jsonschema_rs.validator_for(schema).is_valid(value))


REF = "#/components/schemas/"


def test_what_is_referred_to_comes_along_however_deep() -> None:
    made = bundle(
        {"$ref": f"{REF}Order"},
        {
            "Order": {"properties": {"item": {"$ref": f"{REF}Item"}}},
            "Item": {"properties": {"size": {"$ref": f"{REF}Size"}}},
            "Size": {"enum": ["S", "L"]},
            "Unused": {"type": "null"},
        },
    )
    assert set(made["$defs"]) == {"Order", "Item", "Size"}
    assert accepts(made, {"item": {"size": "L"}})
    assert not accepts(made, {"item": {"size": "M"}})


def test_a_schema_that_refers_to_itself_stays_finite() -> None:
    made = bundle(
        {"$ref": f"{REF}Tree"},
        {"Tree": {"type": "object", "properties": {"left": {"$ref": f"{REF}Tree"}}}},
    )
    assert accepts(made, {"left": {"left": {}}})
    assert not accepts(made, {"left": {"left": 1}})


def test_two_things_of_one_name_keep_apart() -> None:
    document = {"components": {"schemas": {"X": {"type": "string"}}, "more": {"X": {"type": "integer"}}}}
    made = SchemaBundler(document).bundle(
        {"properties": {"a": {"$ref": f"{REF}X"}, "b": {"$ref": "#/components/more/X"}}}
    )
    assert accepts(made, {"a": "x", "b": 1})
    assert not accepts(made, {"a": 1})


@pytest.mark.parametrize("reference", ["other.yaml#/X", "http://x/y#/Z", f"{REF}Missing", f"{REF}X/3"])
def test_a_reference_that_leads_nowhere_is_told(reference: str) -> None:
    with pytest.raises(ScaffoldingError, match="leads"):
        bundle({"$ref": reference}, {"X": {}})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "nullable": True},
        {"type": "string", "enum": ["a"], "nullable": True},
        {"allOf": [{"type": "string"}], "nullable": True},
    ],
)
def test_nullable_allows_null_and_nothing_else(schema: dict[str, Any]) -> None:
    made = bundle(schema)
    assert accepts(made, None)
    assert accepts(made, "a")
    assert not accepts(made, 1)


@given(
    limit=st.integers(-50, 50),
    exclusive=st.booleans(),
    value=st.integers(-60, 60),
    lower=st.booleans(),
)
def test_limits_of_3_0_mean_the_same(limit: int, exclusive: bool, value: int, lower: bool) -> None:
    key = "minimum" if lower else "maximum"
    made = bundle({"type": "integer", key: limit, f"exclusive{key.title()}": exclusive})
    distance = value - limit if lower else limit - value
    assert accepts(made, value) == (distance > 0 if exclusive else distance >= 0)


def test_limits_of_3_1_stay() -> None:
    assert bundle({"exclusiveMinimum": 3})["exclusiveMinimum"] == 3


def test_properties_that_only_replies_or_requests_have_are_left_out() -> None:
    schema = {
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "password": {"type": "string", "writeOnly": True},
            "name": {"type": "string"},
        },
        "required": ["id", "password", "name"],
    }
    request, reply = bundle(schema, hidden="readOnly"), bundle(schema, hidden="writeOnly")
    assert (set(request["properties"]), request["required"]) == ({"password", "name"}, ["password", "name"])
    assert (set(reply["properties"]), reply["required"]) == ({"id", "name"}, ["id", "name"])


def test_names_of_properties_are_not_taken_for_keywords() -> None:
    """A field may be called `nullable` or `example`; a value in `enum` may look like a reference."""
    made = bundle({"properties": {"example": {"type": "string"}, "nullable": {"enum": [{"$ref": "x"}]}}})
    assert made["properties"] == {"example": {"type": "string"}, "nullable": {"enum": [{"$ref": "x"}]}}


def test_an_example_becomes_one_of_the_examples() -> None:
    assert bundle({"type": "string", "example": "Ulm"})["examples"] == ["Ulm"]
