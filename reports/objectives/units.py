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
PER_ANSWERS: Final[Units] = {"per <number>": Fraction(1)}
"""The same of answers, which the name of the metric says."""
SHARE_PER_HOUR: Final[Units] = {"%/h": Fraction(1, 100)}
MEMORY_PER_HOUR: Final[Units] = {"MiB/h": Fraction(1), "KiB/h": Fraction(1, 1024), "GiB/h": Fraction(1024)}
PER_TIME: Final[Units] = {"per s": Fraction(1), "per min": Fraction(1, 60), "per h": Fraction(1, 3600)}
"""How often something happens."""
SHARES: Final = (SHARE, PER_REQUESTS, PER_ANSWERS)
"""Units of which a limit can't be more than all."""

_PER: Final = re.compile(r"per\s+(?P<number>\d+)(?P<what>\s+requests)?")


def find_scale(units: Units, unit: str) -> Fraction | None:
    """How many base units one `unit` is; None if it is none of `units`."""
    if units is not PER_REQUESTS and units is not PER_ANSWERS:
        return units.get(unit)
    found = _PER.fullmatch(unit)
    if found is None or (found["what"] is None) is not (units is PER_ANSWERS):
        return None
    return Fraction(1, int(found["number"])) if int(found["number"]) else None
