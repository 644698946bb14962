"""A scenario states what to run: the load over time, the traffic, and the objectives of the verdict.

Its YAML form with every key. A key that is left out has the default shown here; `description`, `load` and
`objectives` have no default:

    description: One to five users and back, 30 s each.
    load:                                   # or `load: manual`: users and duration are chosen at the start
      users:                                # closed model: users wait for their replies; or, open model,
        - {steps: [1, 2, 3], each: 30s}     #   `rate:` with levels such as 300/s. See segments.py for all
                                            #   segments; or, open model, `replay: {file: …, time: …}`:
                                            #   recorded arrivals, see load.py
      warm_up:                              # default none; recorded, not judged
        - {constant: 1, for: 10s}
      spacing: poisson                      # open model only: poisson or constant
      in_flight_limit: 1000                 # open model only, per generator process; beyond it is `dropped`
      calibrate: {users: 32, for: 10s}      # open model only, default none: 32 eager users find the
                                            #   capacity first, and levels are multiples of it, such as 2x
    traffic:
      user: paced                           # closed model only: paced, normal, high, stress, eager,
                                            #   or a mix by weights: {normal: 3, stress: 1}
      timeout: 10s                          # for a whole request
      endpoints:                            # default: this one
        - name: prediction
          path: /api/models/insurance_charges_model/prediction
          method: POST
          weight: 1
          payload: {kinds: {realistic: 1}}  # also boundary, invalid; `rows: 10` sends lists of ten records;
                                            #   {file: mine.jsonl} sends your own bodies, one a line
          reply: {finite: charges}          # a 200 without a finite number there is `invalid_reply`; see
                                            #   reply.py for fields, items, schema and echo; null
                                            #   checks nothing, which is the default with a payload file
    service: {ready: /api/health/ready, metrics: /metrics}   # null: nothing to ask, see service_paths.py
    allow_hosts: []                         # hosts that may be put under load though they have public
                                            #   addresses, such as [models.example]
    seeds: {payloads: 20240501, arrivals: 20240502, pacing: 20240503}
    expected: []                            # outcomes that are no errors here, such as [shed]
    objectives:
      - p99 latency <= 100 ms
    confidence: 0.95
    generator:                              # a run in which the generator exceeds these is invalid
      {lateness: 20ms, busy: 0.95, starved: 0.25, lag: 100ms, others: 0.25}
    abort:                                  # abort a hopeless run; default: if the first 50 requests, or all
                                            #   of the first 5 s, fail; `abort: never` goes on all the same
      after: 10s                            # the grace, from the end of the warm-up on
      unless: [error rate <= 50 %, p99 latency <= 5 s]   # checked each second over all judged requests
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from configuration.generator import write_generator_limits
from configuration.levels import describe_level
from configuration.load import Load
from configuration.objectives import Abort, write_abort
from configuration.service_paths import DEFAULT_PATHS, ServicePaths
from configuration.traffic import Traffic
from reports.data.facts import Plan, Stage
from reports.judging.generator_health import GeneratorLimits
from reports.objectives.objective import Objective
from shapes.composition import Chain, Floats, Profile

SEEDS: Final[Mapping[str, int]] = {"payloads": 20240501, "arrivals": 20240502, "pacing": 20240503}
"""One seed per dimension: what requests carry, when they arrive (Poisson), how long users think."""

SERIES_POINTS: Final = 2_000


@dataclass(frozen=True)
class Scenario:
    """What to run, with all defaults filled in. Durations are seconds, counted from the run's start."""

    name: str
    description: str
    load: Load
    traffic: Traffic
    objectives: tuple[Objective, ...]
    expected: tuple[str, ...] = ()
    confidence: float = 0.95
    seeds: Mapping[str, int] = field(default_factory=lambda: dict(SEEDS))
    source: Path = Path()
    generator: GeneratorLimits = field(default_factory=GeneratorLimits)
    abort: Abort | None = field(default_factory=Abort)
    """When a hopeless run is aborted; None for never."""
    service: ServicePaths = DEFAULT_PATHS
    allow_hosts: tuple[str, ...] = ()
    """Hosts that may be put under load though their addresses are public."""
    load_override: str = ""
    """What drives the load in place of the scenario's own: 'load overridden by -u 50'; empty for nothing."""

    @property
    def is_manual(self) -> bool:
        """Whether the load is chosen at the start of a run: see `with_profile`."""
        return self.load.profile is None

    @property
    def full_profile(self) -> Profile:
        """The load from the first moment to the last, warm-up included."""
        if self.load.full_profile is None:
            raise ValueError(f"scenario {self.name!r} has no load: give it one by with_profile()")
        return self.load.full_profile

    @property
    def planned_s(self) -> float | None:
        """How long the load lasts, warm-up included; None where no end is planned."""
        if self.is_manual or self.full_profile.duration_s == math.inf:
            return None
        return self.full_profile.duration_s

    @property
    def judged_from_s(self) -> float:
        """Where the warm-up ends."""
        return 0.0 if self.load.warm_up is None else self.load.warm_up.duration_s

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order, the warm-up first; an endless one ends at infinity."""
        if self.is_manual:
            return ()
        found = self.full_profile.name_stages(lambda level: describe_level(level, self.load.unit))
        return tuple(
            Stage(name, start_s, end_s, judged=start_s >= self.judged_from_s)
            for name, start_s, end_s in found
        )

    def scale_time(self, factor: float) -> Scenario:
        """The same scenario with the durations of stages and warm-up multiplied; nothing else changes."""
        return replace(self, load=self.load.scale_time(factor))

    def apply_capacity(self, capacity_per_s: float) -> Scenario:
        """The scenario in rates, once the service's capacity in requests/s is known."""
        return replace(self, load=self.load.apply_capacity(capacity_per_s))

    def with_profile(self, profile: Profile) -> Scenario:
        """A manual scenario with the load that was chosen: users over time."""
        if not self.is_manual:
            raise ValueError(f"scenario {self.name!r} has a load; only a manual one takes another")
        return replace(self, load=replace(self.load, profile=Chain((profile,))))

    def count_planned_requests(self, start_s: float, end_s: float) -> float | None:
        """How many requests the plan asks for in [`start_s`, `end_s`): ∫ rate, or user-seconds × pace.

        None where users think instead of keeping a pace, or where the load is not known yet.
        """
        if self.is_manual or self.load.calibration is not None:
            return None
        areas = self.full_profile.compute_areas([start_s, max(start_s, end_s)])
        rates = self._convert_to_rates(np.diff(areas))
        return None if rates is None else float(rates[0])

    def make_plan(self) -> Plan:
        """The planned load as a series: a value holds until the next one, and each stage begins with one.

        Points are at most a second apart, unless that makes more than about 2,000. `requests` are the judged
        ones, without the warm-up. The plan is empty without a planned end and before the calibration.
        """
        if self.planned_s is None or self.load.calibration is not None:
            return Plan()
        step_s = max(self.planned_s / SERIES_POINTS, min(1.0, self.planned_s / 250))
        times = np.concatenate([_spread_points(stage, step_s) for stage in self.stages])
        levels = self.full_profile.compute_levels(times)
        rates = self._convert_to_rates(levels)
        return Plan(
            t_s=_round(times),
            users=_round(levels) if self.load.model == "closed" else (),
            rate=() if rates is None else _round(rates),
            requests=self.count_planned_requests(self.judged_from_s, self.planned_s),
        )

    def resolve(self) -> dict[str, Any]:
        """Plain values for run.json, defaults filled in; `loading.restore_scenario` reads them back."""
        return {
            "description": self.description,
            "load": self.load.resolve(),
            "traffic": self.traffic.resolve(),
            "service": self.service.resolve(),
            "allow_hosts": list(self.allow_hosts),
            "seeds": dict(self.seeds),
            "expected": list(self.expected),
            "objectives": [str(objective) for objective in self.objectives],
            "confidence": self.confidence,
            "generator": write_generator_limits(self.generator),
            **write_abort(self.abort),
        }

    def _convert_to_rates(self, levels: Floats) -> Floats | None:
        if self.load.model == "open":
            return levels
        return None if self.traffic.pace_s is None else levels / self.traffic.pace_s


def _spread_points(stage: Stage, step_s: float) -> Floats:
    count = math.ceil((stage.end_s - stage.start_s) / step_s)
    return np.linspace(stage.start_s, stage.end_s, count, endpoint=False)


def _round(values: Floats) -> tuple[float, ...]:
    return tuple(np.round(values, 6).tolist())
