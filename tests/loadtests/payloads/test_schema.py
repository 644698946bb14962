"""Of any JSON schema: what is made valid fits it, what is made invalid doesn't."""

from __future__ import annotations

import json
from typing import Any

from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.answers.json_schema import Schema
from loadtests.payloads.schema_values import ValueMaker
from loadtests.payloads.schema_violations import make_invalid

NAMES = st.sampled_from(["age", "email", "score", "created_at", "text", "items", "userId", "größe", "x"])


def bounds(least: str, most: str, low: int, high: int) -> st.SearchStrategy[dict[str, Any]]:
    """Neither, one or both of two limits, in order."""
    return st.tuples(st.none() | st.integers(low, high), st.none() | st.integers(low, high)).map(
        lambda pair: {
            key: value
            for key, value in zip((least, most), pair if None in pair else sorted(pair), strict=True)
            if value is not None
        }
    )


def typed(name: str, *parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(
        lambda found: {"type": name} | {k: v for each in found for k, v in each.items()}
    )


NUMBERS = typed("number", bounds("minimum", "maximum", -1000, 1000)) | typed(
    "number", bounds("exclusiveMinimum", "maximum", -1000, 1000)
).filter(lambda part: part.get("exclusiveMinimum", -2000) < part.get("maximum", 2000))
WHOLE = typed("integer", bounds("minimum", "maximum", -1000, 1000)) | st.builds(
    lambda low, step: {
        "type": "integer",
        "minimum": low * step,
        "maximum": low * step + 5 * step,
        "multipleOf": step,
    },
    st.integers(-5, 5),
    st.integers(1, 7),
)
TEXTS = (
    typed("string", bounds("minLength", "maxLength", 0, 30))
    | st.sampled_from(["date", "date-time", "email", "uuid", "ipv4"]).map(
        lambda form: {"type": "string", "format": form}
    )
    | st.sampled_from(["^[A-Z]{2}[0-9]{4}$", r"^\d{3}-\d{2}$", "^(north|south)$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    )
)
LEAVES = (
    NUMBERS
    | WHOLE
    | TEXTS
    | st.just({"type": "boolean"})
    | st.lists(st.sampled_from(["a", "b", 1, 2.5, None]), min_size=1, unique=True).map(
        lambda each: {"enum": each}
    )
    | st.just({"const": "same"})
)


def join(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two objects that ask for different properties, so that both can be had at once."""
    renamed = {f"{name}_2": part for name, part in other["properties"].items()}
    required = [f"{name}_2" for name in other["required"]]
    opened = {key: value for key, value in one.items() if key != "additionalProperties"}
    return {"allOf": [opened, {"type": "object", "properties": renamed, "required": required}]}


def nest(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.builds(
        lambda properties, share, closed: {
            "type": "object",
            "properties": properties,
            "required": sorted(properties)[: int(share * len(properties))],
            **({"additionalProperties": False} if closed else {}),
        },
        st.dictionaries(NAMES, inner, max_size=5),
        st.floats(0, 1),
        st.booleans(),
    )
    arrays = st.builds(
        lambda items, limits: {"type": "array", "items": items, **limits},
        inner,
        bounds("minItems", "maxItems", 0, 5),
    )
    either = st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    joined = st.builds(join, objects, objects)
    return objects | arrays | either | joined


SCHEMAS = st.recursive(LEAVES, nest, max_leaves=12)


@settings(max_examples=300)
@given(SCHEMAS, st.integers(0, 99), st.booleans())
def test_made_values_fit_and_faulty_ones_do_not(document: dict[str, Any], seed: int, at_edge: bool) -> None:
    schema = Schema(document)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    maker = ValueMaker(schema, fake)
    value = maker.make(at_edge=at_edge)
    assert schema.is_valid(json.loads(json.dumps(value))), schema.explain(value)
    invalid = make_invalid(schema, maker.make, fake.random)
    assert not schema.is_valid(json.loads(json.dumps(invalid)))
