"""The profiles a scenario can be made of; compose them with `+`.

Each class docstring gives the area under the level, Λ(t), and draws the curve. Invalid parameters raise a
ValueError that names them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from shapes.composition import Chain, Describe, Floats, NamedStretch, Profile, Sequence, plain

__all__ = [
    "Chain",
    "Constant",
    "Floats",
    "NamedStretch",
    "Profile",
    "Ramp",
    "Spike",
    "Steps",
    "Wave",
    "plain",
]


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
        _check_level("level", self.level)
        if self.duration_s != math.inf:
            _check_duration("duration_s", self.duration_s)
        elif self.level == 0:
            raise ValueError("level is 0 in an endless profile: expected a number above zero")

    def _peak(self) -> float:
        return self.level

    def _stretched(self, factor: float) -> Self:
        return replace(self, duration_s=self.duration_s * factor)

    def _raised(self, factor: float) -> Self:
        return replace(self, level=self.level * factor)

    def _levels(self, t_s: Floats) -> Floats:
        return np.full(t_s.shape, float(self.level))

    def _integrals(self, t_s: Floats) -> Floats:
        return self.level * t_s

    def _times(self, areas: Floats) -> Floats:
        return areas / self.level if self.level else np.zeros(areas.shape)

    def _stretches(self, describe: Describe) -> tuple[NamedStretch, ...]:
        return (NamedStretch(describe(self.level), 0.0, self.duration_s),)


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
        _check_level("start", self.start)
        _check_level("end", self.end)
        _check_duration("duration_s", self.duration_s)

    def _peak(self) -> float:
        return max(self.start, self.end)

    @property
    def slope(self) -> float:
        """How much the level changes a second."""
        return (self.end - self.start) / self.duration_s

    def _stretched(self, factor: float) -> Self:
        return replace(self, duration_s=self.duration_s * factor)

    def _raised(self, factor: float) -> Self:
        return replace(self, start=self.start * factor, end=self.end * factor)

    def _levels(self, t_s: Floats) -> Floats:
        return np.maximum(self.start + self.slope * t_s, 0.0)

    def _integrals(self, t_s: Floats) -> Floats:
        return (self.start + self.slope * t_s / 2) * t_s

    def _times(self, areas: Floats) -> Floats:
        level_then = np.sqrt(np.maximum(self.start**2 + 2 * self.slope * areas, 0.0))
        divisor = self.start + level_then
        return np.divide(2 * areas, divisor, out=np.zeros(areas.shape), where=divisor > 0)

    def _stretches(self, describe: Describe) -> tuple[NamedStretch, ...]:
        return (NamedStretch(f"{plain(self.start)} to {describe(self.end)}", 0.0, self.duration_s),)


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
        _check_level("mean", self.mean)
        _check_level("amplitude", self.amplitude)
        _check_duration("period_s", self.period_s)
        _check_duration("duration_s", self.duration_s)
        if self.amplitude > self.mean:
            raise ValueError(
                f"amplitude is {plain(self.amplitude)}, above the mean of {plain(self.mean)}: "
                "the level would fall below zero"
            )

    def _peak(self) -> float:
        return self.mean + self.amplitude

    def _stretched(self, factor: float) -> Self:
        return replace(self, period_s=self.period_s * factor, duration_s=self.duration_s * factor)

    def _raised(self, factor: float) -> Self:
        return replace(self, mean=self.mean * factor, amplitude=self.amplitude * factor)

    def _levels(self, t_s: Floats) -> Floats:
        return self.mean + self.amplitude * np.sin(t_s * (2 * math.pi / self.period_s))

    def _integrals(self, t_s: Floats) -> Floats:
        swing = self.amplitude * self.period_s / (2 * math.pi)
        # 1 − cos x as 2 sin²(x/2): near x = 0 the difference would cancel all digits.
        return self.mean * t_s + swing * 2 * np.sin(t_s * (math.pi / self.period_s)) ** 2

    def _times(self, areas: Floats) -> Floats:
        """By bisection: Λ runs between mean · t and that plus the most a half-wave can add."""
        if not self.mean:
            return np.zeros(areas.shape)
        most_ahead_s = self.amplitude * self.period_s / (math.pi * self.mean)
        high = areas / self.mean
        low = np.maximum(high - most_ahead_s, 0.0)
        for _ in range(max(0, math.ceil(math.log2(max(most_ahead_s, 1e-9) / 1e-9)))):
            middle = (low + high) / 2
            short = self._integrals(middle) < areas
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return high

    def _stretches(self, describe: Describe) -> tuple[NamedStretch, ...]:
        low, high = self.mean - self.amplitude, self.mean + self.amplitude
        return (NamedStretch(f"wave {plain(low)} to {describe(high)}", 0.0, self.duration_s),)


@dataclass(frozen=True)
class Steps(Sequence):
    """Levels held one after the other, each for `each_s`; every step is a stage.

    Λ(t) = each_s · (values[0] + … + values[k−1]) + values[k] · (t − k · each_s), with k = ⌊t / each_s⌋

        |        ████
        |    ████████████
        |████████████████████
        +--------------------> t
    """

    values: tuple[float, ...]
    each_s: float
    stage: str | None = None
    duration_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("values is empty: expected at least one level")
        for i, value in enumerate(self.values):
            _check_level(f"values[{i}]", value)
        _check_duration("each_s", self.each_s)
        object.__setattr__(self, "duration_s", self.each_s * len(self.values))

    def _stretched(self, factor: float) -> Self:
        return replace(self, each_s=self.each_s * factor)

    def _raised(self, factor: float) -> Self:
        return replace(self, values=tuple(value * factor for value in self.values))

    def _make_parts(self) -> tuple[Profile, ...]:
        return tuple(Constant(value, self.each_s) for value in self.values)


@dataclass(frozen=True)
class Spike(Sequence):
    """`base`, a rise to `peak_level`, a hold, a fall back, and `base` for as long as before.

    Its three stages are `before the spike`, `spike` (rise, hold and fall) and `after the spike`.
    Λ is the sum over its five straight pieces.

        peak_level |        ▄██████▄
                   |       ▄████████▄
              base |█████████████████████████
                   +-------------------------> t
                          ^ rise, hold, fall
    """

    base: float
    peak_level: float
    rise_s: float
    hold_s: float
    fall_s: float
    duration_s: float
    stage: str | None = None

    def __post_init__(self) -> None:
        _check_level("base", self.base)
        _check_level("peak", self.peak_level)
        for name in ("rise_s", "hold_s", "fall_s"):
            _check_duration(name, getattr(self, name), or_zero=True)
        _check_duration("duration_s", self.duration_s)
        if self.peak_level <= self.base:
            raise ValueError(
                f"peak is {plain(self.peak_level)}, not above the base of {plain(self.base)}: "
                "a spike rises from its base"
            )
        if not 0 < self.spike_s <= self.duration_s:
            raise ValueError(
                f"rise, hold and fall together are {plain(self.spike_s)} s: "
                f"expected more than 0 s and at most the duration, {plain(self.duration_s)} s"
            )

    @property
    def spike_s(self) -> float:
        """How long the level is off its base."""
        return self.rise_s + self.hold_s + self.fall_s

    def _stretched(self, factor: float) -> Self:
        names = ("rise_s", "hold_s", "fall_s", "duration_s")
        return replace(self, **{name: getattr(self, name) * factor for name in names})

    def _raised(self, factor: float) -> Self:
        return replace(self, base=self.base * factor, peak_level=self.peak_level * factor)

    def _make_parts(self) -> tuple[Profile, ...]:
        around_s = (self.duration_s - self.spike_s) / 2
        before = Constant(self.base, around_s, "before the spike") if around_s > 0 else None
        after = Constant(self.base, around_s, "after the spike") if around_s > 0 else None
        rise = Ramp(self.base, self.peak_level, self.rise_s) if self.rise_s else None
        hold = Constant(self.peak_level, self.hold_s) if self.hold_s else None
        fall = Ramp(self.peak_level, self.base, self.fall_s) if self.fall_s else None
        spike = Chain(tuple(part for part in (rise, hold, fall) if part is not None), "spike")
        return tuple(part for part in (before, spike, after) if part is not None)


def _check_level(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value}: expected a finite number, zero or more")


def _check_duration(name: str, value: float, *, or_zero: bool = False) -> None:
    if not (0 < value < math.inf or (or_zero and value == 0)):
        wanted = "zero or more" if or_zero else "above zero"
        raise ValueError(f"{name} is {value}: expected a finite number of seconds, {wanted}")
