"""Readers of the values that occur all over a configuration: texts, numbers, durations, rates, weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from configuration.document import Node, Read
from configuration.errors import Problem, Problems, meant, shown_key, unknown_name
from configuration.units import (
    DURATION_EXPECTED,
    MULTIPLE_EXPECTED,
    RATE_EXPECTED,
    parse_duration,
    parse_multiple,
    parse_rate,
)

SHORTEST_S: Final = 0.001
LONGEST_S: Final = 365 * 86_400.0
FASTEST_PER_S: Final = 1_000_000.0
MOST_TIMES: Final = 100.0


def text(node: Node) -> str:
    """A line of text; line breaks and runs of blanks become one blank."""
    with suppress(UnicodeEncodeError):  # half a character, which YAML can spell as an escape
        if isinstance(node.value, str) and node.value.strip() and node.value.encode():
            return " ".join(node.value.split())
    raise node.misfit("a text")


def one_of(*names: str) -> Read[str]:
    """One of the names."""

    def read(node: Node) -> str:
        if node.value in names and isinstance(node.value, str):
            return node.value
        near = meant(node.value, names) if isinstance(node.value, str) else ""
        raise node.misfit(f"one of {', '.join(names)}{near}")

    return read


def whole(what: str, least: int, most: int) -> Read[int]:
    """A whole number from `least` to `most`."""

    def read(node: Node) -> int:
        if type(node.value) is not int or not least <= node.value <= most:
            raise node.misfit(f"a whole number from {least:,} to {most:,} ({what})")
        return node.value

    return read


def number(what: str, accept: Callable[[float], bool]) -> Read[float]:
    """A finite number that `accept` is true of, `what` in words."""

    def read(node: Node) -> float:
        with suppress(OverflowError):  # a whole number beyond all floats
            if type(node.value) in (int, float) and math.isfinite(node.value) and accept(node.value):
                return float(node.value)
        raise node.misfit(what)

    return read


def duration(node: Node, alternative: str = "") -> float:
    """Seconds, from a millisecond to a year; a message adds what else the value could be."""
    seconds = _parsed(node, parse_duration, DURATION_EXPECTED + alternative)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise node.misfit("a duration from 1ms to 8760h")
    return seconds


def duration_or_zero(node: Node) -> float:
    """Seconds as for `duration`, or none."""
    return 0.0 if _parsed(node, parse_duration, DURATION_EXPECTED) == 0 else duration(node)


def rate(node: Node) -> float:
    """Arrivals per second, zero or more."""
    per_second = _parsed(node, parse_rate, RATE_EXPECTED)
    if per_second > FASTEST_PER_S:
        raise node.misfit(f"a rate of at most {FASTEST_PER_S:.0f}/s")
    return per_second


def multiple(node: Node) -> float:
    """A multiple of a capacity, zero or more."""
    times = _parsed(node, parse_multiple, MULTIPLE_EXPECTED)
    if times > MOST_TIMES:
        raise node.misfit(f"a multiple of at most {MOST_TIMES:.0f}x")
    return times


def weights(names: tuple[str, ...], kind: str) -> Read[dict[str, float]]:
    """Weights above zero by name, as in `{normal: 3, stress: 1}`."""
    weight = number("a weight, a number above zero", lambda value: value > 0)

    def read(node: Node) -> dict[str, float]:
        if not isinstance(node.value, Mapping) or not node.value:
            raise node.misfit(f"weights by {kind}, such as {{{names[0]}: 3, {names[-1]}: 1}}")
        problems: list[Problem] = []
        made: dict[str, float] = {}
        for name in node.value:
            try:
                if name not in names:
                    word = shown_key(name)
                    raise Node(name, (*node.path, word), node.lines).wrong(unknown_name(kind, word, names))
                made[name] = weight(node.child(name))
            except Problems as found:
                problems.extend(found.problems)
        if problems:
            raise Problems(*problems)
        return made

    return read


def each_its_own(node: Node, key: str, names: Sequence[str | None]) -> None:
    """Refuse a name that two items of a list bear under `key`."""
    twice = [
        node.child(index).child(key).wrong(f"{name!r} stands here already; give each its own {key}")
        for index, name in enumerate(names)
        if name is not None and name in names[:index]
    ]
    if twice:
        raise Problems(*(problem for found in twice for problem in found.problems))


def _parsed(node: Node, parse: Callable[[str], float], expected: str) -> float:
    if not isinstance(node.value, str):
        raise node.misfit(expected)
    try:
        return parse(node.value)
    except ValueError:
        raise node.misfit(expected) from None
