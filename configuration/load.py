"""The load of a scenario: users over time (closed model) or an arrival rate over time (open model)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, cast

from configuration.document import Keys, Node
from configuration.readers import duration, one_of, whole
from configuration.segments import WARM_UP, Model, Unit, read_segments, write_segments
from configuration.units import write_duration
from shapes.arrivals import SPACINGS, Spacing
from shapes.composition import Chain, Profile
from shapes.profiles import Constant

MANUAL: Final = "manual"
MODELS: Final[dict[Unit, Model]] = {"users": "closed", "rate": "open"}
EXPECTED: Final = f"a mapping with users or rate, or '{MANUAL}'"
MOST_IN_FLIGHT: Final = 1_000


@dataclass(frozen=True)
class Calibration:
    """How the service's capacity is found before the load: so many eager users for so long."""

    users: int
    duration_s: float


@dataclass(frozen=True)
class Load:
    """How much load at each moment; `profile` is None where whoever starts the run says so (`manual`).

    `warm_up` precedes `profile`; it is driven and recorded, not judged. `spacing` of arrivals and the
    `in_flight_limit` of each generator process belong to the open model. Where there is a `calibration`,
    the levels are multiples of the capacity it finds, until `calibrated` makes them rates.
    """

    model: Model
    profile: Profile | None
    warm_up: Profile | None = None
    spacing: Spacing = "poisson"
    in_flight_limit: int = MOST_IN_FLIGHT
    calibration: Calibration | None = None

    @property
    def unit(self) -> Unit:
        """What the levels are."""
        if self.calibration is not None:
            return "multiple"
        return "users" if self.model == "closed" else "rate"

    @property
    def full(self) -> Profile | None:
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

    def calibrated(self, capacity_per_s: float) -> Load:
        """The load in rates, once the capacity is known; the calibration has become a part of the warm-up."""
        if self.calibration is None or self.profile is None:
            raise ValueError("this load is not stated in multiples of a capacity")
        quiet: tuple[Profile, ...] = (Constant(0.0, self.calibration.duration_s),)
        warm_up = quiet if self.warm_up is None else (*quiet, self.warm_up.scale_levels(capacity_per_s))
        return replace(
            self,
            profile=self.profile.scale_levels(capacity_per_s),
            warm_up=Chain(warm_up, stage=WARM_UP),
            calibration=None,
        )

    def resolved(self) -> dict[str, Any] | Literal["manual"]:
        """The plain values that read back as this load, defaults filled in."""
        if self.profile is None:
            return "manual"
        key = next(key for key, model in MODELS.items() if model == self.model)
        values: dict[str, Any] = {key: write_segments(self.profile, self.unit)}
        if self.calibration is not None:
            length = write_duration(self.calibration.duration_s)
            values["calibrate"] = {"users": self.calibration.users, "for": length}
        if self.model == "open":
            values |= {"spacing": self.spacing, "in_flight_limit": self.in_flight_limit}
        if self.warm_up is not None:
            values["warm_up"] = write_segments(self.warm_up, self.unit)
        return values


def read_load(node: Node) -> Load:
    """The load section."""
    if node.value == MANUAL:
        return Load("closed", None)
    with node.keys(EXPECTED) as keys:
        given = [key for key in MODELS if key in keys]
        if not given:
            raise node.lacks((*MODELS, "warm_up", "spacing", "in_flight_limit", "calibrate"), EXPECTED)
        model = MODELS[given[0]]
        calibration = _calibration(keys, model)
        unit: Unit = given[0] if calibration is None else "multiple"
        segments = keys.take(given[0], partial(_segments, unit=unit))
        for key in given[1:]:
            keys.refuse(key, f"a load has {given[0]} or {key}, not both")
        warm_up = keys.take_or("warm_up", partial(read_segments, unit=unit), None)
        spacing, limit = _open_only(keys, model)
    profile = Chain(segments)
    if profile.peak == 0:
        raise node.child(given[0]).wrong(
            "this load is zero throughout, expected a level above zero somewhere"
        )
    before = Chain(warm_up, stage=WARM_UP) if warm_up is not None else None
    if before is not None and before.total_area == float("inf"):
        raise node.child("warm_up").wrong("a warm-up has to end before the load begins, this one is endless")
    return Load(model, profile, before, spacing, limit, calibration)


def _segments(node: Node, unit: Unit) -> tuple[Profile, ...]:
    """The judged segments; in multiples, each has a name, as its level isn't known before the run."""
    segments = read_segments(node, unit)
    if unit == "multiple":
        nameless = [index for index, segment in enumerate(segments) if segment.stage is None]
        if nameless:
            raise node.child(nameless[0]).wrong(
                "name this segment (stage: …): its level is known in the run only"
            )
    return segments


def _calibration(keys: Keys, model: Model) -> Calibration | None:
    if model == "closed":
        keys.refuse(
            "calibrate", "this belongs to the open model (rate); users have no capacity to be multiples of"
        )
        return None

    def read(node: Node) -> Calibration:
        with node.keys("a mapping with users and for, such as {users: 32, for: 10s}") as inner:
            users = inner.take("users", whole("eager users", 1, 10_000))
            length_s = inner.take("for", duration)
        return Calibration(users, length_s)

    return keys.take_or("calibrate", read, None)


def _open_only(keys: Keys, model: Model) -> tuple[Spacing, int]:
    if model == "closed":
        for key in ("spacing", "in_flight_limit"):
            keys.refuse(key, "this belongs to the open model (rate); users wait for their replies")
        return "poisson", MOST_IN_FLIGHT
    spacing = keys.take_or("spacing", one_of(*SPACINGS), "poisson")
    limit = keys.take_or("in_flight_limit", whole("requests in flight", 1, 1_000_000), MOST_IN_FLIGHT)
    return cast(Spacing, spacing), limit
