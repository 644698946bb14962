"""What all profiles have in common, and how they are joined: levels over time, without a clock or a unit.

A level is a number of users in the closed model and a rate of arrivals per second in the open model. Each
profile gives its level, the area under it (user-seconds, or arrivals) and the inverse of that area, for
arrays of times or areas, as arrays of the same shape.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapes.parameters import check_factor
from shapes.stages import LevelFormatter, ProfileStage, format_level, number_repeated_names

Floats = NDArray[np.float64]


class Profile(ABC):
    """A level over time: zero outside [0, `duration_s`), never negative inside."""

    duration_s: float
    stage: str | None
    """One name for the whole profile; without it each stage is named for its level."""

    @abstractmethod
    def _find_peak(self) -> float: ...

    @abstractmethod
    def _scale_time(self, factor: float) -> Self: ...

    @abstractmethod
    def _scale_levels(self, factor: float) -> Self: ...

    @abstractmethod
    def _compute_levels(self, t_s: Floats) -> Floats: ...

    @abstractmethod
    def _compute_areas(self, t_s: Floats) -> Floats: ...

    @abstractmethod
    def _find_times(self, areas: Floats) -> Floats: ...

    @abstractmethod
    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]: ...

    @property
    def peak(self) -> float:
        """The highest level (for a ramp, the one it tends to)."""
        return self._find_peak()

    def scale_time(self, factor: float) -> Self:
        """The same curve on a time axis `factor` times as long; the levels stay."""
        check_factor(factor)
        return self._scale_time(factor)

    def scale_levels(self, factor: float) -> Self:
        """The same curve with every level `factor` times as high; the durations stay."""
        check_factor(factor)
        return self._scale_levels(factor)

    def compute_levels(self, t_s: ArrayLike) -> Floats:
        """The level at each time."""
        times = np.asarray(t_s, dtype=np.float64)
        inside = (times >= 0) & (times < self.duration_s)
        return np.where(inside, self._compute_levels(np.where(inside, times, 0.0)), 0.0)

    def compute_level(self, t_s: float) -> float:
        """The level at one time."""
        return float(self.compute_levels(t_s))

    def compute_areas(self, t_s: ArrayLike) -> Floats:
        """Λ(t), the area under the level from 0 to each time: exact, in closed form."""
        return self._compute_areas(np.clip(np.asarray(t_s, dtype=np.float64), 0.0, self.duration_s))

    def compute_area(self, t_s: float) -> float:
        """Λ(t) at one time."""
        return float(self.compute_areas(t_s))

    @cached_property
    def total_area(self) -> float:
        """Λ(`duration_s`), the whole area under the profile; infinite where the profile is endless."""
        return self.compute_area(self.duration_s)

    def find_times(self, areas: ArrayLike) -> Floats:
        """Λ⁻¹: the earliest time at which the area reaches each value; infinite beyond the whole area.

        In closed form, but for `Wave`, which is solved to the nanosecond; as exact as the area's rounding.
        """
        wanted = np.asarray(areas, dtype=np.float64)
        inside = wanted <= self.total_area
        found = self._find_times(np.where(inside, np.maximum(wanted, 0.0), 0.0))
        return np.where(inside, np.minimum(found, self.duration_s), np.inf)

    def name_stages(self, formatter: LevelFormatter = format_level) -> tuple[ProfileStage, ...]:
        """The stages in order, each with a different name; `formatter` puts a level into words."""
        return number_repeated_names(self._list_named_stages(formatter))

    @property
    def stages(self) -> tuple[ProfileStage, ...]:
        """The stages in order, with levels as bare numbers."""
        return self.name_stages()

    def __add__(self, following: Profile) -> Chain:
        """The profile that goes on with `following` when this one is over."""
        return Chain((self, following))

    def _list_named_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        if self.stage is not None:
            return (ProfileStage(self.stage, 0.0, self.duration_s),)
        return self._list_stages(formatter)


class ProfileSequence(Profile):
    """Profiles end to end: Λ(t) = the areas of the parts that are over + Λ of the present one."""

    @abstractmethod
    def _make_parts(self) -> tuple[Profile, ...]: ...

    @cached_property
    def _sequence(self) -> tuple[Profile, ...]:
        return self._make_parts()

    @cached_property
    def _starts_s(self) -> Floats:
        return np.cumsum([0.0, *(part.duration_s for part in self._sequence[:-1])])

    @cached_property
    def _areas_before(self) -> Floats:
        return np.cumsum([0.0, *(part.total_area for part in self._sequence[:-1])])

    def _find_peak(self) -> float:
        return max(part.peak for part in self._sequence)

    def _compute_levels(self, t_s: Floats) -> Floats:
        found = np.empty(t_s.shape)
        which = np.searchsorted(self._starts_s, t_s, side="right") - 1
        for i in np.unique(which):
            here, part = which == i, self._sequence[i]
            found[here] = part._compute_levels(t_s[here] - self._starts_s[i])
        return found

    def _compute_areas(self, t_s: Floats) -> Floats:
        found = np.empty(t_s.shape)
        which = np.searchsorted(self._starts_s, t_s, side="right") - 1
        for i in np.unique(which):
            here, part = which == i, self._sequence[i]
            found[here] = self._areas_before[i] + part.compute_areas(t_s[here] - self._starts_s[i])
        return found

    def _find_times(self, areas: Floats) -> Floats:
        found = np.empty(areas.shape)
        which = np.maximum(np.searchsorted(self._areas_before, areas, side="left") - 1, 0)
        for i in np.unique(which):
            here, part = which == i, self._sequence[i]
            within = np.minimum(areas[here] - self._areas_before[i], part.total_area)
            found[here] = self._starts_s[i] + part.find_times(within)
        return found

    def _list_stages(self, formatter: LevelFormatter) -> tuple[ProfileStage, ...]:
        return tuple(
            ProfileStage(name, start_s + float(offset_s), end_s + float(offset_s))
            for part, offset_s in zip(self._sequence, self._starts_s, strict=True)
            for name, start_s, end_s in part._list_named_stages(formatter)
        )


@dataclass(frozen=True)
class Chain(ProfileSequence):
    """Profiles one after the other; only the last may be endless. `a + b + c` makes a flat chain."""

    parts: tuple[Profile, ...]
    stage: str | None = None
    duration_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts is empty: expected at least one profile")
        nested = (p.parts if isinstance(p, Chain) and p.stage is None else (p,) for p in self.parts)
        flat = tuple(part for parts in nested for part in parts)
        for i, part in enumerate(flat[:-1]):
            if part.duration_s == math.inf:
                raise ValueError(f"parts[{i}] is endless, so nothing can follow it: only the last may be")
        object.__setattr__(self, "parts", flat)
        object.__setattr__(self, "duration_s", sum(part.duration_s for part in flat))

    def _scale_time(self, factor: float) -> Self:
        return replace(self, parts=tuple(part.scale_time(factor) for part in self.parts))

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, parts=tuple(part.scale_levels(factor) for part in self.parts))

    def _make_parts(self) -> tuple[Profile, ...]:
        return self.parts
