"""Draws the values of a scenario's fields: realistic, at the ends of ranges, or one of them wrong."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from faker import Faker

from configuration.fields import (
    ChoiceField,
    ConstantField,
    FakerField,
    Field,
    GroupField,
    ListField,
    NumberField,
    PatternField,
    SequenceField,
)
from loadtests.payloads.templates import fill_environment
from loadtests.payloads.text_values import make_matching

Draw = Callable[[], Any]
WRONG: Final = {"unexpected": True}
"""A value that fits no number, no text and no choice."""
SEQUENCE_SHARE: Final = 10**12
"""Numbers of a sequence that each worker has for itself."""


class FieldError(ValueError):
    """What is wrong with a field, in a sentence."""


def generate_records(
    fields: Mapping[str, Field], kind: str, fake: Faker, worker: int = 0
) -> Iterator[dict[str, Any]]:
    """An endless stream of records of one kind.

    `boundary` records hold the ends of ranges, `invalid` ones one field that is absent, of a wrong type or
    out of its stated range.
    """
    at_edge = kind == "boundary"
    draws = {name: make_draw(field, fake, worker, at_edge=at_edge) for name, field in fields.items()}
    while True:
        record = {name: draw() for name, draw in draws.items()}
        yield _spoil(record, fields, fake) if kind == "invalid" else record


def make_draw(field: Field, fake: Faker, worker: int = 0, *, at_edge: bool = False) -> Draw:
    """A function that returns one value of the field at each call; FieldError if it can't."""
    match field:
        case NumberField():
            return _draw_number(field, fake, at_edge)
        case ChoiceField(values, weights):
            if at_edge:
                return lambda: fake.random.choice((values[0], values[-1]))
            return lambda: fake.random.choices(values, weights)[0]
        case ConstantField(value):
            if isinstance(value, str):
                value = fill_environment(value, os.environ, "a constant field")
            return lambda: value
        case SequenceField(first):
            numbers = count(first + worker * SEQUENCE_SHARE)
            return lambda: next(numbers)
        case FakerField(method):
            return _find_method(fake, method)
        case PatternField(pattern):
            return lambda: make_matching(fake, pattern)
        case ListField(item, length):
            draw = make_draw(item, fake, worker, at_edge=at_edge)
            draw_length = make_draw_of_length(length, fake, at_edge=at_edge)
            return lambda: [draw() for _ in range(draw_length())]
        case GroupField(fields):
            draws = {name: make_draw(each, fake, worker, at_edge=at_edge) for name, each in fields.items()}
            return lambda: {name: draw() for name, draw in draws.items()}


def make_draw_of_length(
    length: int | NumberField, fake: Faker, *, at_edge: bool = False
) -> Callable[[], int]:
    """A function that returns a whole number of items, at least 0."""
    if isinstance(length, int):
        return lambda: length
    draw = _draw_number(length, fake, at_edge)
    return lambda: max(0, round(draw()))


def _draw_number(field: NumberField, fake: Faker, at_edge: bool) -> Callable[[], float]:
    chance, first, second = fake.random, field.first, field.second
    match field.distribution:
        case "uniform":
            low, high = max(first, field.low), min(second, field.high)
            if low > high:
                raise FieldError(f"no number lies within uniform {[first, second]}, min and max")
            draw = (lambda: chance.choice((low, high))) if at_edge else (lambda: chance.uniform(low, high))
        case "normal":
            draw = lambda: chance.gauss(first, second)  # noqa: E731 - chosen among several
        case _:
            draw = lambda: chance.lognormvariate(first, second)  # noqa: E731
    ends = [each for each in (field.low, field.high) if math.isfinite(each)]
    if at_edge and ends and field.distribution != "uniform":
        draw = lambda: chance.choice(ends)  # noqa: E731

    def draw_within() -> float:
        value = float(min(max(draw(), field.low), field.high))
        if field.whole:
            return round(value)
        return value if field.digits is None else round(value, field.digits)

    return draw_within


def _find_method(fake: Faker, name: str) -> Draw:
    method = getattr(fake, name, None)
    if name.startswith("_") or not callable(method):
        raise FieldError(f"Faker has no method {name!r}; see its list of standard providers")
    try:
        method()
    except TypeError as error:
        raise FieldError(f"Faker's {name!r} can't be called without arguments: {error}") from None
    return lambda: _make_plain(method())


def _make_plain(value: Any) -> Any:
    """A value that JSON can hold: dates and decimals become texts and numbers."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Mapping):
        return {str(name): _make_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_make_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _spoil(record: dict[str, Any], fields: Mapping[str, Field], fake: Faker) -> dict[str, Any]:
    """The record with one field wrong."""
    name = fake.random.choice(list(fields))
    field = fields[name]
    ways: list[Any] = [_ABSENT, WRONG, None]
    if isinstance(field, NumberField):
        ways += [end + step for end, step in ((field.low, -1), (field.high, 1)) if math.isfinite(end)]
    value = fake.random.choice(ways)
    if value is _ABSENT:
        return {key: each for key, each in record.items() if key != name}
    return record | {name: value}


_ABSENT: Final = object()
