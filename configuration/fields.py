"""Fields of generated records: how the value of each is drawn.

age: {normal: [40, 12], min: 18, max: 90, whole: true}
income: {lognormal: [10.5, 0.6], digits: 2}    # of the logarithm: mean and standard deviation
score: {uniform: [0, 1]}
plan: {choice: {free: 8, pro: 2}}              # or a list, of equal weights
id: {sequence: 1}                              # 1, 2, 3, ...; each worker its own numbers
source: {constant: load test}                  # "${NAME}" in it is an environment variable, not recorded
email: {faker: safe_email}                     # any method of Faker without arguments
code: {pattern: "[A-Z]{2}[0-9]{4}"}            # a regular expression
pixels: {list: {uniform: [0, 1]}, length: 784} # the length may be drawn, too: {uniform: [1, 100]}
address: {fields: {city: {faker: city}}}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from configuration.document import Node, Reader, read_all
from configuration.readers import make_number_reader, make_whole_number_reader, read_text, read_weight

LONGEST_LIST: Final = 1_000_000


@dataclass(frozen=True)
class NumberField:
    """A number drawn from a distribution, kept within `low` and `high`, rounded to `digits`; `whole` at 0."""

    distribution: str
    first: float
    second: float
    low: float = -math.inf
    high: float = math.inf
    digits: int | None = None
    whole: bool = False

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        bounds = {"min": self.low, "max": self.high}
        stated = {name: value for name, value in bounds.items() if math.isfinite(value)}
        rounding = {"whole": True} if self.whole else {} if self.digits is None else {"digits": self.digits}
        return {self.distribution: [self.first, self.second], **stated, **rounding}


@dataclass(frozen=True)
class ChoiceField:
    """One of some values, by their weights."""

    values: tuple[Any, ...]
    weights: tuple[float, ...]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        pairs = zip(self.values, self.weights, strict=True)
        return {"choice": [{"value": value, "weight": weight} for value, weight in pairs]}


@dataclass(frozen=True)
class ConstantField:
    """Always the same value."""

    value: Any

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        return {"constant": self.value}


@dataclass(frozen=True)
class SequenceField:
    """Whole numbers from `first` on, no number twice in a run."""

    first: int

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        return {"sequence": self.first}


@dataclass(frozen=True)
class FakerField:
    """What a method of Faker returns."""

    method: str

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        return {"faker": self.method}


@dataclass(frozen=True)
class PatternField:
    """A text that a regular expression matches."""

    pattern: str

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        return {"pattern": self.pattern}


@dataclass(frozen=True)
class ListField:
    """A list of values of one field; its length is fixed or drawn."""

    item: Field
    length: int | NumberField

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        length = self.length if isinstance(self.length, int) else self.length.resolve()
        return {"list": self.item.resolve(), "length": length}


@dataclass(frozen=True)
class GroupField:
    """A mapping of fields."""

    fields: Mapping[str, Field]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this field."""
        return {"fields": {name: field.resolve() for name, field in self.fields.items()}}


Field: TypeAlias = (
    NumberField
    | ChoiceField
    | ConstantField
    | SequenceField
    | FakerField
    | PatternField
    | ListField
    | GroupField
)

EXPECTED: Final = (
    "a field such as {uniform: [0, 1]}, {normal: [40, 12]}, {lognormal: [10, 0.5]}, {choice: [a, b]}, "
    "{constant: 1}, {sequence: 1}, {faker: email}, {pattern: '[A-Z]{3}'}, {list: {...}, length: 3} or "
    "{fields: {...}}"
)
LARGEST: Final = 1e300
LARGEST_EXPONENT: Final = 100.0
"""Of a lognormal field: numbers drawn stay below 1e308, the largest that there are."""
_read_any_number: Final = make_number_reader(
    "a number from -1e300 to 1e300", lambda value: -LARGEST <= value <= LARGEST
)


def read_fields(node: Node) -> dict[str, Field]:
    """A mapping of names to fields."""
    if not isinstance(node.value, Mapping) or not node.value:
        raise node.report_mismatch("a mapping of names to fields")
    return dict(zip(map(str, node.value), read_all(map(node.get_child, node.value), read_field), strict=True))


def read_field(node: Node) -> Field:
    """One field, by its first key."""
    if not isinstance(node.value, Mapping):
        raise node.report_mismatch(EXPECTED)
    kind = next((name for name in _READERS if name in node.value), None)
    if kind is None:
        raise node.report_incomplete(tuple(_READERS), EXPECTED)
    return _READERS[kind](node)


