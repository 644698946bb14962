"""Formats numbers for readers: with as many digits as a measurement has, and with their unit; and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

NOTHING = "–"
AS_OBSERVED = "as observed"


def format_number(value: float, digits: int = 3) -> str:
    """`value` rounded to `digits` significant digits, or to a whole number: 8.37, 104, 1,234."""
    if value == 0:
        return "0"
    exact = Decimal(repr(float(value)))
    decimals = digits - 1 - exact.adjusted()
    rounded = round(exact, decimals) if decimals > 0 else round(exact, 0)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_exact(value: float) -> str:
    """`value` with all its digits and no more: 100 for 100.0, 0.1 for 0.1."""
    return f"{Decimal(repr(float(value))).normalize():f}"


def add_unit(text: str, unit: str) -> str:
    """A number and its unit, if it has one."""
    return f"{text} {unit}" if unit else text


def format_against_limit(value: float, limit: float, digits: int = 3) -> str:
    """`value` with enough digits to differ from a `limit` that it doesn't equal: 100.04 beside 100."""
    if value == limit:
        return format_exact(value)
    for more in range(digits, 17):
        text = format_number(value, more)
        if float(text.replace(",", "")) != limit:
            return text
    return format_exact(value)


def format_interval(bounds: Sequence[float] | None, unit: str, *, provable: bool) -> str:
    """A confidence interval: 8 to 11 ms. A dash if there is none, words if no number of samples gives one."""
    if bounds is None:
        return NOTHING if provable else AS_OBSERVED
    return add_unit(" to ".join(map(format_number, bounds)), unit)


def format_duration(seconds: float) -> str:
    """A length of time: 0.8 s, 20 s, 4 min 30 s, 2 h 5 min."""
    if seconds < 10:
        return f"{format_number(seconds, 2)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest if not hours else 0, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def format_count(count: int, noun: str, plural: str | None = None) -> str:
    """A count and what is counted: 1 request, 1,234 requests."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def format_start(started_at: str) -> str:
    """An ISO 8601 time in UTC for readers: 2026-11-21 22:00:45 UTC; anything else unchanged."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)", started_at)
    return f"{found[1]} {found[2]} UTC" if found else started_at
