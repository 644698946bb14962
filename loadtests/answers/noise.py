"""Finds the noise floor: how the answers of a service at rest differ when it is asked the same twice.

A number that differs a little gets a tolerance of `MARGIN` times the largest difference seen. A place that
differs otherwise (an id, a time, a number whose noise is as wide as its range) is not compared. All other
numbers may differ by `ROUNDING` of the largest at their place, because the order of additions in a batch of
another size changes single-precision results (the idea of a noise floor is that of Twitter's Diffy, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from configuration.json_path import JsonPath
from configuration.parity import Parity
from loadtests.answers.comparing import (
    ComparisonRules,
    Difference,
    describe_place,
    find_differences,
    is_number,
    list_leaves,
)

MARGIN: Final = 3.0
"""Times the largest difference at rest: of 50 normal differences the largest is above 1.7 standard deviations
but for one time in 100, so that three times it are exceeded by one in a million or fewer."""
ROUNDING: Final = 1e-5
LEAST_TO_SEE_DRIFT: Final = 10
"""So many differences in one direction are no chance: one in 500."""


class NoComparisonError(ValueError):
    """Nothing is left of the answers that could be compared; the message says why."""


class NoiseFloor(NamedTuple):
    """What the answers at rest showed."""

    rules: ComparisonRules
    notes: tuple[str, ...]
    """One sentence for each place that differs at rest."""


def measure_noise(parity: Parity, first: Sequence[Any], second: Sequence[Any]) -> NoiseFloor:
    """The noise floor of answers to the same inputs, asked twice in the same order.

    Raises `NoComparisonError` if no place is left to compare.
    """
    stated = ComparisonRules(parity)
    values: dict[JsonPath, list[Any]] = {}
    for answer in first:
        for place, value in list_leaves(answer):
            values.setdefault(place, []).append(value)
    differing: dict[JsonPath, list[Difference]] = {}
    for one, other in zip(first, second, strict=True):
        for difference in find_differences(one, other, stated):
            differing.setdefault(difference.place, []).append(difference)
    allowed = {
        place: ROUNDING * max(map(abs, found))
        for place, found in values.items()
        if all(map(is_number, found)) and any(isinstance(value, float) for value in found)
    }
    varying: set[JsonPath] = set()
    notes: list[str] = []
    for place, differences in differing.items():
        name, rounding = describe_place(place), allowed.get(place, 0.0)
        largest = _find_largest(differences)
        if largest is not None and differences[0].stated is not None:
            limit = differences[0].stated
            notes.append(
                f"{name} differed at rest by up to {largest:.3g}, more than its tolerance of {limit:g}"
            )
        elif largest is None or not _is_noise(differences, largest, values.get(place, ()), len(first)):
            varying.add(place)
            notes.append(f"{name} differed at rest, so it is not compared")
        else:
            allowed[place] = max(MARGIN * largest, rounding)
            if largest > rounding:
                notes.append(
                    f"{name} differed at rest by up to {largest:.3g}: {allowed[place]:.3g} is allowed"
                )
    rules = replace(stated, allowed=allowed, varying=frozenset(varying), _known={})
    if all(is_left_out(place, rules) for place in values):
        raise NoComparisonError(
            "nothing of the replies is left to compare: " + "; ".join(notes or ["ignored"])
        )
    return NoiseFloor(rules, tuple(notes))


def is_left_out(place: JsonPath, rules: ComparisonRules) -> bool:
    """Whether a place, or one that holds it, is not compared."""
    return any(rules.look_up(place[:length])[0] for length in range(len(place) + 1))


def _find_largest(differences: Sequence[Difference]) -> float | None:
    """The largest difference of numbers; None where one of them is none."""
    if not all(each.is_numeric for each in differences):
        return None
    return max(float(abs(each.expected - each.found)) for each in differences)


def _is_noise(differences: Sequence[Difference], largest: float, values: Sequence[Any], inputs: int) -> bool:
    """Whether numbers differ by little of their range, and not all in one direction as a clock does."""
    risen = sum(each.found > each.expected for each in differences)
    one_way = inputs >= LEAST_TO_SEE_DRIFT and len(differences) >= inputs and risen in (0, len(differences))
    return not one_way and 2 * MARGIN * largest < _measure_spread(values)


def _measure_spread(values: Sequence[Any]) -> float:
    return max(values) - min(values) if values and all(map(is_number, values)) else 0.0
