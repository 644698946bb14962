"""Defines the units in which limits are stated, and the size of each in a metric's base unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, TypeAlias

Units: TypeAlias = Mapping[str, Fraction]

TIME: Final[Units] = {"ms": Fraction(1), "s": Fraction(1000), "us": Fraction(1, 1000)}
SHARE: Final[Units] = {"%": Fraction(1, 100)}
COUNT: Final[Units] = {"": Fraction(1)}
REQUESTS_PER_S: Final[Units] = {"requests/s": Fraction(1)}
ROWS_PER_S: Final[Units] = {"rows/s": Fraction(1)}
PER_REQUESTS: Final[Units] = {"per <number> requests": Fraction(1)}
"""A share stated as so many in so many; one such unit is 1 / <number>."""

_PER_REQUESTS: Final = re.compile(r"per\s+(?P<number>\d+)\s+requests")


def find_scale(units: Units, unit: str) -> Fraction | None:
    """How many base units one `unit` is; None if it is none of `units`."""
    if units is not PER_REQUESTS:
        return units.get(unit)
    found = _PER_REQUESTS.fullmatch(unit)
    return Fraction(1, int(found["number"])) if found and int(found["number"]) else None