def _read_number(node: Node) -> NumberField:
    distribution = next(name for name in ("uniform", "normal", "lognormal") if name in node.value)
    with node.read_mapping(EXPECTED) as keys:
        pair = keys.read(distribution, _read_pair)
        low = keys.read_or("min", _read_any_number, -math.inf)
        high = keys.read_or("max", _read_any_number, math.inf)
        digits = keys.read_or("digits", make_whole_number_reader("digits after the point", 0, 15), None)
        whole = keys.read_or("whole", _read_truth, False)
    first, second = pair
    if distribution == "uniform":
        if first > second:
            raise node.get_child("uniform").report_problem(f"the range {first:g} to {second:g} is empty")
    elif second < 0:
        raise node.get_child(distribution).report_problem(f"a standard deviation can't be {second:g}")
    if distribution == "lognormal" and max(abs(first), second) > LARGEST_EXPONENT:
        told = f"numbers up to {LARGEST_EXPONENT:g}: they are the mean and deviation of the logarithm"
        raise node.get_child(distribution).report_mismatch(told)
    if low > high:
        raise node.report_problem(f"no number is at least {low:g} (min) and at most {high:g} (max)")
    return NumberField(distribution, first, second, low, high, digits, whole)


def _read_pair(node: Node) -> tuple[float, float]:
    if not isinstance(node.value, list) or len(node.value) != 2:
        raise node.report_mismatch("two numbers: [least, greatest] or [mean, standard deviation]")
    first, second = read_all(map(node.get_child, range(2)), _read_any_number)
    return first, second


def _read_truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise node.report_mismatch("true or false")
    return node.value


def _read_choice(node: Node) -> ChoiceField:
    with node.read_mapping(EXPECTED) as keys:
        return keys.read("choice", _read_choices)


def _read_choices(node: Node) -> ChoiceField:
    if isinstance(node.value, Mapping) and node.value:
        weights = read_all(map(node.get_child, node.value), read_weight)
        return ChoiceField(tuple(node.value), tuple(weights))
    if not isinstance(node.value, list) or not node.value:
        raise node.report_mismatch("a list of values, or weights by value such as {free: 8, pro: 2}")
    if all(isinstance(each, Mapping) and set(each) == {"value", "weight"} for each in node.value):
        weights = [read_weight(node.get_child(index).get_child("weight")) for index in range(len(node.value))]
        return ChoiceField(tuple(each["value"] for each in node.value), tuple(weights))
    return ChoiceField(tuple(node.value), (1.0,) * len(node.value))


def _read_constant(node: Node) -> ConstantField:
    with node.read_mapping(EXPECTED) as keys:
        return ConstantField(keys.read("constant", lambda held: held.value))


def _read_sequence(node: Node) -> SequenceField:
    with node.read_mapping(EXPECTED) as keys:
        return SequenceField(keys.read("sequence", make_whole_number_reader("the first number", 0, 10**15)))


def _read_fake(node: Node) -> FakerField:
    with node.read_mapping(EXPECTED) as keys:
        return FakerField(keys.read("faker", read_text))


def _read_pattern(node: Node) -> PatternField:
    with node.read_mapping(EXPECTED) as keys:
        return PatternField(keys.read("pattern", _read_exact_text))


def _read_exact_text(node: Node) -> str:
    if not isinstance(node.value, str) or not node.value:
        raise node.report_mismatch("a text")
    return node.value


def _read_list(node: Node) -> ListField:
    with node.read_mapping(EXPECTED) as keys:
        item = keys.read("list", read_field)
        length = keys.read("length", make_length_reader("items", 0))
    return ListField(item, length)


def make_length_reader(what: str, least: int) -> Reader[int | NumberField]:
    """A reader of a number of `what`, or of how it is drawn."""

    def read(node: Node) -> int | NumberField:
        if isinstance(node.value, Mapping):
            return _read_number_of(node)
        return make_whole_number_reader(what, least, LONGEST_LIST)(node)

    return read


def _read_number_of(node: Node) -> NumberField:
    if not {"uniform", "normal", "lognormal"} & set(node.value):
        raise node.report_mismatch("a whole number, or a distribution such as {uniform: [1, 100]}")
    return _read_number(node)


def _read_group(node: Node) -> GroupField:
    with node.read_mapping(EXPECTED) as keys:
        return GroupField(keys.read("fields", read_fields))


_READERS: Final[Mapping[str, Reader[Field]]] = {
    "uniform": _read_number,
    "normal": _read_number,
    "lognormal": _read_number,
    "choice": _read_choice,
    "constant": _read_constant,
    "sequence": _read_sequence,
    "faker": _read_fake,
    "pattern": _read_pattern,
    "list": _read_list,
    "fields": _read_group,
}
