"""The facts of a run: everything known about it besides samples and telemetry, as run.json holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from reports.data.answers import ComparedAnswers
from reports.data.json_values import read_record, read_value

MOST_S: Final = 1e8
"""No run lasts longer than three years."""
MOST_WORKERS: Final = 2**16
LEAST_DOUBT: Final = 1e-9


@dataclass(frozen=True)
class Stage:
    """A named part of the load: `start_s` <= intended start < `end_s`. A warm-up stage is not judged."""

    name: str
    start_s: float
    end_s: float
    judged: bool = True


@dataclass(frozen=True)
class Plan:
    """The planned load as a series: at `t_s[i]`, `users[i]` users and `rate[i]` requests/s were planned.

    `users` is empty in the open model, `rate` is empty where users think between requests. `requests` is the
    number of requests planned in judged stages, None where it is not known. Where there are journeys, `rate`
    and `requests` count turns: each begins with one request, and the others follow from the replies.
    """

    t_s: tuple[float, ...] = ()
    users: tuple[float, ...] = ()
    rate: tuple[float, ...] = ()
    requests: float | None = None


@dataclass(frozen=True)
class Facts:
    """What run.json holds. Times of day are ISO 8601 in UTC, durations are seconds."""

    scenario: str
    description: str
    model: Literal["closed", "open"]
    host: str
    started_at: str
    stages: tuple[Stage, ...]
    objectives: tuple[str, ...]
    plan: Plan = Plan()
    planned_s: float | None = None
    """Planned duration; None for a run without a planned end."""
    began_s: float | None = None
    """When the run started, in seconds since 1970; None while it goes on, and in runs of older versions."""
    ended_s: float | None = None
    """When the load stopped; None while the run goes on, and in a run that was killed."""
    interrupted: str | None = None
    """What interrupted the run ('SIGINT', 'stopped in the web UI'); None if nothing did."""
    early_end: bool = False
    """Whether the run may end as soon as every objective is decided (`reports.judging.interim`)."""
    decided_s: float | None = None
    """If it ended so: every objective was decided by the requests due before; else None."""
    given_up: str | None = None
    """Why it was aborted ('error rate was 87 %, more than 50 %'); None if it wasn't."""
    faults: tuple[str, ...] = ()
    """Why the figures can't be trusted, one sentence each: a lost worker, clocks that differ."""
    expected: tuple[str, ...] = ()
    """Outcomes that the scenario expects and does not count as errors ('shed')."""
    turn_starts: tuple[str, ...] = ()
    """Endpoints whose requests begin a turn (`reports.data.turns`); none if all requests do."""
    logins: tuple[str, ...] = ()
    """Endpoints of the login that users make before their first turn."""
    capacity_per_s: float | None = None
    """Successful replies per second that the calibration found; None without a calibration."""
    offered: float | None = None
    """Turns begun as a share of those planned up to `ended_s`; None where no number was planned."""
    recorded_dispersion: Mapping[str, float] | None = None
    """Of replayed arrivals, as `reports.figures.dispersion` computes it: by the length of windows in s.

    None where no recording was replayed.
    """
    generator: Mapping[str, float] = field(default_factory=dict)
    """Limits on the generator's health, as in `reports.judging.generator_health.GeneratorLimits`."""
    confidence: float = 0.95
    require_proof: bool = False
    """Whether an objective that is met but not proven fails the run."""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    """The whole scenario, defaults included."""
    time_scale: float = 1.0
    seeds: Mapping[str, int] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    """Digests of the files and folders that payloads and arrivals come from, by their path in `resolved`.

    None of them in runs of older versions.
    """
    service: Mapping[str, str] = field(default_factory=dict)
    """What the service reports about itself: model, version, description."""
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    command: str = ""
    """The command line that started the run."""
    requests: int | None = None
    """Samples written, as counted when the run was closed; None while it goes on, or if it was killed."""
    observations: int | None = None
    """Rows of telemetry written, counted like `requests`; None in runs of older versions, too."""
    answers: ComparedAnswers | None = None
    """What probe inputs told; None where none were asked."""
    workers: int = 1
    note: str = ""
    trace_link: str = ""
    """The address of a trace, with `{trace_id}` as placeholder for its id; empty if none was given."""
    slow_ms: float | None = None
    """The latency from which requests are counted as slow; None if none was given."""
    exporters: tuple[str, ...] = ()
    """Plug-ins that make further files of the run when it is judged."""
    load_override: str = ""
    """What drove the load in place of the scenario's own ('load overridden by -u 50'); empty for nothing."""

    @property
    def judged_stages(self) -> tuple[Stage, ...]:
        """The stages without warm-up."""
        return tuple(stage for stage in self.stages if stage.judged)

    @property
    def decided(self) -> bool:
        """Whether the run ended early because every objective was decided."""
        return self.decided_s is not None

    @property
    def verdict_confidence(self) -> float:
        """The confidence that a proof needs."""
        return find_verdict_confidence(self.confidence, early_end=self.early_end)

    @property
    def duration_s(self) -> float:
        """How long the load lasted; while the run goes on, how long it is planned to last."""
        return self.ended_s if self.ended_s is not None else (self.planned_s or 0.0)

    def to_json(self) -> dict[str, Any]:
        """A plain mapping for run.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Facts:
        """The facts in a run.json; unknown keys, as of a newer version, are ignored.

        ValueError, with the place of what is missing or doesn't fit.
        """
        facts: Facts = read_record(cls, _translate_early_end(values))
        read_value(_TrafficPart, facts.resolved.get("traffic", {}), "resolved.traffic")
        for name in ("users", "rate"):
            if len(getattr(facts.plan, name)) not in (0, len(facts.plan.t_s)):
                raise ValueError(f"plan.{name} is of another length than plan.t_s")
        ends_s = MOST_S if facts.planned_s is not None else math.inf
        for name, value, least, most in (
            *((f"stages[{place}].end_s", each.end_s, 0, ends_s) for place, each in enumerate(facts.stages)),
            ("confidence", facts.confidence, LEAST_DOUBT, 1 - LEAST_DOUBT),
            ("workers", facts.workers, 1, MOST_WORKERS),
            ("slow_ms", 1.0 if facts.slow_ms is None else facts.slow_ms, LEAST_DOUBT, MOST_S),
            *(
                (name, getattr(facts, name) or 0.0, 0, MOST_S)
                for name in ("planned_s", "ended_s", "decided_s")
            ),
            *(
                (f"stages[{place}].start_s", each.start_s, 0, MOST_S)
                for place, each in enumerate(facts.stages)
            ),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name} is {value:g}, expected {least:g} to {most:g}")
        return facts


def _translate_early_end(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What older versions wrote of an early end, as it is written now: `looks` and `decided`."""
    if not isinstance(values, Mapping) or "early_end" in values:
        return values
    early_end = read_value(int, values.get("looks", 1), "looks") > 1
    decided = read_value(bool, values.get("decided", False), "decided")
    return {**values, "early_end": early_end} | ({"decided_s": values.get("ended_s")} if decided else {})


def find_verdict_confidence(confidence: float, *, early_end: bool) -> float:
    """The confidence that a proof needs so that all that may prove a limit keeps `confidence`.

    A run that may end early can prove it by looks during the run or at its planned end. Each has half of the
    permitted doubt (Bonferroni correction).
    """
    return 1.0 - (1.0 - confidence) / (2 if early_end else 1)


@dataclass(frozen=True)
class _ReplyPart:
    fields: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _EndpointPart:
    name: str
    reply: _ReplyPart | None = None


@dataclass(frozen=True)
class _JourneyPart:
    steps: tuple[_EndpointPart, ...]


@dataclass(frozen=True)
class _TrafficPart:
    """What is read of the scenario's traffic."""

    endpoints: tuple[_EndpointPart, ...] = ()
    login: tuple[_EndpointPart, ...] = ()
    journeys: tuple[_JourneyPart, ...] = ()
