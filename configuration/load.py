"""The load of a scenario: users over time (closed model) or an arrival rate over time (open model).

    load:
      users: [{constant: 5, for: 1m}]         # or rate: [{constant: 50/s, for: 1m}]; see segments.py

Requests may also arrive when others did, as recorded in a .jsonl, .csv or .parquet file with a row a request:

    load:
      replay:
        file: requests.parquet
        time: received_at                     # the column, in .jsonl the field: numbers of seconds, or dates
                                              #   with times (ISO 8601); rows are in order of time
        speed: 2                              # default 1: twice as fast, in half the time
        scale: 0.5                            # default 1: keeps each arrival with this probability; above 1,
                                              #   shifted copies of the recording are added up
      in_flight_limit: 1000

Both leave bursts as they were: `shapes/recorded.py` says how. The stage is called `replay`. Arrival i is sent
by worker i mod workers, and carries record i of the same file where the payload is `{file: …, order: replay}`
and the scale is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from configuration.document import MappingReader, Node
from configuration.files import find_file
from configuration.levels import LevelUnit, LoadModel
from configuration.payload import RECORD_FILES
from configuration.readers import (
    LONGEST_S,
    make_name_reader,
    make_number_reader,
    make_whole_number_reader,
    read_duration,
    read_text,
)
from configuration.recorded_times import read_recorded_times
from configuration.segments import WARM_UP, read_segments, write_segments
from configuration.units import write_duration
from shapes.arrivals import SPACINGS, Spacing
from shapes.composition import Chain, Profile
from shapes.profiles import Constant
from shapes.recorded import Recorded

MANUAL: Final = "manual"
DEFAULT_IN_FLIGHT_LIMIT: Final = 1_000
FASTEST_REPLAY: Final = 1_000_000_000
"""A recording in nanoseconds is read as seconds, and replayed as fast as it was made by so large a factor."""


@dataclass(frozen=True)
class Calibration:
    """How the service's capacity is found before the load: by `users` eager users in `duration_s`."""

    users: int
    duration_s: float


@dataclass(frozen=True)
class Recording:
    """Where arrivals were recorded: a file, and its column of times."""

    file: Path
    time: str


@dataclass(frozen=True)
class Load:
    """How much load at each moment; `profile` is None where it is chosen at the start of a run (`manual`).

    `warm_up` precedes `profile`; it is driven and recorded, not judged. `spacing` of arrivals and the
    `in_flight_limit` of each generator process belong to the open model. Where there is a `calibration`,
    the levels are multiples of the capacity it finds, until `apply_capacity` makes them rates. Where there is
    a `recording`, `profile` is made of it, and `spacing` is that of the warm-up.
    """

    model: LoadModel
    profile: Profile | None
    warm_up: Profile | None = None
    spacing: Spacing = "poisson"
    in_flight_limit: int = DEFAULT_IN_FLIGHT_LIMIT
    calibration: Calibration | None = None
    recording: Recording | None = None

    @property
    def unit(self) -> LevelUnit:
        """The unit of the levels."""
        if self.calibration is not None:
            return "multiple"
        return "users" if self.model == "closed" else "rate"

    @property
    def full_profile(self) -> Profile | None:
        """The warm-up and what follows it."""
        if self.profile is None or self.warm_up is None:
            return self.profile
        return self.warm_up + self.profile

    def scale_time(self, factor: float) -> Load:
        """The same load over `factor` times the duration, warm-up and calibration included."""
        found = self.calibration
        return replace(
            self,
            profile=self.profile and self.profile.scale_time(factor),
            warm_up=self.warm_up and self.warm_up.scale_time(factor),
            calibration=found and replace(found, duration_s=found.duration_s * factor),
        )

    def apply_capacity(self, capacity_per_s: float) -> Load:
        """The load in rates, with the capacity found; the time of the calibration is added to the warm-up."""
        if self.calibration is None or self.profile is None:
            raise ValueError("this load is not stated in multiples of a capacity")
        warm_up: tuple[Profile, ...] = (Constant(0.0, self.calibration.duration_s),)
        if self.warm_up is not None:
            warm_up = (*warm_up, self.warm_up.scale_levels(capacity_per_s))
        return replace(
            self,
            profile=self.profile.scale_levels(capacity_per_s),
            warm_up=Chain(warm_up, stage=WARM_UP),
            calibration=None,
        )

    def resolve(self) -> dict[str, Any] | Literal["manual"]:
        """The plain values that read back as this load, defaults filled in."""
        if self.profile is None:
            return "manual"
        if self.recording is not None and isinstance(self.profile, Recorded):
            replay = {"file": str(self.recording.file), "time": self.recording.time}
            factors = {"speed": self.profile.speed, "scale": self.profile.scale}
            values: dict[str, Any] = {"replay": replay | factors, "in_flight_limit": self.in_flight_limit}
            warm_up = {} if self.warm_up is None else {"warm_up": write_segments(self.warm_up, self.unit)}
            return values | warm_up
        key = "users" if self.model == "closed" else "rate"
        values = {key: write_segments(self.profile, self.unit)}
        if self.calibration is not None:
            length = write_duration(self.calibration.duration_s)
            values["calibrate"] = {"users": self.calibration.users, "for": length}
        if self.model == "open":
            values |= {"spacing": self.spacing, "in_flight_limit": self.in_flight_limit}
        if self.warm_up is not None:
            values["warm_up"] = write_segments(self.warm_up, self.unit)
        return values


