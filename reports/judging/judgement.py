"""One objective beside what was observed: met, missed, or met without proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from reports.data.columns import Mask
from reports.data.quantities import beside, counted, duration, number, with_unit
from reports.data.run import Run
from reports.figures.metrics import Observation, Percentile, Plain, Share
from reports.figures.scope import observe
from reports.judging.confidence import Proof, near_misses, percentile_interval, prove, share_interval
from reports.judging.objectives import Objective

Outcome: TypeAlias = Literal["met", "missed", "unproven"]

_LIMITS = {"<=": "limit", "<": "limit below", ">=": "needed", ">": "needed more than"}


@dataclass(frozen=True)
class Judgement:
    """An objective beside what was observed; figures are in `unit`, as in the sentence.

    `observed` is None where nothing was there to measure. `interval` holds the observed figure at
    `confidence`, None where the samples can't bound it or none is told: none is of a limit that allows no
    exception and was kept, for what could have been would contradict it. `needed` says how many more samples
    would prove an `unproven` objective, None where no number is known.
    """

    text: str
    metric: str
    observed: float | None
    limit: float
    unit: str
    samples: int
    interval: tuple[float, float] | None
    confidence: float
    outcome: Outcome
    needed: int | None
    message: str
    at_s: float | None = None
    """Where the worst window begins, in s since the run's start; None where no window is judged."""
    provable: bool = True
    """Whether samples could prove it; limits of no exception, means and throughput stand as observed."""


def judge_objective(objective: Objective, run: Run) -> Judgement:
    """What `run` says of `objective`.

    Nothing to measure is a miss. In a run that was cut short, what might still have come is left open: it is
    `unproven`, not missed.
    """
    confidence = run.facts.confidence_of_a_look
    seen = observe(objective, run)
    outcome, proof = _outcome(objective, seen, run)
    provable = _provable(objective, seen)
    return Judgement(
        text=objective.text,
        metric=objective.metric,
        observed=None if seen.value is None else objective.displayed(seen.value),
        limit=objective.stated,
        unit=objective.unit,
        samples=seen.samples,
        interval=_interval(objective, seen, confidence) if provable or outcome != "met" else None,
        confidence=confidence,
        outcome=outcome,
        needed=proof.needed,
        message=_message(objective, seen, outcome, proof, run),
        at_s=seen.at_s if isinstance(seen, Plain) else None,
        provable=provable,
    )


def _outcome(objective: Objective, seen: Observation, run: Run) -> tuple[Outcome, Proof]:
    none = Proof(proven=False)
    if seen.value is None:
        return ("unproven" if run.cut_short else "missed"), none
    if not objective.allows(seen.value):
        return ("unproven" if _may_come(objective, seen, run) else "missed"), none
    proof = _proof(objective, seen, run.facts.confidence_of_a_look)
    return ("met" if proof.proven else "unproven"), proof


def _may_come(objective: Objective, seen: Observation, run: Run) -> bool:
    """Whether a run that was cut short might still have come to what was asked of it."""
    reachable = isinstance(seen, Plain) and seen.reachable and objective.comparison in (">=", ">")
    return run.cut_short and reachable


def over_limit(objective: Objective, seen: Percentile | Share) -> tuple[Mask, float]:
    """Which requests, in order of time, pass the limit, and the share of them that it lets pass."""
    if isinstance(seen, Percentile):
        return objective.passed_by(seen.values), float(1 - objective.argument / 100)
    if objective.definition.better == "higher":
        return ~seen.hits, 1.0 - objective.limit
    return seen.hits, objective.limit


def _provable(objective: Objective, seen: Observation) -> bool:
    return seen.value is None or (not isinstance(seen, Plain) and over_limit(objective, seen)[1] > 0)


def _proof(objective: Objective, seen: Observation, confidence: float) -> Proof:
    if isinstance(seen, Plain):
        return Proof(proven=True)
    over, budget = over_limit(objective, seen)
    if budget <= 0:
        return Proof(proven=True)
    near = near_misses(seen.values, objective.limit, budget) if isinstance(seen, Percentile) else None
    return prove(over, budget, confidence, near)


def _interval(objective: Objective, seen: Observation, confidence: float) -> tuple[float, float] | None:
    match seen:
        case Percentile(values, q):
            bounds = percentile_interval(values, q, confidence)
        case Share(hits):
            bounds = share_interval(hits, confidence)
        case Plain():
            bounds = None
    return None if bounds is None else (objective.displayed(bounds[0]), objective.displayed(bounds[1]))


def _message(objective: Objective, seen: Observation, outcome: Outcome, proof: Proof, run: Run) -> str:
    if seen.value is None:
        return f"{objective.subject} could not be measured: {_absence(objective, run)}."
    observed = beside(objective.displayed(seen.value), objective.stated)
    unit = objective.unit
    verb = "were" if objective.metric == "errors" else "was"
    said = (
        f"{objective.subject} {verb} {with_unit(observed, unit)}, "
        f"{_LIMITS[objective.comparison]} {objective.limit_text}"
    )
    if isinstance(seen, Plain) and seen.at_s is not None:
        said += f", in the {duration(objective.window_s or 0.0)} from {duration(seen.at_s)} on"
    if outcome != "unproven":
        return f"{said}."
    if not objective.allows(seen.value):
        return f"{said}: not reached before the run was cut short."
    sure = f"{number(run.facts.confidence_of_a_look * 100)} %"
    if proof.needed is None:
        return f"{said}: met, not proven at {sure}; it is too close to the limit for any number of samples."
    return f"{said}: met, not proven; {counted(proof.needed, 'more sample')} would prove it at {sure}."


def _absence(objective: Objective, run: Run) -> str:
    if objective.metric == "availability":
        return "no readiness probe was recorded"
    if objective.metric == "offered load":
        return "this load plans no number of requests"
    judged = run.judged
    for kind, name, labels in (
        ("stage", objective.during, judged.stage),
        ("endpoint", objective.on, judged.endpoint),
    ):
        if name is not None and not np.any(labels.equal(name)):
            return f"no request of {kind} '{name}' was recorded"
    return "no request succeeded" if len(judged) else "no request was recorded"
