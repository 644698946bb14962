"""The segments of a load, read from YAML into profiles and written back.

    {constant: 50, for: 2m}                               one level; `for: endless` never ends
    {ramp: [0, 300], for: 5m}                             a straight line
    {steps: [1, 2, 3], each: 30s}                         levels held one after the other
    {wave: {mean: 50, amplitude: 30, period: 60s}, for: 5m}
    {spike: {base: 20, peak: 200, rise: 5s, hold: 30s, fall: 5s}, for: 2m}

Levels are users (50), rates (300/s) or, in a load that is calibrated, multiples of the capacity (2x). Each
may bear a name for the report and for objectives, `stage: steady`; without it the segment is named for its
level, and each of `steps` is a stage of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal

from configuration.document import Keys, Node, Read
from configuration.readers import duration, duration_or_zero, each_its_own, multiple, rate, text, whole
from configuration.units import bare, write_duration, write_multiple, write_rate
from shapes.composition import Chain, Profile
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps
from shapes.stages import format_level

Model = Literal["closed", "open"]
Unit = Literal["users", "rate", "multiple"]
"""What a level is: users, a rate, or a multiple of the capacity that a calibration finds."""

Finish = Callable[[str | None], Profile]
"""Makes the profile once its stage name is known and all keys have proved sound."""

ENDLESS: Final = "endless"
WARM_UP: Final = "warm-up"
LONGEST_STAGE_NAME: Final = 40

users: Final = whole("users", 0, 1_000_000)
LEVELS: Final[Mapping[Unit, Read[float]]] = {"users": users, "rate": rate, "multiple": multiple}


def describe(unit: Unit, level: float) -> str:
    """A level in words: `1 user`, `50 users`, `300/s`, `2 × capacity`."""
    match unit:
        case "users":
            return f"{format_level(level)} {'user' if level == 1 else 'users'}"
        case "rate":
            return f"{format_level(level)}/s"
        case "multiple":
            return f"{format_level(level)} × capacity"


def read_segments(node: Node, unit: Unit) -> tuple[Profile, ...]:
    """The segments in a list."""
    segments = node.items(
        partial(read_segment, level=LEVELS[unit]),
        "a list of segments, such as [{constant: 50, for: 2m}]",
    )
    for index, segment in enumerate(segments[:-1]):
        if segment.duration_s == math.inf:
            raise node.child(index).child("for").wrong("only the last segment may be endless")
    each_its_own(node, "stage", [segment.stage for segment in segments])
    return tuple(segments)


def read_segment(node: Node, level: Read[float]) -> Profile:
    """One segment, its levels read by `level`."""
    expected = f"a segment with one of {', '.join(_READERS)}"
    with node.keys(expected) as keys:
        kinds = [kind for kind in _READERS if kind in keys]
        if not kinds:
            raise node.lacks((*_READERS, "for", "each", "stage"), expected)
        finish = _READERS[kinds[0]](keys, level)
        for kind in kinds[1:]:
            keys.refuse(kind, f"this segment is a {kinds[0]} already; write one segment for each")
        stage = keys.take_or("stage", _stage_name, None)
    try:
        return finish(stage)
    except ValueError as impossible:
        raise node.child(kinds[0]).wrong(str(impossible)) from None


def _stage_name(node: Node) -> str:
    name = text(node)
    if name == WARM_UP:
        raise node.misfit(f"another name: {WARM_UP} is the stage of the load's warm_up, which is not judged")
    if len(name) > LONGEST_STAGE_NAME:
        raise node.misfit(f"a name of at most {LONGEST_STAGE_NAME} characters")
    return name


def _pair(level: Read[float]) -> Read[tuple[float, float]]:
    def read(node: Node) -> tuple[float, float]:
        if not isinstance(node.value, list) or len(node.value) != 2:
            raise node.misfit("a list of two levels, from and to")
        start, end = node.items(level, "levels")
        return start, end

    return read


def _length_or_endless(node: Node) -> float:
    if node.value == ENDLESS:
        return math.inf
    return duration(node, f", or {ENDLESS}")


def _constant(keys: Keys, level: Read[float]) -> Finish:
    value = keys.take("constant", level)
    length_s = keys.take("for", _length_or_endless)
    return lambda stage: Constant(value, length_s, stage)


def _ramp(keys: Keys, level: Read[float]) -> Finish:
    ends = keys.take("ramp", _pair(level))
    length_s = keys.take("for", duration)
    return lambda stage: Ramp(*ends, length_s, stage)


def _steps(keys: Keys, level: Read[float]) -> Finish:
    values = keys.take("steps", lambda node: node.items(level, "a list of levels"))
    each_s = keys.take("each", duration)
    return lambda stage: Steps(tuple(values), each_s, stage)


def _wave(keys: Keys, level: Read[float]) -> Finish:
    def sine(node: Node) -> tuple[float, float, float]:
        with node.keys("a mapping with mean, amplitude and period") as inner:
            mean = inner.take("mean", level)
            amplitude = inner.take("amplitude", level)
            period_s = inner.take("period", duration)
        return mean, amplitude, period_s

    parameters = keys.take("wave", sine)
    length_s = keys.take("for", duration)
    return lambda stage: Wave(*parameters, length_s, stage)


def _spike(keys: Keys, level: Read[float]) -> Finish:
    def burst(node: Node) -> tuple[float, float, float, float, float]:
        with node.keys("a mapping with base, peak, rise, hold and fall") as inner:
            base = inner.take("base", level)
            peak = inner.take("peak", level)
            rise_s = inner.take("rise", duration_or_zero)
            hold_s = inner.take("hold", duration_or_zero)
            fall_s = inner.take("fall", duration_or_zero)
        return base, peak, rise_s, hold_s, fall_s

    parameters = keys.take("spike", burst)
    length_s = keys.take("for", duration)
    return lambda stage: Spike(*parameters, length_s, stage)


_READERS: Final[Mapping[str, Callable[[Keys, Read[float]], Finish]]] = {
    "constant": _constant,
    "ramp": _ramp,
    "steps": _steps,
    "wave": _wave,
    "spike": _spike,
}


def write_segments(profile: Profile, unit: Unit) -> list[dict[str, Any]]:
    """The segments that read back as `profile`, plain values only."""
    parts = profile.parts if isinstance(profile, Chain) else (profile,)
    return [_write_segment(part, unit) for part in parts]


def _write_segment(profile: Profile, unit: Unit) -> dict[str, Any]:
    def level(value: float) -> int | str:
        match unit:
            case "users":
                return int(bare(value))
            case "rate":
                return write_rate(value)
            case "multiple":
                return write_multiple(value)

    length = ENDLESS if profile.duration_s == math.inf else write_duration(profile.duration_s)
    written: dict[str, Any]
    match profile:
        case Constant():
            written = {"constant": level(profile.level), "for": length}
        case Ramp():
            written = {"ramp": [level(profile.start), level(profile.end)], "for": length}
        case Steps():
            written = {"steps": [*map(level, profile.values)], "each": write_duration(profile.each_s)}
        case Wave():
            sine = {"mean": level(profile.mean), "amplitude": level(profile.amplitude)}
            written = {"wave": sine | {"period": write_duration(profile.period_s)}, "for": length}
        case Spike():
            times = {"rise": profile.rise_s, "hold": profile.hold_s, "fall": profile.fall_s}
            burst = {"base": level(profile.base), "peak": level(profile.peak_level)}
            burst |= {name: write_duration(seconds) for name, seconds in times.items()}
            written = {"spike": burst, "for": length}
        case _:
            raise TypeError(f"no segment is written for a {type(profile).__name__}")
    return written if profile.stage is None else written | {"stage": profile.stage}
