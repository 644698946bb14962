"""Checks of the parameters of profiles; they raise a ValueError that names the parameter."""

from __future__ import annotations

import math


def check_level(name: str, value: float) -> None:
    """Refuse a level that is negative or not finite."""
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value}: expected a finite number, zero or more")


def check_duration(name: str, value: float, *, or_zero: bool = False) -> None:
    """Refuse a duration that is negative, not finite or, unless `or_zero`, zero."""
    if not (0 < value < math.inf or (or_zero and value == 0)):
        wanted = "zero or more" if or_zero else "above zero"
        raise ValueError(f"{name} is {value}: expected a finite number of seconds, {wanted}")


def check_factor(factor: float) -> None:
    """Refuse a factor that is not a finite number above zero."""
    if not 0 < factor < math.inf:
        raise ValueError(f"factor is {factor}: expected a finite number above zero")
