"""The segments of a load, read from YAML into profiles and written back.

    {constant: 50, for: 2m}                               one level; `for: endless` never ends
    {ramp: [0, 300], for: 5m}                             a straight line
    {steps: [1, 2, 3], each: 30s}                         levels held one after the other
    {wave: {mean: 50, amplitude: 30, period: 60s}, for: 5m}
    {spike: {base: 20, peak: 200, rise: 5s, hold: 30s, fall: 5s}, for: 2m}

Levels are users (50), rates (300/s) or, in a calibrated load, multiples of the capacity (2x). A segment may
have a name for the report and for objectives, `stage: steady`; without it the segment is named for its level,
and each of `steps` is a separate stage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from configuration.document import MappingReader, Node, Reader
from configuration.levels import LEVEL_READERS, LevelUnit, write_level
from configuration.readers import read_duration, read_duration_or_zero, read_text, refuse_repeated
from configuration.units import write_duration
from shapes.composition import Chain, Profile
from shapes.profiles import Constant, Ramp, Wave
from shapes.sequences import Spike, Steps

ProfileBuilder = Callable[[str | None], Profile]
"""Builds the profile when the name of its stage is known and no key had a problem."""

ENDLESS: Final = "endless"
WARM_UP: Final = "warm-up"
LONGEST_STAGE_NAME: Final = 40
MOST_STEPS: Final = 10_000
"""Nearly one a minute of a week."""


def read_segments(node: Node, unit: LevelUnit) -> tuple[Profile, ...]:
    """The segments in a list, with levels in `unit`."""
    read = partial(_read_segment, read_level=LEVEL_READERS[unit])
    segments = node.read_items(read, "a list of segments, such as [{constant: 50, for: 2m}]")
    for index, segment in enumerate(segments[:-1]):
        if segment.duration_s == math.inf:
            endless = node.get_child(index).get_child("for")
            raise endless.report_problem("only the last segment may be endless")
    refuse_repeated(node, "stage", [segment.stage for segment in segments])
    return tuple(segments)


def _read_segment(node: Node, read_level: Reader[float]) -> Profile:
    expected = f"a segment with one of {', '.join(_READERS)}"
    with node.read_mapping(expected) as keys:
        kinds = [kind for kind in _READERS if kind in keys]
        if not kinds:
            raise node.report_incomplete((*_READERS, "for", "each", "stage"), expected)
        build = _READERS[kinds[0]](keys, read_level)
        for kind in kinds[1:]:
            keys.refuse(kind, f"this segment is a {kinds[0]} already; write one segment for each")
        stage = keys.read_or("stage", _read_stage_name, None)
    try:
        return build(stage)
    except ValueError as contradiction:
        raise node.get_child(kinds[0]).report_problem(str(contradiction)) from None


def _read_stage_name(node: Node) -> str:
    name = read_text(node)
    if name == WARM_UP:
        expected = f"another name: {WARM_UP} is the stage of the load's warm_up, which is not judged"
        raise node.report_mismatch(expected)
    if len(name) > LONGEST_STAGE_NAME:
        raise node.report_mismatch(f"a name of at most {LONGEST_STAGE_NAME} characters")
    return name


def _read_constant(keys: MappingReader, read_level: Reader[float]) -> ProfileBuilder:
    def read_endless_too(node: Node) -> float:
        return math.inf if node.value == ENDLESS else read_duration(node, f", or {ENDLESS}")

    level = keys.read("constant", read_level)
    duration_s = keys.read("for", read_endless_too)
    return lambda stage: Constant(level, duration_s, stage)


def _read_ramp(keys: MappingReader, read_level: Reader[float]) -> ProfileBuilder:
    def read_ends(node: Node) -> tuple[float, float]:
        if not isinstance(node.value, list) or len(node.value) != 2:
            raise node.report_mismatch("a list of two levels, from and to")
        start, end = node.read_items(read_level, "levels")
        return start, end

    ends = keys.read("ramp", read_ends)
    duration_s = keys.read("for", read_duration)
    return lambda stage: Ramp(*ends, duration_s, stage)


def _read_steps(keys: MappingReader, read_level: Reader[float]) -> ProfileBuilder:
    def read_levels(node: Node) -> list[float]:
        if isinstance(node.value, list) and len(node.value) > MOST_STEPS:
            raise node.report_mismatch(f"at most {MOST_STEPS:,} levels: each is a stage")
        return node.read_items(read_level, "a list of levels")

    levels = keys.read("steps", read_levels)
    each_s = keys.read("each", read_duration)
    return lambda stage: Steps(tuple(levels), each_s, stage)


def _read_wave(keys: MappingReader, read_level: Reader[float]) -> ProfileBuilder:
    def read_sine(node: Node) -> tuple[float, float, float]:
        with node.read_mapping("a mapping with mean, amplitude and period") as inner:
            levels = inner.read("mean", read_level), inner.read("amplitude", read_level)
            period_s = inner.read("period", read_duration)
        return *levels, period_s

    sine = keys.read("wave", read_sine)
    duration_s = keys.read("for", read_duration)
    return lambda stage: Wave(*sine, duration_s, stage)


def _read_spike(keys: MappingReader, read_level: Reader[float]) -> ProfileBuilder:
    def read_burst(node: Node) -> tuple[float, float, float, float, float]:
        with node.read_mapping("a mapping with base, peak, rise, hold and fall") as inner:
            levels = inner.read("base", read_level), inner.read("peak", read_level)
            rise_s = inner.read("rise", read_duration_or_zero)
            hold_s = inner.read("hold", read_duration_or_zero)
            fall_s = inner.read("fall", read_duration_or_zero)
        return *levels, rise_s, hold_s, fall_s

    burst = keys.read("spike", read_burst)
    duration_s = keys.read("for", read_duration)
    return lambda stage: Spike(*burst, duration_s, stage)


_READERS: Final[Mapping[str, Callable[[MappingReader, Reader[float]], ProfileBuilder]]] = {
    "constant": _read_constant,
    "ramp": _read_ramp,
    "steps": _read_steps,
    "wave": _read_wave,
    "spike": _read_spike,
}


def write_segments(profile: Profile, unit: LevelUnit) -> list[dict[str, Any]]:
    """The segments that read back as `profile`, plain values only."""
    parts = profile.parts if isinstance(profile, Chain) else (profile,)
    return [_write_segment(part, unit) for part in parts]


def _write_segment(profile: Profile, unit: LevelUnit) -> dict[str, Any]:
    write = partial(write_level, unit=unit)
    duration = ENDLESS if profile.duration_s == math.inf else write_duration(profile.duration_s)
    written: dict[str, Any]
    match profile:
        case Constant():
            written = {"constant": write(profile.level), "for": duration}
        case Ramp():
            written = {"ramp": [write(profile.start), write(profile.end)], "for": duration}
        case Steps():
            written = {"steps": [*map(write, profile.values)], "each": write_duration(profile.each_s)}
        case Wave():
            sine = {"mean": write(profile.mean), "amplitude": write(profile.amplitude)}
            written = {"wave": sine | {"period": write_duration(profile.period_s)}, "for": duration}
        case Spike():
            times = {"rise": profile.rise_s, "hold": profile.hold_s, "fall": profile.fall_s}
            burst = {"base": write(profile.base), "peak": write(profile.peak_level)}
            burst |= {name: write_duration(seconds) for name, seconds in times.items()}
            written = {"spike": burst, "for": duration}
        case _:
            raise TypeError(f"no segment is written for a {type(profile).__name__}")
    return written if profile.stage is None else written | {"stage": profile.stage}
