"""Numbers as text with units: `30s`, `1h30m`, `300/s`, `2x`, and the `250m` and `180Mi` of Kubernetes."""

from __future__ import annotations

import math
import re
from typing import Final

_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
DURATION_PATTERN: Final = (
    rf"(?:({_NUMBER})\s*h)?\s*(?:({_NUMBER})\s*(?:min|m))?\s*(?:({_NUMBER})\s*s)?\s*(?:({_NUMBER})\s*ms)?"
)
RATE_PATTERN: Final = rf"({_NUMBER})\s*/\s*(s|min|m|h)"
MULTIPLE_PATTERN: Final = rf"({_NUMBER})\s*x"
_DURATION: Final = re.compile(DURATION_PATTERN)
_RATE: Final = re.compile(RATE_PATTERN)
_MULTIPLE: Final = re.compile(MULTIPLE_PATTERN)
_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)([A-Za-z]*)")
_FACTORS: Final = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
_SECONDS: Final = {"s": 1, "min": 60, "m": 60, "h": 3600}

DURATION_EXPECTED: Final = "a duration with its unit (ms, s, m, h), such as 30s, 2m or 1h30m"
RATE_EXPECTED: Final = "a rate with its unit (/s, /min, /h), such as 300/s"
QUANTITY_EXPECTED: Final = "a quantity of Kubernetes, such as 250m, 2 or 180Mi"
MULTIPLE_EXPECTED: Final = "a multiple of the calibrated capacity, such as 2x"


def parse_duration(text: str) -> float:
    """Seconds in `30s`, `500 ms`, `1h30m`; larger units come first. ValueError if it is no such text."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"expected {DURATION_EXPECTED}")
    hours, minutes, seconds, milliseconds = (float(number or 0) for number in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def parse_rate(text: str) -> float:
    """Arrivals per second in `300/s`, `90/min`, `1000/h`. ValueError if it is no such text."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected {RATE_EXPECTED}")
    return float(match[1]) / _SECONDS[match[2]]


def parse_multiple(text: str) -> float:
    """The number in `2x`: a level as a multiple of a capacity. ValueError if it is no such text."""
    match = _MULTIPLE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected {MULTIPLE_EXPECTED}")
    return float(match[1])


def parse_quantity(text: str) -> float:
    """A Kubernetes quantity, such as 250m, 123456789n or 180Mi, as a number of its base unit.

    ValueError for another text.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2] not in _FACTORS:
        raise ValueError(f"{text!r} is no quantity")
    value = float(found[1]) * _FACTORS[found[2]]
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no quantity: expected a finite one")
    return value


def write_duration(seconds: float) -> str:
    """The text that `parse_duration` reads back to the very same number."""
    return f"{write_number(seconds)}s"


def write_rate(per_second: float) -> str:
    """The text that `parse_rate` reads back to the very same number."""
    return f"{write_number(per_second)}/s"


def write_multiple(multiple: float) -> str:
    """The text that `parse_multiple` reads back to the very same number."""
    return f"{write_number(multiple)}x"


def write_number(value: float) -> str:
    """A number with all its digits and no more: `30`, `0.5`."""
    return repr(float(value)).removesuffix(".0")
