"""Fields of a reply: what must be at a path in its JSON.

    score: number                    # finite; or text, true or false, list, mapping
    share: {min: 0, max: 1}          # a finite number within these; one of them is enough
    label: {one_of: [cat, dog]}
    code: {matches: "[A-Z]{3}"}      # a text that a regular expression matches from end to end
    version: {is: 3}                 # this very value, which may be a list or a mapping
    id: {equals: "{id}"}             # what the field `id` of the record that was sent held; or "{record}"
    note: {type: text, optional: true}

Each mapping may add `optional: true`: then nothing needs to be there, but what is there must be right.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from configuration.document import Node, Reader, read_all
from configuration.json_path import parse_json_path
from configuration.readers import make_name_reader, make_number_reader

ValueType = Literal["number", "text", "true or false", "list", "mapping"]
VALUE_TYPES: Final[tuple[ValueType, ...]] = ("number", "text", "true or false", "list", "mapping")
_PLACEHOLDER: Final = re.compile(r"\{[A-Za-z_][\w.\[\]-]*\}")


@dataclass(frozen=True)
class TypeRule:
    """A value of a type; numbers are finite."""

    type: ValueType

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        return {"type": self.type}


@dataclass(frozen=True)
class RangeRule:
    """A finite number from `low` to `high`, both included."""

    low: float = -math.inf
    high: float = math.inf

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        bounds = {"min": self.low, "max": self.high}
        return {name: value for name, value in bounds.items() if math.isfinite(value)}


@dataclass(frozen=True)
class ChoiceRule:
    """One of some JSON values."""

    values: tuple[Any, ...]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        return {"one_of": list(self.values)}


@dataclass(frozen=True)
class PatternRule:
    """A text that a regular expression matches from end to end."""

    pattern: str

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        return {"matches": self.pattern}


@dataclass(frozen=True)
class ValueRule:
    """One JSON value."""

    value: Any

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        return {"is": self.value}


@dataclass(frozen=True)
class EchoRule:
    """What was sent: a text with placeholders for fields of the record, such as `{id}`, or `{record}`."""

    template: str

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this rule."""
        return {"equals": self.template}


FieldRule: TypeAlias = TypeRule | RangeRule | ChoiceRule | PatternRule | ValueRule | EchoRule


@dataclass(frozen=True)
class FieldExpectation:
    """What must be at a path; an `optional` field may be absent."""

    rule: FieldRule = field(default_factory=lambda: TypeRule("number"))
    optional: bool = False

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this expectation."""
        return self.rule.resolve() | ({"optional": True} if self.optional else {})


EXPECTED: Final = (
    f"{', '.join(VALUE_TYPES)}, {{min: 0, max: 1}}, {{one_of: [cat, dog]}}, {{matches: '[A-Z]{{3}}'}}, "
    "{is: 3} or {equals: '{id}'}"
)
_KEYS: Final = ("type", "min", "max", "one_of", "matches", "is", "equals", "optional")
_read_type: Final[Reader[ValueType]] = make_name_reader(*VALUE_TYPES)
_read_bound: Final = make_number_reader("a number", lambda _: True)


def read_field_expectations(node: Node) -> dict[str, FieldExpectation]:
    """What must be in a reply, by path."""
    if not isinstance(node.value, Mapping) or not node.value:
        raise node.report_mismatch("paths in the reply and what must be there, such as {score: number}")
    read = read_all(map(node.get_child, node.value), _read_at_path)
    return dict(zip(map(str, node.value), read, strict=True))


def _read_at_path(node: Node) -> FieldExpectation:
    try:
        parse_json_path(str(node.path[-1]))
    except ValueError as error:
        raise node.report_problem(str(error)) from None
    if not isinstance(node.value, Mapping):
        if node.value not in VALUE_TYPES:
            raise node.report_mismatch(EXPECTED)
        return FieldExpectation(TypeRule(_read_type(node)))
    kinds = [name for name in _KEYS if name in node.value and name not in ("max", "optional")]
    kind = kinds[0] if kinds else "min" if "max" in node.value else None
    if kind is None:
        raise node.report_incomplete(_KEYS, EXPECTED)
    with node.read_mapping(EXPECTED) as keys:
        for name in _KEYS:
            if name not in (kind, "optional") and {name, kind} != {"min", "max"}:
                keys.refuse(name, f"a field is checked in one way; {kind!r} is given already")
        if kind == "min":
            low = keys.read_or("min", _read_bound, -math.inf)
            high = keys.read_or("max", _read_bound, math.inf)
        else:
            rule = keys.read(kind, _READERS[kind])
        optional = keys.read_or("optional", _read_truth, False)
    if kind == "min":
        if low > high:
            raise node.report_problem(f"no number is at least {low:g} (min) and at most {high:g} (max)")
        rule = RangeRule(low, high)
    return FieldExpectation(rule, optional)


def _read_truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise node.report_mismatch("true or false")
    return node.value


def _read_json_value(node: Node) -> Any:
    try:
        json.dumps(node.value, allow_nan=False)
    except (TypeError, ValueError):
        raise node.report_mismatch(
            "a value that JSON has: quote dates, times and words such as .nan"
        ) from None
    return node.value


def _read_choices(node: Node) -> ChoiceRule:
    return ChoiceRule(tuple(node.read_items(_read_json_value, "a list of values, such as [cat, dog]")))


def _read_pattern(node: Node) -> PatternRule:
    if not isinstance(node.value, str) or not node.value:
        raise node.report_mismatch("a regular expression, such as '[A-Z]{3}'")
    try:
        re.compile(node.value)
    except (re.error, RecursionError, OverflowError) as error:
        raise node.report_problem(f"{node.value!r} is no regular expression: {error}") from None
    return PatternRule(node.value)


def _read_echo(node: Node) -> EchoRule:
    if not isinstance(node.value, str) or not _PLACEHOLDER.search(node.value):
        raise node.report_mismatch(
            "a field of what was sent, such as '{id}', or '{record}'; a fixed value is written {is: …}"
        )
    return EchoRule(node.value)


_READERS: Final[Mapping[str, Reader[FieldRule]]] = {
    "type": lambda node: TypeRule(_read_type(node)),
    "one_of": _read_choices,
    "matches": _read_pattern,
    "is": lambda node: ValueRule(_read_json_value(node)),
    "equals": _read_echo,
}
