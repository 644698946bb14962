"""Impossible parameters of profiles are refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from shapes.composition import Chain
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps


@pytest.mark.parametrize(
    ("profile", "arguments", "message"),
    [
        (Constant, (-1, 10), "level is -1: expected a finite number, zero or more"),
        (Constant, (math.nan, 10), "level is nan: expected a finite number, zero or more"),
        (Constant, (1, 0), "duration_s is 0: expected a finite number of seconds, above zero"),
        (Constant, (0, math.inf), "level is 0 in an endless profile: expected a number above zero"),
        (Ramp, (-1, 2, 10), "start is -1: expected a finite number, zero or more"),
        (Ramp, (1, math.inf, 10), "end is inf: expected a finite number, zero or more"),
        (Ramp, (1, 2, math.inf), "duration_s is inf: expected a finite number of seconds, above zero"),
        (Steps, ((), 10), "values is empty: expected at least one level"),
        (Steps, ((1, -2), 10), "values[1] is -2: expected a finite number, zero or more"),
        (Steps, ((1,), -10), "each_s is -10: expected a finite number of seconds, above zero"),
        (Wave, (5, 6, 1, 1), "amplitude is 6, above the mean of 5: the level would fall below zero"),
        (Wave, (5, 5, 0, 1), "period_s is 0: expected a finite number of seconds, above zero"),
        (Spike, (5, 5, 1, 1, 1, 9), "peak is 5, not above the base of 5: a spike rises from its base"),
        (Spike, (1, 5, -1, 1, 1, 9), "rise_s is -1: expected a finite number of seconds, zero or more"),
        (
            Spike,
            (1, 5, 4, 4, 4, 9),
            "rise, hold and fall together are 12 s: expected more than 0 s and at most the duration, 9 s",
        ),
        (Chain, ((),), "parts is empty: expected at least one profile"),
        (
            Chain,
            ((Constant(1, math.inf), Constant(1, 1)),),
            "parts[0] is endless, so nothing can follow it: only the last may be",
        ),
    ],
)
def test_impossible_parameters_are_refused_by_name(
    profile: Any, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole message is compared)
        profile(*arguments)
    assert str(refused.value) == message


@pytest.mark.parametrize("factor", [0, -1, math.inf, math.nan])
def test_time_can_only_be_stretched_by_a_finite_factor_above_zero(factor: float) -> None:
    with pytest.raises(ValueError, match="factor is"):
        Constant(1, 1).scale_time(factor)


@pytest.mark.parametrize("factor", [0, -1, math.inf, math.nan])
def test_levels_can_only_be_raised_by_a_finite_factor_above_zero(factor: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number above zero"):
        Constant(1, 1).scale_levels(factor)
