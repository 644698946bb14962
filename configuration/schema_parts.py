"""Parts that the JSON schema of scenarios is made of: texts with units, weights, closed mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from configuration.readers import HEAVIEST
from configuration.units import DURATION_PATTERN, MULTIPLE_PATTERN, RATE_PATTERN

SchemaPart: TypeAlias = dict[str, Any]
"""A part of a JSON schema (draft 2020-12)."""

TEXT: Final[SchemaPart] = {"type": "string", "pattern": r"\S"}
URL_PATH: Final[SchemaPart] = {"type": "string", "pattern": '^\\s*/[!-"$-~]*\\s*$'}
ANYTHING: Final[SchemaPart] = {}
TRUTH: Final[SchemaPart] = {"type": "boolean"}
NUMBER: Final[SchemaPart] = {"type": "number"}
WEIGHT: Final[SchemaPart] = {"type": "number", "exclusiveMinimum": 0, "maximum": HEAVIEST}
DURATION: Final[SchemaPart] = {"type": "string", "pattern": rf"^\s*(?=[0-9]){DURATION_PATTERN}\s*$"}
RATE: Final[SchemaPart] = {"type": "string", "pattern": rf"^\s*{RATE_PATTERN}\s*$"}
MULTIPLE: Final[SchemaPart] = {"type": "string", "pattern": rf"^\s*{MULTIPLE_PATTERN}\s*$"}


def say(description: str, part: SchemaPart) -> SchemaPart:
    """The part with a description, which editors show and the reference page lists."""
    return {"description": description, **part}


def refer(name: str) -> SchemaPart:
    """A reference to a definition of the schema."""
    return {"$ref": f"#/$defs/{name}"}


def make_closed(properties: Mapping[str, SchemaPart], *required: str) -> SchemaPart:
    """A mapping with these keys and no other."""
    part: SchemaPart = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return part | ({"required": list(required)} if required else {})


def make_choice(names: Sequence[str]) -> SchemaPart:
    """One of some texts."""
    return {"enum": list(names)}


def make_whole(least: int, most: int) -> SchemaPart:
    """A whole number in a range."""
    return {"type": "integer", "minimum": least, "maximum": most}


def make_list(items: SchemaPart, most: int | None = None) -> SchemaPart:
    """A list with at least one item."""
    return {"type": "array", "items": items, "minItems": 1} | ({} if most is None else {"maxItems": most})


def make_pair(items: SchemaPart) -> SchemaPart:
    """A list of two."""
    return {"type": "array", "items": items, "minItems": 2, "maxItems": 2}


def make_named(values: SchemaPart) -> SchemaPart:
    """A mapping of names of one's own, at least one."""
    return {"type": "object", "additionalProperties": values, "minProperties": 1}


def make_weights(names: Sequence[str]) -> SchemaPart:
    """Weights by some of the names."""
    return make_closed(dict.fromkeys(names, WEIGHT)) | {"minProperties": 1}


def make_either(*parts: SchemaPart) -> SchemaPart:
    """What fits one of the parts."""
    return {"anyOf": list(parts)}
