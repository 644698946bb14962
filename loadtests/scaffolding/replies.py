"""What a reply must hold, from the schema of right replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from loadtests.answers.json_schema import Schema, SchemaError, list_types

MOST_FIELDS: Final = 6
DEEPEST: Final = 3
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def sketch_reply(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The reply section of an endpoint, without its schema: numbers that each reply must hold.

    A schema alone lets NaN pass, which is no JSON and which Python services send all the same. None where
    no reply is described, or where its schema can't be used.
    """
    if schema is None:
        return None
    try:
        compiled = Schema(dict(schema))
        fields = dict(islice(_find_numbers(compiled, compiled.document, ""), MOST_FIELDS))
    except SchemaError:
        return None
    return {"fields": fields} if fields else {}


def _find_numbers(schema: Schema, part: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The required numbers below a part, by their paths."""
    resolved = schema.resolve(part)
    types = list_types(resolved)
    if types and set(types) <= {"number", "integer"}:
        yield path or "$", _describe_number(resolved)
    elif types == ["object"] and depth < DEEPEST:
        for name in resolved.get("required", ()):
            if _PLAIN.fullmatch(name) and name in resolved.get("properties", {}):
                inner = f"{path}.{name}" if path else name
                yield from _find_numbers(schema, resolved["properties"][name], inner, depth + 1)


def _describe_number(part: Mapping[str, Any]) -> Any:
    limits = {"min": "minimum", "max": "maximum"}
    return {short: part[long] for short, long in limits.items() if long in part} or "number"
