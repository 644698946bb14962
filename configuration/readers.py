"""Readers of the values that occur in many sections: texts, names, numbers, durations, weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from configuration.document import Node, Reader, read_all
from configuration.errors import Problems, describe_unknown_name, suggest_name
from configuration.units import DURATION_EXPECTED, parse_duration

NameT = TypeVar("NameT", bound=str)

SHORTEST_S: Final = 0.001
LONGEST_S: Final = 365 * 86_400.0
HEAVIEST: Final = 1_000_000_000_000


def read_text(node: Node) -> str:
    """A line of text; line breaks and runs of blanks become one blank."""
    with suppress(UnicodeEncodeError):  # half of a surrogate pair, which YAML can write as an escape
        if isinstance(node.value, str) and node.value.strip() and node.value.encode():
            return " ".join(node.value.split())
    raise node.report_mismatch("a text")


def make_name_reader(*names: NameT) -> Reader[NameT]:
    """A reader of one of the names."""

    def read(node: Node) -> NameT:
        for name in names:
            if node.value == name:
                return name
        near = suggest_name(node.value, names) if isinstance(node.value, str) else ""
        raise node.report_mismatch(f"one of {', '.join(names)}{near}")

    return read


def make_whole_number_reader(what: str, least: int, most: int) -> Reader[int]:
    """A reader of a whole number from `least` to `most`, which are called `what`."""

    def read(node: Node) -> int:
        if type(node.value) is not int or not least <= node.value <= most:
            raise node.report_mismatch(f"a whole number from {least:,} to {most:,} ({what})")
        return node.value

    return read


def make_number_reader(what: str, accept: Callable[[float], bool]) -> Reader[float]:
    """A reader of a finite number that `accept` is true of, `what` in words."""

    def read(node: Node) -> float:
        with suppress(OverflowError):  # a whole number beyond all floats
            if type(node.value) in (int, float) and math.isfinite(node.value) and accept(node.value):
                return float(node.value)
        raise node.report_mismatch(what)

    return read


def read_duration(node: Node, alternative: str = "") -> float:
    """Seconds, from a millisecond to a year; messages add `alternative`, what else the value could be."""
    seconds = parse_with_unit(node, parse_duration, DURATION_EXPECTED + alternative)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise node.report_mismatch("a duration from 1ms to 8760h")
    return seconds


def read_duration_or_zero(node: Node) -> float:
    """Seconds as in `read_duration`, or 0."""
    return 0.0 if parse_with_unit(node, parse_duration, DURATION_EXPECTED) == 0 else read_duration(node)


read_weight: Final = make_number_reader(
    "a weight, a number above zero and at most 1e12", lambda value: 0 < value <= HEAVIEST
)


def make_weights_reader(kind: str, *names: str) -> Reader[dict[str, float]]:
    """A reader of weights above zero by name, as in `{normal: 3, stress: 1}`."""

    def read_named(node: Node) -> float:
        name = str(node.path[-1])
        if name not in names:
            raise node.report_problem(describe_unknown_name(kind, name, names))
        return read_weight(node)

    def read(node: Node) -> dict[str, float]:
        if not isinstance(node.value, Mapping) or not node.value:
            raise node.report_mismatch(f"weights by {kind}, such as {{{names[0]}: 3, {names[-1]}: 1}}")
        return dict(zip(node.value, read_all(map(node.get_child, node.value), read_named), strict=True))

    return read


def refuse_repeated(node: Node, key: str, names: Sequence[str | None]) -> None:
    """Refuse a name that two items of a list have under `key`."""
    message = "{!r} is used already; give each a different {}"
    repeated = [
        node.get_child(index).get_child(key).report_problem(message.format(name, key))
        for index, name in enumerate(names)
        if name is not None and name in names[:index]
    ]
    if repeated:
        raise Problems(*(problem for found in repeated for problem in found.problems))


def parse_with_unit(node: Node, parse: Callable[[str], float], expected: str) -> float:
    """The number that `parse` makes of a text with a unit."""
    if not isinstance(node.value, str):
        raise node.report_mismatch(expected)
    try:
        return parse(node.value)
    except ValueError:
        raise node.report_mismatch(expected) from None
