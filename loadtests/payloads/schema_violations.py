"""Makes invalid values of a JSON schema: each breaks one of its rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple

from loadtests.answers.json_schema import Part, Schema, SchemaError, list_types

TRIES: Final = 200
LONGEST: Final = 10_000
"""A text or list that is too long is made of at most so many characters or items."""

_MISFITS: Final[Mapping[str, Any]] = {
    "string": {"unexpected": True},
    "integer": "not a number",
    "number": "not a number",
    "boolean": "neither",
    "array": "not a list",
    "object": "not an object",
    "null": "not null",
}
"""A value of another type, which lenient parsers don't convert either."""


class Violation(NamedTuple):
    """One change that breaks a rule: what is wrong then, and how to make it."""

    description: str
    apply: Callable[[Any], Any]
    """From a copy of a valid value to the invalid one."""


def make_invalid(schema: Schema, make_valid: Callable[[], Any], chance: Random) -> Any:
    """A value with one violation; SchemaError where the schema accepts whatever was tried."""
    for _ in range(TRIES):
        valid = make_valid()
        violations = list(find_violations(schema, schema.document, valid))
        if violations:
            value = chance.choice(violations).apply(copy.deepcopy(valid))
            if not schema.is_valid(value):
                return value
    raise SchemaError("the schema accepts any value: no invalid one can be made of it")


def find_violations(
    schema: Schema, part: Any, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[Violation]:
    """Changes of a valid value, each of which breaks a rule of `part` or of a part inside it."""
    resolved = schema.resolve(part)
    name = ".".join(map(str, path)) or "the value"
    for branch in (*resolved.get("anyOf", ()), *resolved.get("oneOf", ())):
        yield from find_violations(schema, branch, value, path)
    types = list_types(resolved)
    if types:
        # `number` takes whole numbers as well; no value of another type is right for a list of types.
        misfit = next((_MISFITS[each] for each in types if each in _MISFITS), None)
        yield _replace(path, misfit, f"{name} of a wrong type")
        if "null" not in types:
            yield _replace(path, None, f"{name} null")
    if "enum" in resolved or "const" in resolved:
        yield _replace(path, "none of these", f"{name} is none of the allowed values")
    if isinstance(value, Mapping):
        yield from _find_in_object(schema, resolved, value, path)
    elif isinstance(value, list):
        yield from _find_in_array(schema, resolved, value, path)
    elif isinstance(value, str):
        yield from _find_in_text(resolved, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _find_in_number(resolved, path)


def _find_in_object(
    schema: Schema, part: Part, value: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Violation]:
    for name in part.get("required", ()):
        yield Violation(f"without {name}", _change_at(path, partial(_drop, name)))
    if part.get("additionalProperties") is False:
        yield Violation("an unknown property", _change_at(path, lambda held: {**held, "unexpected": True}))
    for name, each in part.get("properties", {}).items():
        if name in value:
            yield from find_violations(schema, each, value[name], (*path, name))


def _find_in_array(
    schema: Schema, part: Part, value: list[Any], path: tuple[str | int, ...]
) -> Iterator[Violation]:
    least, most = part.get("minItems", 0), part.get("maxItems")
    if least:
        yield Violation("too few items", _change_at(path, lambda held: held[: least - 1]))
    if most is not None and value and most < LONGEST:
        yield Violation("too many items", _change_at(path, lambda held: (held * (most + 1))[: most + 1]))
    if part.get("uniqueItems") and value:
        yield Violation("an item twice", _change_at(path, lambda held: [held[0], *held]))
    first = part.get("prefixItems", [])
    for index, item in enumerate(value[:3]):
        inner = first[index] if index < len(first) else part.get("items")
        if inner is not None:
            yield from find_violations(schema, inner, item, (*path, index))


def _find_in_text(part: Part, value: str, path: tuple[str | int, ...]) -> Iterator[Violation]:
    least, most = part.get("minLength", 0), part.get("maxLength")
    if least:
        yield _replace(path, value[: least - 1], "too short")
    if most is not None and most < LONGEST:
        yield _replace(path, (value or "x").ljust(most + 1, "x"), "too long")
    if "pattern" in part:
        yield _replace(path, "\u0000", "not matched by the pattern")
        yield _replace(path, "", "not matched by the pattern")


def _find_in_number(part: Part, path: tuple[str | int, ...]) -> Iterator[Violation]:
    for key, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        if key in part:
            yield _replace(path, part[key] + step, f"beyond its {key}")
    if "integer" in list_types(part):
        yield _replace(path, part.get("minimum", 0) + 0.5, "no whole number")


def _replace(path: tuple[str | int, ...], value: Any, description: str) -> Violation:
    return Violation(description, _change_at(path, lambda _: copy.deepcopy(value)))


def _change_at(path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change what lies at `path` in a value."""

    def apply(value: Any) -> Any:
        if not path:
            return change(value)
        holder = value
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = change(holder[path[-1]])
        return value

    return apply


def _drop(name: str, held: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in held.items() if key != name}
