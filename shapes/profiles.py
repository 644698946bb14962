"""The profiles of one curve: a constant, a ramp, a wave; join them with `+`.

Each class docstring gives the area under the level, Λ(t), and draws the curve. Invalid parameters raise a
ValueError that names them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from shapes.composition import Floats, Profile
from shapes.parameters import check_duration, check_level
from shapes.stages import LevelFormatter, ProfileStage, format_level


@dataclass(frozen=True)
class Constant(Profile):
    """One level throughout; the only profile that may be endless (`duration_s` infinite).

    Λ(t) = level · t

        level |████████████
              +------------> t
    """

    level: float
    duration_s: float
    stage: str | None = None

    def __post_init__(self) -> None:
        check_level("level", self.level)
        if self.duration_s != math.inf:
            check_duration("duration_s", self.duration_s)
        elif self.level == 0:
            raise ValueError("level is 0 in an endless profile: expected a number above zero")

    def _find_peak(self) -> float:
        return self.level

    def _scale_time(self, factor: float) -> Self:
        return replace(self, duration_s=self.duration_s * factor)

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, level=self.level * factor)

    def _compute_levels(self, t_s: Floats) -> Floats:
        return np.full(t_s.shape, float(self.level))

    def _compute_areas(self, t_s: Floats) -> Floats:
        return self.level * t_s

    def _find_times(self, areas: Floats) -> Floats:
        return areas / self.level if self.level else np.zeros(areas.shape)

    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        return (ProfileStage(formatter(self.level), 0.0, self.duration_s),)


@dataclass(frozen=True)
class Ramp(Profile):
    """A straight line from `start` to `end`, up or down.

    Λ(t) = start · t + slope · t² / 2, with slope = (end − start) / duration. Its inverse is written as
    t = 2Λ / (start + √(start² + 2 · slope · Λ)), which loses no digits when the slope is small.

          end |         ▄▄██
              |    ▄▄███████
        start |█████████████
              +-------------> t
    """

    start: float
    end: float
    duration_s: float
    stage: str | None = None

    def __post_init__(self) -> None:
        check_level("start", self.start)
        check_level("end", self.end)
        check_duration("duration_s", self.duration_s)

    def _find_peak(self) -> float:
        return max(self.start, self.end)

    @property
    def slope(self) -> float:
        """How much the level changes a second."""
        return (self.end - self.start) / self.duration_s

    def _scale_time(self, factor: float) -> Self:
        return replace(self, duration_s=self.duration_s * factor)

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, start=self.start * factor, end=self.end * factor)

    def _compute_levels(self, t_s: Floats) -> Floats:
        return np.maximum(self.start + self.slope * t_s, 0.0)

    def _compute_areas(self, t_s: Floats) -> Floats:
        return (self.start + self.slope * t_s / 2) * t_s

    def _find_times(self, areas: Floats) -> Floats:
        level_then = np.sqrt(np.maximum(self.start**2 + 2 * self.slope * areas, 0.0))
        divisor = self.start + level_then
        return np.divide(2 * areas, divisor, out=np.zeros(areas.shape), where=divisor > 0)

    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        return (ProfileStage(f"{format_level(self.start)} to {formatter(self.end)}", 0.0, self.duration_s),)


@dataclass(frozen=True)
class Wave(Profile):
    """A sine around `mean`, starting at the mean and rising; `amplitude` may not exceed the mean.

    level(t) = mean + amplitude · sin(2πt / period)
    Λ(t) = mean · t + amplitude · period / 2π · (1 − cos(2πt / period))

        mean + amplitude |   ▄▄▄
                         | ▄█████▄
                    mean |█████████▄       ▄
        mean − amplitude |███████████▄▄▄▄███
                         +------------------> t
                          <---- period ---->
    """

    mean: float
    amplitude: float
    period_s: float
    duration_s: float
    stage: str | None = None

    def __post_init__(self) -> None:
        check_level("mean", self.mean)
        check_level("amplitude", self.amplitude)
        check_duration("period_s", self.period_s)
        check_duration("duration_s", self.duration_s)
        if self.amplitude > self.mean:
            raise ValueError(
                f"amplitude is {format_level(self.amplitude)}, above the mean of {format_level(self.mean)}: "
                "the level would fall below zero"
            )

    def _find_peak(self) -> float:
        return self.mean + self.amplitude

    def _scale_time(self, factor: float) -> Self:
        return replace(self, period_s=self.period_s * factor, duration_s=self.duration_s * factor)

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, mean=self.mean * factor, amplitude=self.amplitude * factor)

    def _compute_levels(self, t_s: Floats) -> Floats:
        return self.mean + self.amplitude * np.sin(t_s * (2 * math.pi / self.period_s))

    def _compute_areas(self, t_s: Floats) -> Floats:
        swing = self.amplitude * self.period_s / (2 * math.pi)
        # 1 − cos x as 2 sin²(x/2): near x = 0 the difference would cancel all digits.
        return self.mean * t_s + swing * 2 * np.sin(t_s * (math.pi / self.period_s)) ** 2

    def _find_times(self, areas: Floats) -> Floats:
        """By bisection: Λ runs between mean · t and that plus the most a half-wave can add."""
        if not self.mean:
            return np.zeros(areas.shape)
        most_ahead_s = self.amplitude * self.period_s / (math.pi * self.mean)
        high = areas / self.mean
        low = np.maximum(high - most_ahead_s, 0.0)
        for _ in range(max(0, math.ceil(math.log2(max(most_ahead_s, 1e-9) / 1e-9)))):
            middle = (low + high) / 2
            short = self._compute_areas(middle) < areas
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return high

    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        low, high = self.mean - self.amplitude, self.mean + self.amplitude
        return (ProfileStage(f"wave {format_level(low)} to {formatter(high)}", 0.0, self.duration_s),)