def read_load(node: Node, folder: Path) -> Load:
    """The load section; a recording is looked for in `folder`."""
    if node.value == MANUAL:
        return Load("closed", None)
    expected = f"a mapping with users, rate or replay, or '{MANUAL}'"
    with node.read_mapping(expected) as keys:
        if "replay" in keys:
            load = _read_replay(keys, folder)
        elif "users" in keys:
            load = _read_closed_load(keys)
        elif "rate" in keys:
            load = _read_open_load(keys)
        else:
            others = ("warm_up", "spacing", "in_flight_limit", "calibrate")
            raise node.report_incomplete(("users", "rate", "replay", *others), expected)
    return load


def _read_closed_load(keys: MappingReader) -> Load:
    profile = keys.read("users", partial(_read_profile, unit="users"))
    warm_up = keys.read_or("warm_up", partial(_read_warm_up, unit="users"), None)
    keys.refuse("rate", "a load has users or rate, not both")
    opened = "this belongs to the open model (rate); "
    keys.refuse("calibrate", f"{opened}users have no capacity to be multiples of")
    for key in ("spacing", "in_flight_limit"):
        keys.refuse(key, f"{opened}users wait for their replies")
    return Load("closed", profile, warm_up)


def _read_open_load(keys: MappingReader) -> Load:
    calibration = keys.read_or("calibrate", _read_calibration, None)
    unit: LevelUnit = "rate" if calibration is None else "multiple"
    profile = keys.read("rate", partial(_read_profile, unit=unit))
    warm_up = keys.read_or("warm_up", partial(_read_warm_up, unit=unit), None)
    spacing: Spacing = keys.read_or("spacing", make_name_reader(*SPACINGS), "poisson")
    limit = keys.read_or("in_flight_limit", _read_limit, DEFAULT_IN_FLIGHT_LIMIT)
    return Load("open", profile, warm_up, spacing, limit, calibration)


def _read_replay(keys: MappingReader, folder: Path) -> Load:
    found = keys.read("replay", partial(_read_recorded, folder=folder))
    warm_up = keys.read_or("warm_up", partial(_read_warm_up, unit="rate"), None)
    limit = keys.read_or("in_flight_limit", _read_limit, DEFAULT_IN_FLIGHT_LIMIT)
    for key in ("users", "rate"):
        keys.refuse(key, f"a load has {key} or replay, not both")
    keys.refuse("spacing", "recorded arrivals have a spacing of their own")
    keys.refuse("calibrate", "recorded arrivals have rates of their own; `scale` multiplies them")
    recording, profile = found if keys.could_read("replay") else (None, None)
    return Load("open", profile, warm_up, in_flight_limit=limit, recording=recording)


def _read_recorded(node: Node, folder: Path) -> tuple[Recording, Recorded]:
    with node.read_mapping("a mapping with file and time, such as {file: x.parquet, time: at}") as keys:
        file = keys.read("file", partial(find_file, folder=folder, suffixes=RECORD_FILES))
        time = keys.read("time", read_text)
        speed = keys.read_or("speed", _read_speed, 1.0)
        scale = keys.read_or("scale", _read_scale, 1.0)
    try:
        profile = Recorded(read_recorded_times(file, time), speed, scale)
    except ValueError as error:
        raise node.report_problem(str(error)) from None
    if profile.duration_s > LONGEST_S:
        raise node.report_problem(
            f"the times in {time!r} span {profile.duration_s / 86_400.0:,.0f} days, expected at most a year; "
            "numbers are taken for seconds: `speed: 1000` is for milliseconds"
        )
    return Recording(file, time), profile


_read_limit: Final = make_whole_number_reader("requests in flight", 1, 1_000_000)
_read_speed: Final = make_number_reader(
    f"a factor above 0 and at most {FASTEST_REPLAY:,}", lambda factor: 0 < factor <= FASTEST_REPLAY
)
_read_scale: Final = make_number_reader("a factor above 0 and at most 100", lambda factor: 0 < factor <= 100)


def _read_profile(node: Node, unit: LevelUnit) -> Profile:
    """The judged load; in multiples each segment has a name, because its level is known only in the run."""
    segments = read_segments(node, unit)
    nameless = next((index for index, segment in enumerate(segments) if segment.stage is None), None)
    if unit == "multiple" and nameless is not None:
        message = "name this segment (stage: …): its level is known in the run only"
        raise node.get_child(nameless).report_problem(message)
    profile = Chain(segments)
    if profile.peak == 0:
        raise node.report_problem("this load is zero throughout, expected a level above zero somewhere")
    _check_duration(node, profile)
    return profile


def _read_warm_up(node: Node, unit: LevelUnit) -> Profile:
    warm_up = Chain(read_segments(node, unit), stage=WARM_UP)
    if warm_up.duration_s == math.inf:
        raise node.report_problem("a warm-up has to end before the load begins, this one is endless")
    _check_duration(node, warm_up)
    return warm_up


def _check_duration(node: Node, profile: Profile) -> None:
    if LONGEST_S < profile.duration_s < math.inf:
        days = profile.duration_s / 86_400.0
        raise node.report_problem(f"these segments last {days:,.0f} days together, expected at most a year")


def _read_calibration(node: Node) -> Calibration:
    with node.read_mapping("a mapping with users and for, such as {users: 32, for: 10s}") as keys:
        users = keys.read("users", make_whole_number_reader("eager users", 1, 10_000))
        length_s = keys.read("for", read_duration)
    return Calibration(users, length_s)
