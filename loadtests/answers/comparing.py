"""Compares two answers: the places at which they differ, within the tolerances of an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from configuration.json_path import ALL, JsonPath, parse_json_path
from configuration.parity import Parity
from loadtests.answers.json_body import parse_json

ABSENT: Final = "nothing"
"""Stands for a field that one of two answers lacks."""
NUMBERS: Final = (int, float)


class Difference(NamedTuple):
    """One place at which two answers differ."""

    place: JsonPath
    """The path to it, with `ALL` for each item of a list."""
    expected: Any
    found: Any
    stated: float | None
    """The tolerance that the scenario states for it."""

    @property
    def is_numeric(self) -> bool:
        """Whether both are numbers."""
        return is_number(self.expected) and is_number(self.found)


@dataclass(frozen=True)
class ComparisonRules:
    """What is compared: as the scenario states, and as was measured at rest by exact place."""

    parity: Parity
    allowed: Mapping[JsonPath, float] = field(default_factory=dict)
    """The largest difference between equal numbers; 0 for other places."""
    varying: frozenset[JsonPath] = frozenset()
    """Places that are not compared."""
    _known: dict[JsonPath, tuple[bool, float | None]] = field(default_factory=dict, compare=False, repr=False)

    def look_up(self, place: JsonPath) -> tuple[bool, float | None]:
        """Whether a place is left out, and the tolerance that is stated for it."""
        known = self._known.get(place)
        if known is None:
            ignored = any(_names(parse_json_path(each), place) for each in self.parity.ignore)
            stated = [
                limit for each, limit in self.parity.tolerance.items() if _names(parse_json_path(each), place)
            ]
            known = self._known[place] = (
                ignored or place in self.varying,
                stated[0] if stated else None,
            )
        return known


def _names(stated: JsonPath, place: JsonPath) -> bool:
    """Whether a stated name or path means a place: a name alone means each field of this name."""
    return place == stated or (len(stated) == 1 and stated[0] != ALL and place[-1:] == stated)


def find_differences(
    expected: Any, found: Any, rules: ComparisonRules, place: JsonPath = (), stated: float | None = None
) -> Iterator[Difference]:
    """The places at which `found` differs from `expected` by more than `rules` allow, in order.

    A tolerance holds for all that lies below its place. True is not 1; 1 and 1.0 are equal.
    """
    left_out, own = rules.look_up(place)
    if left_out:
        return
    stated = stated if own is None else own
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in dict.fromkeys((*expected, *found)):
            inner = (*place, name)
            if name in expected and name in found:
                yield from find_differences(expected[name], found[name], rules, inner, stated)
            elif not rules.look_up(inner)[0]:
                yield Difference(inner, expected.get(name, ABSENT), found.get(name, ABSENT), stated)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        inner = (*place, ALL)
        for each, other in zip(expected, found, strict=True):
            yield from find_differences(each, other, rules, inner, stated)
    elif is_number(expected) and is_number(found):
        limit = rules.allowed.get(place, 0.0) if stated is None else stated
        both_nan = expected != expected and found != found
        if not (expected == found or both_nan or abs(expected - found) <= limit):
            yield Difference(place, expected, found, stated)
    elif type(expected) is not type(found) or expected != found:
        yield Difference(place, expected, found, stated)


def list_leaves(value: Any, place: JsonPath = ()) -> Iterator[tuple[JsonPath, Any]]:
    """Each number, text, truth value or null of an answer with its place, in order."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from list_leaves(inner, (*place, name))
    elif isinstance(value, list):
        for inner in value:
            yield from list_leaves(inner, (*place, ALL))
    else:
        yield place, value


def read_answer(body: bytes | bytearray) -> Any:
    """The JSON value of a reply; the bytes themselves where they are no JSON."""
    try:
        return parse_json(body.decode())
    except (ValueError, RecursionError):
        return bytes(body)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def describe_place(place: JsonPath) -> str:
    """A place as it is written in a scenario; 'the reply' for the whole of it."""
    text = ""
    for step in place:
        text += f"[{step}]" if step == ALL else f".{step}" if text else str(step)
    return text or "the reply"
