"""Levels of load: numbers of users, rates, or multiples of the capacity that a calibration finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from configuration.document import Node, Reader
from configuration.readers import make_whole_number_reader, parse_with_unit
from configuration.units import (
    MULTIPLE_EXPECTED,
    RATE_EXPECTED,
    parse_multiple,
    parse_rate,
    write_multiple,
    write_number,
    write_rate,
)
from shapes.stages import format_level

LoadModel = Literal["closed", "open"]
LevelUnit = Literal["users", "rate", "multiple"]

FASTEST_PER_S: Final = 1_000_000.0
LARGEST_MULTIPLE: Final = 100.0
MOST_USERS: Final = 1_000_000


def describe_level(level: float, unit: LevelUnit) -> str:
    """A level in words: `1 user`, `50 users`, `300/s`, `2 × capacity`."""
    match unit:
        case "users":
            return f"{format_level(level)} {'user' if level == 1 else 'users'}"
        case "rate":
            return f"{format_level(level)}/s"
        case "multiple":
            return f"{format_level(level)} × capacity"


def write_level(level: float, unit: LevelUnit) -> int | str:
    """The plain value that reads back as this level."""
    match unit:
        case "users":
            return int(write_number(level))
        case "rate":
            return write_rate(level)
        case "multiple":
            return write_multiple(level)


def read_rate(node: Node) -> float:
    """Arrivals per second, zero or more."""
    per_second = parse_with_unit(node, parse_rate, RATE_EXPECTED)
    if per_second > FASTEST_PER_S:
        raise node.report_mismatch(f"a rate of at most {FASTEST_PER_S:.0f}/s")
    return per_second


def read_multiple(node: Node) -> float:
    """A multiple of a capacity, zero or more."""
    multiple = parse_with_unit(node, parse_multiple, MULTIPLE_EXPECTED)
    if multiple > LARGEST_MULTIPLE:
        raise node.report_mismatch(f"a multiple of at most {LARGEST_MULTIPLE:.0f}x")
    return multiple


LEVEL_READERS: Final[Mapping[LevelUnit, Reader[float]]] = {
    "users": make_whole_number_reader("users", 0, MOST_USERS),
    "rate": read_rate,
    "multiple": read_multiple,
}
