"""The load of a scenario: users over time (closed model) or an arrival rate over time (open model)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, cast

from configuration.document import Keys, Node
from configuration.readers import one_of, whole
from configuration.segments import WARM_UP, Model, read_segments, write_segments
from shapes.arrivals import SPACINGS, Spacing
from shapes.profiles import Chain, Profile

MANUAL: Final = "manual"
MODELS: Final[dict[str, Model]] = {"users": "closed", "rate": "open"}
EXPECTED: Final = f"a mapping with users or rate, or '{MANUAL}'"
MOST_IN_FLIGHT: Final = 1_000


@dataclass(frozen=True)
class Load:
    """How much load at each moment; `profile` is None where whoever starts the run says so (`manual`).

    `warm_up` precedes `profile`; it is driven and recorded, not judged. `spacing` of arrivals and the
    `in_flight_limit` of each generator process belong to the open model.
    """

    model: Model
    profile: Profile | None
    warm_up: Profile | None = None
    spacing: Spacing = "poisson"
    in_flight_limit: int = MOST_IN_FLIGHT

    @property
    def full(self) -> Profile | None:
        """The warm-up and what follows it."""
        if self.profile is None or self.warm_up is None:
            return self.profile
        return self.warm_up + self.profile

    def stretched(self, factor: float) -> Load:
        """The same load over `factor` times the duration, warm-up included."""
        return replace(
            self,
            profile=self.profile and self.profile.stretched(factor),
            warm_up=self.warm_up and self.warm_up.stretched(factor),
        )

    def resolved(self) -> dict[str, Any] | Literal["manual"]:
        """The plain values that read back as this load, defaults filled in."""
        if self.profile is None:
            return "manual"
        key = next(key for key, model in MODELS.items() if model == self.model)
        values: dict[str, Any] = {key: write_segments(self.profile, self.model)}
        if self.model == "open":
            values |= {"spacing": self.spacing, "in_flight_limit": self.in_flight_limit}
        if self.warm_up is not None:
            values["warm_up"] = write_segments(self.warm_up, self.model)
        return values


def read_load(node: Node) -> Load:
    """The load section."""
    if node.value == MANUAL:
        return Load("closed", None)
    with node.keys(EXPECTED) as keys:
        given = [key for key in MODELS if key in keys]
        if not given:
            raise node.lacks((*MODELS, "warm_up", "spacing", "in_flight_limit"), EXPECTED)
        model = MODELS[given[0]]
        segments = keys.take(given[0], partial(read_segments, model=model))
        for key in given[1:]:
            keys.refuse(key, f"a load has {given[0]} or {key}, not both")
        warm_up = keys.take_or("warm_up", partial(read_segments, model=model), None)
        spacing, limit = _open_only(keys, model)
    profile = Chain(segments)
    if profile.peak == 0:
        raise node.child(given[0]).wrong(
            "this load is zero throughout, expected a level above zero somewhere"
        )
    before = Chain(warm_up, stage=WARM_UP) if warm_up is not None else None
    if before is not None and before.area == float("inf"):
        raise node.child("warm_up").wrong("a warm-up has to end before the load begins, this one is endless")
    return Load(model, profile, before, spacing, limit)


def _open_only(keys: Keys, model: Model) -> tuple[Spacing, int]:
    if model == "closed":
        for key in ("spacing", "in_flight_limit"):
            keys.refuse(key, "this belongs to the open model (rate); users wait for their replies")
        return "poisson", MOST_IN_FLIGHT
    spacing = keys.take_or("spacing", one_of(*SPACINGS), "poisson")
    limit = keys.take_or("in_flight_limit", whole("requests in flight", 1, 1_000_000), MOST_IN_FLIGHT)
    return cast(Spacing, spacing), limit
