"""Judges one objective against what was measured: met, missed, or unproven."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reports.data.quantities import (
    add_unit,
    format_against_limit,
    format_count,
    format_duration,
    format_number,
)
from reports.data.run import Run
from reports.data.telemetry import NO_READINESS_PATH
from reports.figures.scope import measure_objective
from reports.judging.confidence import Proof
from reports.judging.effective import DependenceMethod
from reports.judging.interim import has_failed_totally
from reports.judging.outcomes import Outcome
from reports.judging.proving import (
    compute_objective_interval,
    find_interval_confidence,
    is_provable,
    prove_objective,
)
from reports.judging.trends import judge_growth
from reports.objectives.growth import Growth
from reports.objectives.measurements import Measurement
from reports.objectives.metrics import (
    availability,
    errors,
    generator_memory_growth,
    offered_load,
    service_memory_growth,
    unseen_stalls,
    wrong_answer_share,
    wrong_answers,
)
from reports.objectives.objective import Objective

_PLURALS = (errors, unseen_stalls, wrong_answer_share, wrong_answers)
_LIMITS = {"<=": "limit", "<": "limit below", ">=": "needed", ">": "needed more than"}


@dataclass(frozen=True)
class Judgement:
    """An objective and what was observed; figures are in `unit`, as in the sentence.

    `observed` is None if there was nothing to measure. `interval` is the confidence interval at `confidence`;
    None if there are too few samples for one, if the metric has none, or if the limit allows no exception and
    was met. `needed` says how many more samples would prove an `unproven` objective, and `needed_s` how many
    more seconds of this load, None if unknown.
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
    """Where the worst window begins, in s since the run's start; None if no window is judged."""
    provable: bool = True
    """Whether samples can prove it; zero-tolerance limits, means, maxima and rates can't be proven."""
    needed_s: float | None = None
    doubted_by: DependenceMethod | None = None
    """The method by which it isn't proven, though it is by the other; None where they agree."""
    decided_s: float | None = None
    """If the run was ended early: the limit was proven or broken by the requests due before.

    By an anytime-valid bound; None if the run wasn't, if samples can't prove the objective, or if there
    was nothing to measure.
    """


def judge_objective(objective: Objective, run: Run) -> Judgement:
    """The judgement of `objective` on `run`.

    Nothing to measure is a miss. In a run that was cut short, what might still have been reached is
    `unproven`, not missed. If the run was ended early because a limit was broken, later requests, which were
    sent until it stopped, don't mend it.
    """
    judged = _judge(objective, run)
    if judged.outcome == "missed" or not run.was_decided_before_its_end:
        return judged
    decided_s = run.facts.decided_s or 0.0
    then = _judge(objective, run.cut_at(decided_s))
    if then.outcome != "missed":
        return judged
    told = f"{then.message.rstrip('.')}, in the first {format_duration(decided_s)}, which decided the run."
    return replace(then, message=told)


def _judge(objective: Objective, run: Run) -> Judgement:
    measured = measure_objective(objective, run)
    if isinstance(measured, Growth) and (grown := judge_growth(objective, measured, run)):
        return Judgement(
            text=objective.text,
            metric=objective.metric,
            observed=grown.observed,
            limit=objective.stated,
            unit=objective.unit,
            samples=measured.samples,
            interval=grown.interval,
            confidence=run.facts.verdict_confidence,
            outcome=grown.outcome,
            needed=None,
            message=grown.message,
        )
    outcome, proof = _decide_outcome(objective, measured, run)
    provable = is_provable(objective, measured)
    has_interval = provable or outcome != "met"
    return Judgement(
        text=objective.text,
        metric=objective.metric,
        observed=None if measured.value is None else objective.convert_to_unit(measured.value),
        limit=objective.stated,
        unit=objective.unit,
        samples=measured.samples,
        interval=compute_objective_interval(objective, measured, run) if has_interval else None,
        confidence=find_interval_confidence(run),
        outcome=outcome,
        needed=proof.needed,
        message=_write_message(objective, measured, outcome, proof, run),
        at_s=measured.at_s,
        provable=provable,
        needed_s=_compute_needed_s(objective, measured, proof, run),
        doubted_by=proof.doubted_by,
        decided_s=run.facts.decided_s if provable and measured.value is not None else None,
    )


