"""Reads what a trial came to from its recorded run: proven, broken, open or invalid, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from capacity.deciding import TrialDecision, decide_trial, find_growth
from capacity.search import PlannedTrial, TrialOutcome, TrialResult
from capacity.warm_up import GROUP, LEAST_GROUPS, find_warm_up
from reports.data.columns import Floats
from reports.data.run import Run
from reports.data.telemetry import GENERATOR, SERVICE, list_generators
from reports.figures.figures import Figures, compute_figures
from reports.figures.latency_breakdown import LatencyComposition, break_down_latency
from reports.figures.summary import summarise
from reports.judging.generator_health import find_generator_faults
from reports.judging.verdict import Verdict, judge_run

MIB: Final = 2**20


@dataclass(frozen=True)
class LatencyParts:
    """Of the latency at a percentile, in ms: waiting to be sent, queueing delay, inference, the rest."""

    unsent_ms: float
    queue_ms: float
    inference_ms: float
    rest_ms: float

    @classmethod
    def read(cls, found: LatencyComposition) -> LatencyParts:
        """The parts of a run's breakdown."""
        return cls(found.unsent_ms, found.queue_ms, found.inference_ms, found.rest_ms)


@dataclass(frozen=True)
class TrialFigures:
    """A trial's outcome and what was measured; rates in 1/s, processor use in cores, memory in bytes.

    `seconds` is the judged time. `growth_per_s` is how fast requests in flight grew, None in a short trial.
    `steady_from_s` is when latency had become steady by MSER-5, from the first request of the warm-up; None
    if it didn't, or with too few requests. `typical` and `slow` divide the latency at p50 and p99, None where
    the service reports no times. Uses are None where they weren't observed.
    """

    folder: str
    planned_per_s: float
    outcome: TrialOutcome
    reason: str
    seconds: float
    figures: Figures
    growth_per_s: float | None
    steady_from_s: float | None
    typical: LatencyParts | None
    slow: LatencyParts | None
    service_cores: float | None
    service_memory_bytes: float | None
    generator_cores: float | None

    def to_result(self, trial: PlannedTrial) -> TrialResult:
        """What the search needs to know of it."""
        return TrialResult(trial, self.outcome, self.reason)


def read_trial(run: Run, rate_per_s: float) -> TrialFigures:
    """The trial at a rate that `run` is the record of."""
    decision = _decide(run, rate_per_s)
    growth = find_growth(run, run.elapsed_s)
    parts = break_down_latency(run)
    memory_mib = _find_most(run, "memory_mib", [SERVICE])
    return TrialFigures(
        folder=run.folder.name,
        planned_per_s=rate_per_s,
        outcome=decision.outcome,
        reason=decision.reason,
        seconds=run.judged_s,
        figures=summarise(run).total,
        growth_per_s=None if growth is None else growth.per_s,
        steady_from_s=_find_steady_from(run),
        typical=None if parts is None else LatencyParts.read(parts.total.p50),
        slow=None if parts is None else LatencyParts.read(parts.total.p99),
        service_cores=_find_cores(run, [SERVICE]),
        service_memory_bytes=None if memory_mib is None else memory_mib * MIB,
        generator_cores=_find_cores(run, list_generators(run.telemetry) or [GENERATOR]),
    )


def read_downward(run: Run, rates_per_s: Sequence[float]) -> list[tuple[bool | None, float | None]]:
    """Whether each rate held, a stage of the run each, None if that is undecided; and its p99 in ms.

    Nothing is decided where the generator could not be relied on.
    """
    is_reliable = not find_generator_faults(run)
    told: list[tuple[bool | None, float | None]] = []
    for rate_per_s, stage in zip(rates_per_s, run.facts.judged_stages, strict=True):
        facts = replace(run.facts, stages=(stage,), early_end=False, ended_s=min(stage.end_s, run.elapsed_s))
        part = replace(run, facts=facts, samples=run.samples.select(run.samples.stage.equal(stage.name)))
        outcome = decide_trial(part, rate_per_s).outcome
        held = {"proven": True, "broken": False}.get(outcome) if is_reliable else None
        told.append((held, compute_figures(part.samples, run.compute_length_s(stage)).p99_ms))
    return told


def _decide(run: Run, rate_per_s: float) -> TrialDecision:
    """What the run's requests say, unless they can't be relied on."""
    if run.facts.given_up is not None:
        if faults := find_generator_faults(run):
            return TrialDecision("invalid", str(faults[0]), run.elapsed_s)
        return TrialDecision("broken", f"given up: {run.facts.given_up}", run.elapsed_s)
    verdict = judge_run(run)
    if verdict.verdict == "invalid":
        return TrialDecision("invalid", _tell_reason(verdict), run.elapsed_s)
    return decide_trial(run, rate_per_s)


def _tell_reason(verdict: Verdict) -> str:
    return verdict.reasons[0] if verdict.reasons else verdict.sentence


def _find_steady_from(run: Run) -> float | None:
    rows = run.samples.answered
    latencies, starts_s = run.samples.latency_ms[rows], run.samples.intended_s[rows]
    if len(latencies) < GROUP * LEAST_GROUPS:
        return None
    dropped = find_warm_up(latencies)
    return None if dropped is None else float(starts_s[dropped])


def _find_cores(run: Run, sources: list[str]) -> float | None:
    """The mean processor use of the busiest of the sources in judged seconds, in cores."""
    means = [float(values.mean()) for values in _select_judged(run, "cpu_percent", sources) if len(values)]
    return max(means) / 100 if means else None


def _find_most(run: Run, name: str, sources: list[str]) -> float | None:
    highest = [float(values.max()) for values in _select_judged(run, name, sources) if len(values)]
    return max(highest, default=None)


def _select_judged(run: Run, name: str, sources: list[str]) -> list[Floats]:
    chosen = []
    for source in sources:
        t_s, values = run.telemetry.select_series(name, source)
        inside = np.zeros(len(t_s), dtype=np.bool_)
        for start_s, end_s in run.list_spans():
            inside |= (t_s >= start_s) & (t_s < end_s)
        chosen.append(values[inside])
    return chosen
