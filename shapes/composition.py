"""Profiles say how much load there is at each moment: pure values over time, without a clock or a unit.

A level is a number of users in the closed model and a rate of arrivals per second in the open one; the
profile doesn't know which. Each profile gives its level, the area under it (user-seconds, or arrivals) and
the inverse of that area, all vectorised: times and areas go in and come out as arrays of one shape.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Describe = Callable[[float], str]


class NamedStretch(NamedTuple):
    """A part of a profile with a name, `start_s` <= t < `end_s`."""

    name: str
    start_s: float
    end_s: float


def plain(level: float) -> str:
    """A level as a bare number: `3`, `2.5`."""
    return f"{level:.6g}"


class Profile(ABC):
    """A level over time: zero outside [0, `duration_s`), never negative inside."""

    duration_s: float
    stage: str | None
    """One name for the whole profile; without it the profile names its own parts."""

    @abstractmethod
    def _peak(self) -> float: ...

    @abstractmethod
    def _stretched(self, factor: float) -> Self: ...

    @abstractmethod
    def _raised(self, factor: float) -> Self: ...

    @abstractmethod
    def _levels(self, t_s: Floats) -> Floats: ...

    @abstractmethod
    def _integrals(self, t_s: Floats) -> Floats: ...

    @abstractmethod
    def _times(self, areas: Floats) -> Floats: ...

    @abstractmethod
    def _stretches(self, describe: Describe) -> tuple[NamedStretch, ...]: ...

    @property
    def peak(self) -> float:
        """The highest level (for a ramp, the one it tends to)."""
        return self._peak()

    def stretched(self, factor: float) -> Self:
        """The same curve on a time axis `factor` times as long; the levels stay."""
        if not 0 < factor < math.inf:
            raise ValueError(f"factor is {factor}: expected a finite number above zero")
        return self._stretched(factor)

    def raised(self, factor: float) -> Self:
        """The same curve with every level `factor` times as high; the durations stay."""
        if not 0 < factor < math.inf:
            raise ValueError(f"factor is {factor}: expected a finite number above zero")
        return self._raised(factor)

    def levels(self, t_s: ArrayLike) -> Floats:
        """The level at each time."""
        times = np.asarray(t_s, dtype=np.float64)
        inside = (times >= 0) & (times < self.duration_s)
        return np.where(inside, self._levels(np.where(inside, times, 0.0)), 0.0)

    def level_at(self, t_s: float) -> float:
        """The level at one time."""
        return float(self.levels(t_s))

    def integrals(self, t_s: ArrayLike) -> Floats:
        """Λ(t), the area under the level from 0 to each time: exact, in closed form."""
        return self._integrals(np.clip(np.asarray(t_s, dtype=np.float64), 0.0, self.duration_s))

    def integral(self, t_s: float) -> float:
        """Λ(t) at one time."""
        return float(self.integrals(t_s))

    @cached_property
    def area(self) -> float:
        """Λ(`duration_s`), the whole area under the profile; infinite where the profile is endless."""
        return self.integral(self.duration_s)

    def times(self, areas: ArrayLike) -> Floats:
        """Λ⁻¹: the earliest time at which the area reaches each value; infinite beyond the whole area.

        In closed form for all but `Wave`, which is solved to the nanosecond. Where the level is zero the
        area stands still and the inverse is only as sharp as the area's own rounding.
        """
        wanted = np.asarray(areas, dtype=np.float64)
        inside = wanted <= self.area
        found = self._times(np.where(inside, np.maximum(wanted, 0.0), 0.0))
        return np.where(inside, np.minimum(found, self.duration_s), np.inf)

    def named_stages(self, describe: Describe = plain) -> tuple[NamedStretch, ...]:
        """The stages in order, each with a name of its own; `describe` puts a level into words.

        A name that comes again is numbered: `1 user`, `2 users`, `1 user (2)`.
        """
        used: set[str] = set()
        named = []
        for name, start_s, end_s in self._own_stages(describe):
            unique, times_seen = name, 1
            while unique in used:
                times_seen += 1
                unique = f"{name} ({times_seen})"
            used.add(unique)
            named.append(NamedStretch(unique, start_s, end_s))
        return tuple(named)

    @property
    def stages(self) -> tuple[NamedStretch, ...]:
        """The stages in order, levels as bare numbers."""
        return self.named_stages()

    def then(self, following: Profile) -> Chain:
        """One profile, and `following` once it is over."""
        return Chain((self, following))

    def __add__(self, following: Profile) -> Chain:
        return self.then(following)

    def _own_stages(self, describe: Describe) -> tuple[NamedStretch, ...]:
        if self.stage is not None:
            return (NamedStretch(self.stage, 0.0, self.duration_s),)
        return self._stretches(describe)


class Sequence(Profile):
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
        return np.cumsum([0.0, *(part.area for part in self._sequence[:-1])])

    def _peak(self) -> float:
        return max(part.peak for part in self._sequence)

    def _levels(self, t_s: Floats) -> Floats:
        found = np.empty(t_s.shape)
        which = np.searchsorted(self._starts_s, t_s, side="right") - 1
        for i in np.unique(which):
            here = which == i
            found[here] = self._sequence[i]._levels(t_s[here] - self._starts_s[i])
        return found

    def _integrals(self, t_s: Floats) -> Floats:
        found = np.empty(t_s.shape)
        which = np.searchsorted(self._starts_s, t_s, side="right") - 1
        for i in np.unique(which):
            here = which == i
            found[here] = self._areas_before[i] + self._sequence[i].integrals(t_s[here] - self._starts_s[i])
        return found

    def _times(self, areas: Floats) -> Floats:
        found = np.empty(areas.shape)
        which = np.maximum(np.searchsorted(self._areas_before, areas, side="left") - 1, 0)
        for i in np.unique(which):
            here, part = which == i, self._sequence[i]
            within = np.minimum(areas[here] - self._areas_before[i], part.area)
            found[here] = self._starts_s[i] + part.times(within)
        return found

    def _stretches(self, describe: Describe) -> tuple[NamedStretch, ...]:
        return tuple(
            NamedStretch(name, start_s + float(offset_s), end_s + float(offset_s))
            for part, offset_s in zip(self._sequence, self._starts_s, strict=True)
            for name, start_s, end_s in part._own_stages(describe)
        )


@dataclass(frozen=True)
class Chain(Sequence):
    """Profiles one after the other; only the last may be endless. `a + b + c` makes a flat chain."""

    parts: tuple[Profile, ...]
    stage: str | None = None
    duration_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("parts is empty: expected at least one profile")
        flat: list[Profile] = []
        for part in self.parts:
            flat.extend(part.parts if isinstance(part, Chain) and part.stage is None else [part])
        for i, part in enumerate(flat[:-1]):
            if part.duration_s == math.inf:
                raise ValueError(f"parts[{i}] is endless, so nothing can follow it: only the last may be")
        object.__setattr__(self, "parts", tuple(flat))
        object.__setattr__(self, "duration_s", sum(part.duration_s for part in flat))

    def _stretched(self, factor: float) -> Self:
        return replace(self, parts=tuple(part.stretched(factor) for part in self.parts))

    def _raised(self, factor: float) -> Self:
        return replace(self, parts=tuple(part.raised(factor) for part in self.parts))

    def _make_parts(self) -> tuple[Profile, ...]:
        return self.parts