def _decide_outcome(objective: Objective, measured: Measurement, run: Run) -> tuple[Outcome, Proof]:
    none = Proof(proven=False)
    if measured.value is None:
        is_open = run.cut_short and not (run.facts.decided and has_failed_totally(run))
        return ("unproven" if is_open else "missed"), none
    if not objective.allows(measured.value):
        return ("unproven" if _may_still_come(objective, measured, run) else "missed"), none
    proof = prove_objective(objective, measured, run)
    return ("met" if proof.proven else "unproven"), proof


def _may_still_come(objective: Objective, measured: Measurement, run: Run) -> bool:
    """Whether a run that was cut short might still have reached the limit; a look leaves nothing open."""
    cut_short = run.cut_short and not run.facts.decided
    return cut_short and measured.reachable and (objective.is_minimum or measured.falling)


def _write_message(
    objective: Objective, measured: Measurement, outcome: Outcome, proof: Proof, run: Run
) -> str:
    if measured.value is None:
        return f"{objective.subject} could not be measured: {_explain_absence(objective, run)}."
    observed = format_against_limit(objective.convert_to_unit(measured.value), objective.stated)
    unit = objective.unit
    verb = "were" if objective.definition in _PLURALS else "was"
    said = (
        f"{objective.subject} {verb} {add_unit(observed, unit)}, "
        f"{_LIMITS[objective.comparison]} {objective.limit_text}"
    )
    if measured.at_s is not None:
        said += (
            f", in the {format_duration(objective.window_s or 0.0)} from {format_duration(measured.at_s)} on"
        )
    if outcome != "unproven":
        return f"{said}."
    if not objective.allows(measured.value):
        return f"{said}: not reached before the run was cut short."
    sure = f"{format_number(run.facts.verdict_confidence * 100)} %"
    if proof.needed is None:
        return f"{said}: met, not proven at {sure}; it is too close to the limit for any number of samples."
    more = format_count(proof.needed, "more sample")
    needed_s = _compute_needed_s(objective, measured, proof, run)
    if needed_s is None:
        told = f"{said}: met, not proven; {more} would prove it at {sure}."
    else:
        lasting = format_duration(needed_s)
        told = f"{said}: met, not proven; {more} (about {lasting} more) would prove it at {sure}."
    return told if proof.doubted_by is None else f"{told} {_describe_doubt(proof.doubted_by)}"


def _compute_needed_s(objective: Objective, measured: Measurement, proof: Proof, run: Run) -> float | None:
    """How much longer the objective's part of the load takes to give the samples that are needed."""
    lasted_s = sum(end_s - start_s for start_s, end_s in run.list_spans(objective.during))
    if proof.needed is None or not measured.samples or lasted_s <= 0:
        return None
    return proof.needed * lasted_s / measured.samples


def _describe_doubt(method: DependenceMethod) -> str:
    if method == "overlapping batches":
        return (
            "By the block bootstrap it is proven, by overlapping batches it isn't; the more cautious counts."
        )
    return "By overlapping batches it is proven, by the block bootstrap it isn't; the more cautious counts."


def _explain_no_probe(run: Run) -> str:
    if NO_READINESS_PATH in run.telemetry.names:
        return (
            "the service has no readiness path there, so there was nothing to ask "
            "(service: ready in the scenario says where)"
        )
    return "no readiness probe was recorded (service: ready in the scenario says where to ask)"


def _explain_absence(objective: Objective, run: Run) -> str:
    if objective.definition is availability:
        return _explain_no_probe(run)
    if objective.definition in (service_memory_growth, generator_memory_growth):
        return (
            "no memory was observed (that of the service is, where it runs on this machine or its metrics "
            "tell process_resident_memory_bytes)"
        )
    if objective.definition is offered_load:
        return "this load plans no number of requests"
    if objective.definition in (wrong_answer_share, wrong_answers):
        return "no answer was compared; give the endpoint parity"
    judged = run.judged
    for kind, name, labels in (
        ("stage", objective.during, judged.stage),
        ("endpoint", objective.on, judged.endpoint),
    ):
        if name is not None and not np.any(labels.equal(name)):
            return f"no request of {kind} '{name}' was recorded"
    return "no request succeeded" if len(judged) else "no request was recorded"
