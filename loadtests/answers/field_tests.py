"""Tests of single values of a reply: what they accept, and that in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from configuration.json_path import (
    ABSENT,
    ALL,
    JsonPath,
    build_finder,
    find_places,
    write_json_path,
)
from configuration.reply_fields import (
    ChoiceRule,
    EchoRule,
    FieldExpectation,
    FieldRule,
    PatternRule,
    RangeRule,
    TypeRule,
    ValueRule,
    ValueType,
)
from configuration.units import write_number
from loadtests.answers.json_body import show_value

ValueTest = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; one too large for a float isn't."""
    try:
        return isinstance(value, _NUMBERS) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


_NUMBERS: Final = (int, float)
"""A tuple, because a union would be created for every reply."""
_TYPE_TESTS: Final[Mapping[ValueType, ValueTest]] = {
    "number": is_number,
    "text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "mapping": lambda value: isinstance(value, dict),
}


def equal_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 equals 1.0, and true does not equal 1."""
    kind = type(one)
    if kind is type(other) and kind is not dict and kind is not list:
        return bool(one == other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            equal_json(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def build_test(rule: FieldRule) -> ValueTest:
    """Whether a value is what a rule asks for; that of an echo depends on the request and is true here."""
    match rule:
        case TypeRule(name):
            return _TYPE_TESTS[name]
        case RangeRule(low, high):
            return lambda value: is_number(value) and low <= value <= high
        case PatternRule(pattern):
            matches = re.compile(pattern).fullmatch
            return lambda value: isinstance(value, str) and matches(value) is not None
        case ValueRule(expected):
            return lambda value: equal_json(value, expected)
        case ChoiceRule(values):
            texts = frozenset(each for each in values if isinstance(each, str))
            others = [each for each in values if not isinstance(each, str)]
            return lambda value: (
                value in texts if isinstance(value, str) else any(equal_json(value, each) for each in others)
            )
        case EchoRule():
            return lambda _: True


def describe_rule(rule: FieldRule) -> str:
    """What a rule asks for, in words that follow 'expected'."""
    match rule:
        case TypeRule("number"):
            return "a finite number"
        case TypeRule("true or false"):
            return "true or false"
        case TypeRule(name):
            return f"a {name}"
        case RangeRule(low, high):
            bounds = ((low, "from"), (high, "to"))
            return " ".join(
                [
                    "a number",
                    *(f"{word} {write_number(bound)}" for bound, word in bounds if math.isfinite(bound)),
                ]
            )
        case PatternRule(pattern):
            return f"a text that {pattern!r} matches"
        case ValueRule(expected):
            return show_value(expected)
        case ChoiceRule(values):
            return f"one of {', '.join(map(show_value, values))}"
        case EchoRule(template):
            return f"what was sent as {template}"


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """What must be at a path; an optional field may be absent or null."""

    path: JsonPath
    test: ValueTest
    words: str
    optional: bool
    find: Callable[[Any], Any] | None
    """Finds the only value at the path; None if the path may lead to several."""

    def holds(self, item: Any) -> bool:
        """Whether it is so, for each value that the path leads to; one at least must be there."""
        if self.find is None:
            return self._holds_each(item)
        value = self.find(item)
        if value is ABSENT or value is None:
            return self._accepts(value)
        return self.test(value)

    def _holds_each(self, item: Any) -> bool:
        found = False
        for _, value in find_places(item, self.path):
            if not self._accepts(value):
                return False
            found = True
        return found or self.optional

    def _accepts(self, value: Any) -> bool:
        if value is ABSENT or (value is None and self.optional):
            return self.optional
        return self.test(value)

    def explain(self, item: Any, place: JsonPath = ()) -> str | None:
        """What is wrong and where, `place` being that of the item; None if all is right."""
        found = False
        for where, value in find_places(item, self.path):
            if not self._accepts(value):
                got = "nothing is there" if value is ABSENT else f"got {show_value(value)}"
                return f"{write_json_path((*place, *where))}: expected {self.words}, {got}"
            found = True
        if found or self.optional:
            return None
        return f"{write_json_path((*place, *self.path))}: expected {self.words}, but the list is empty"


def build_field_check(path: JsonPath, expectation: FieldExpectation) -> FieldCheck:
    """The check of the field at a path."""
    rule = expectation.rule
    find = None if ALL in path else build_finder(path)
    return FieldCheck(path, build_test(rule), describe_rule(rule), expectation.optional, find)
