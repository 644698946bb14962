"""A JSON schema (draft 2020-12): validates values; shows its parts with references and `allOf` resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import jsonschema_rs

Part = Mapping[str, Any]
"""A resolved part of a schema."""

_SMALLEST: Final = frozenset(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"))
_LARGEST: Final = frozenset(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"))
_IMPOSSIBLE: Final[Part] = {"not": {}}


class SchemaError(ValueError):
    """What is wrong with a schema, in a sentence."""


class Schema:
    """A schema, compiled once; SchemaError if it is none."""

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict | bool):
            raise SchemaError("a JSON schema is a mapping")
        self.document: Part = _as_mapping(document)
        try:
            jsonschema_rs.meta.validate(document)
            self._validator = jsonschema_rs.validator_for(document)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaError(f"it is no JSON schema: {_first_line(error)}") from None

    def is_valid(self, value: Any) -> bool:
        """Whether a value fits."""
        return bool(self._validator.is_valid(value))

    def explain(self, value: Any) -> str | None:
        """The first thing that is wrong with a value, and where; None if it fits."""
        for error in self._validator.iter_errors(value):
            place = "".join(
                f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
            )
            return f"{place.lstrip('.') or 'the value'}: {_first_line(error)}"
        return None

    def resolve(self, part: Any) -> Part:
        """A part of the schema with its reference followed and its `allOf` merged in.

        SchemaError for a reference that leads nowhere in this document, or in a circle.
        """
        resolved = _as_mapping(part)
        followed: set[str] = set()
        while "$ref" in resolved:
            reference = str(resolved["$ref"])
            if reference in followed:
                raise SchemaError(f"the reference {reference!r} leads back to itself")
            followed.add(reference)
            beside = {key: value for key, value in resolved.items() if key != "$ref"}
            target = _as_mapping(self._find(reference))
            resolved = merge_parts(target, beside) if beside else target
        if "allOf" in resolved:
            merged: Part = {key: value for key, value in resolved.items() if key != "allOf"}
            for each in resolved["allOf"]:
                merged = merge_parts(merged, self.resolve(each))
            resolved = merged
        return resolved

    def _find(self, reference: str) -> Any:
        """What a local reference (a JSON pointer, RFC 6901) leads to."""
        head, _, pointer = reference.partition("#")
        found: Any = self.document
        try:
            if head or (pointer and not pointer.startswith("/")):
                raise LookupError
            for token in pointer.split("/")[1:]:
                key = token.replace("~1", "/").replace("~0", "~")
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (LookupError, ValueError, TypeError):
            raise SchemaError(f"the reference {reference!r} leads to nothing in this schema") from None
        return found


def merge_parts(one: Part, other: Part) -> Part:
    """A part that holds what both ask for."""
    merged = dict(one)
    for key, value in other.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key in _LARGEST:
            merged[key] = max(merged[key], value)
        elif key in _SMALLEST:
            merged[key] = min(merged[key], value)
        elif key == "required":
            merged[key] = [*merged[key], *(name for name in value if name not in merged[key])]
        elif key in ("properties", "$defs", "patternProperties"):
            merged[key] = _merge_named(merged[key], value)
        elif key == "enum":
            merged[key] = [each for each in merged[key] if each in value]
        elif key == "type":
            shared = [name for name in list_types(one) if name in list_types(other)]
            merged[key] = shared or ["impossible"]
        elif key in ("items", "additionalProperties", "contains", "propertyNames"):
            merged[key] = {"allOf": [merged[key], value]}
        else:  # an annotation, or a keyword for which a value must be found by trying
            merged[key] = value
    return merged


def list_types(part: Part) -> list[str]:
    """The types that a part allows; where it does not say, those that its other keywords are about."""
    told = part.get("type")
    if told is not None:
        return [told] if isinstance(told, str) else list(told)
    for name, keywords in _KEYWORDS.items():
        if not keywords.isdisjoint(part):
            return [name]
    return []


_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset(
        ("properties", "required", "additionalProperties", "minProperties", "patternProperties")
    ),
    "array": frozenset(("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
    "string": frozenset(("minLength", "maxLength", "pattern", "format", "contentEncoding")),
    "number": frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
}
"""Keywords that say something of values of one type only."""


def _merge_named(one: Part, other: Part) -> Part:
    return {
        name: {"allOf": [one[name], other[name]]} if name in one and name in other else each
        for name, each in _chain(one, other)
    }


def _chain(one: Part, other: Part) -> Iterable[tuple[str, Any]]:
    return (dict(one) | dict(other)).items()


def _as_mapping(part: Any) -> Part:
    """A schema may be true (anything) or false (nothing)."""
    if part is True:
        return {}
    return part if isinstance(part, Mapping) else _IMPOSSIBLE


def _first_line(error: Exception) -> str:
    return str(getattr(error, "message", error)).splitlines()[0]
