"""Draws numbers that a JSON schema allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple

from loadtests.answers.json_schema import Part

_USUAL: Final[Mapping[str, tuple[float, float]]] = {
    "age": (18, 90),
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "probability": (0, 1),
    "score": (0, 1),
    "year": (1990, 2025),
    "month": (1, 12),
    "percent": (0, 100),
}
"""Ranges of numbers by the name of their field, where the schema states none."""
_ELSE: Final = (0.0, 100.0)


class Limits(NamedTuple):
    """The range of a number, and whether its ends belong to it."""

    low: float
    high: float
    holds_low: bool = True
    holds_high: bool = True


def draw_number(
    part: Part, name: str, examples: Sequence[Any], chance: Random, *, whole: bool, at_edge: bool
) -> float:
    """A number that `part` allows, at an end of its range if `at_edge`."""
    limits = find_limits(part, name, examples)
    step = part.get("multipleOf", 1 if whole else None)
    if whole and step % 1:
        step = 1
    if step is not None:
        value = _draw_multiple(Decimal(str(step)), limits, chance, at_edge)
        return int(value) if value == int(value) else float(value)
    low = limits.low if limits.holds_low else math.nextafter(limits.low, math.inf)
    high = limits.high if limits.holds_high else math.nextafter(limits.high, -math.inf)
    if at_edge:
        return chance.choice((low, high))
    digits = max(0, 3 - math.floor(math.log10(max(high - low, 1e-9))))
    return float(min(max(round(chance.uniform(low, high), digits), low), high))


def _draw_multiple(step: Decimal, limits: Limits, chance: Random, at_edge: bool) -> Decimal:
    low, high = (Decimal(str(end)) for end in limits[:2])
    first, last = math.ceil(low / step), math.floor(high / step)
    first += first * step == low and not limits.holds_low
    last -= last * step == high and not limits.holds_high
    place = chance.choice((first, last)) if at_edge else chance.randint(first, max(first, last))
    return place * step


def find_limits(part: Part, name: str = "", examples: Sequence[Any] = ()) -> Limits:
    """The range that a part states; an end that it leaves open is guessed from name and examples."""
    low, holds_low = _choose(part.get("minimum"), part.get("exclusiveMinimum"), max)
    high, holds_high = _choose(part.get("maximum"), part.get("exclusiveMaximum"), min)
    usual = _guess_range(name, examples)
    width = usual[1] - usual[0]
    if low is None:
        low = usual[0] if high is None or usual[0] < high else high - max(width, abs(high))
    if high is None:
        high = usual[1] if usual[1] > low else low + max(width, abs(low))
    return Limits(low, high, holds_low, holds_high)


def _choose(inclusive: float | None, exclusive: float | None, tighter: Any) -> tuple[float | None, bool]:
    """The tighter of two limits, and whether it belongs to the range."""
    if exclusive is None or (inclusive is not None and tighter(inclusive, exclusive) != exclusive):
        return inclusive, True
    return exclusive, False


def _guess_range(name: str, examples: Sequence[Any]) -> tuple[float, float]:
    numbers = [each for each in examples if isinstance(each, int | float) and not isinstance(each, bool)]
    if numbers:
        least, most = min(numbers), max(numbers)
        return least - abs(least) / 2, most + (abs(most) / 2 or 1.0)
    return next((span for key, span in _USUAL.items() if key in name.lower()), _ELSE)
