"""Infers a JSON schema from records: types, ranges of numbers, which fields are always there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

MOST_CHOICES: Final = 12
"""A text field with at most so many distinct values, each seen twice on average, is taken for a choice."""
MOST_RECORDS: Final = 10_000


def infer_schema(records: Sequence[Any]) -> dict[str, Any]:
    """A schema that all `records` fit (the first 10,000 are looked at)."""
    return _infer(records[:MOST_RECORDS])


def _infer(values: Sequence[Any]) -> dict[str, Any]:
    kinds = {_name_type(value) for value in values}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    alternatives = [
        _describe(kind, [value for value in values if _fits(kind, value)]) for kind in sorted(kinds)
    ]
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _describe(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    match kind:
        case "object":
            names = list(dict.fromkeys(name for value in values for name in value))
            return {
                "type": "object",
                "properties": {
                    name: _infer([value[name] for value in values if name in value]) for name in names
                },
                "required": [name for name in names if all(name in value for value in values)],
            }
        case "array":
            lengths = [len(value) for value in values]
            items = [item for value in values for item in value][:MOST_RECORDS]
            inner = {"items": _infer(items)} if items else {}
            return {"type": "array", "minItems": min(lengths), "maxItems": max(lengths), **inner}
        case "integer" | "number":
            return {"type": kind, "minimum": min(values), "maximum": max(values)}
        case "string":
            distinct = sorted(set(values))
            if len(distinct) <= MOST_CHOICES and len(distinct) * 2 <= len(values):
                return {"type": "string", "enum": distinct}
            lengths = [len(value) for value in values]
            return {"type": "string", "minLength": min(lengths), "maxLength": max(lengths)}
    return {"type": kind}


def _fits(kind: str, value: Any) -> bool:
    return _name_type(value) == kind or (kind == "number" and _name_type(value) == "integer")


def _name_type(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, types in _TYPES:
        if isinstance(value, types):
            return kind
    raise TypeError(f"{value!r} is no JSON value")


_TYPES: Final = (("integer", int), ("number", float), ("string", str), ("array", list), ("object", Mapping))
