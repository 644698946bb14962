"""The profiles that are made of simpler ones: steps and a spike; join them with `+`.

Each class docstring gives the area under the level, Λ(t), and draws the curve. Invalid parameters raise a
ValueError that names them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from shapes.composition import Chain, Profile, ProfileSequence
from shapes.parameters import check_duration, check_level
from shapes.profiles import Constant, Ramp
from shapes.stages import format_level


@dataclass(frozen=True)
class Steps(ProfileSequence):
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
            check_level(f"values[{i}]", value)
        check_duration("each_s", self.each_s)
        object.__setattr__(self, "duration_s", self.each_s * len(self.values))

    def _scale_time(self, factor: float) -> Self:
        return replace(self, each_s=self.each_s * factor)

    def _scale_levels(self, factor: float) -> Self:
        return replace(self, values=tuple(value * factor for value in self.values))

    def _make_parts(self) -> tuple[Profile, ...]:
        return tuple(Constant(value, self.each_s) for value in self.values)


@dataclass(frozen=True)
class Spike(ProfileSequence):
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
        check_level("base", self.base)
        check_level("peak", self.peak_level)
        for name in ("rise_s", "hold_s", "fall_s"):
            check_duration(name, getattr(self, name), or_zero=True)
        check_duration("duration_s", self.duration_s)
        if self.peak_level <= self.base:
            raise ValueError(
                f"peak is {format_level(self.peak_level)}, not above the base of {format_level(self.base)}: "
                "a spike rises from its base"
            )
        if not 0 < self.spike_s <= self.duration_s:
            raise ValueError(
                f"rise, hold and fall together are {format_level(self.spike_s)} s: "
                f"expected more than 0 s and at most the duration, {format_level(self.duration_s)} s"
            )

    @property
    def spike_s(self) -> float:
        """How long the level is off its base."""
        return self.rise_s + self.hold_s + self.fall_s

    def _scale_time(self, factor: float) -> Self:
        names = ("rise_s", "hold_s", "fall_s", "duration_s")
        return replace(self, **{name: getattr(self, name) * factor for name in names})

    def _scale_levels(self, factor: float) -> Self:
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
