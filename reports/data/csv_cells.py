"""Cells of CSV files."""

from __future__ import annotations

from typing import TypeAlias

CsvValue: TypeAlias = str | int | float | None

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defuse_formula(value: CsvValue) -> CsvValue:
    """Text that starts like a formula gets an apostrophe, so that a spreadsheet does not run it."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")
    return f"'{text}" if value.startswith(FORMULA) else text
