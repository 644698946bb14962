"""Applies to an objective the rule that proves it: that of a run's planned end, or that of an early end."""

from __future__ import annotations

from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.judging.anytime import (
    compute_percentile_interval_by_now,
    compute_share_interval_by_now,
    is_proven_by_now,
    prove_by_now,
)
from reports.judging.confidence import (
    Proof,
    compute_percentile_interval,
    compute_share_interval,
    prove,
)
from reports.judging.effective import NearMisses, mark_near_misses
from reports.objectives.measurements import Measurement, Percentile, Proportion, Provable
from reports.objectives.objective import Objective


def is_provable(objective: Objective, measured: Measurement) -> bool:
    """Whether samples can prove the objective; those of what wasn't measured might."""
    return measured.value is None or _find_budget(objective, measured) is not None


def prove_objective(objective: Objective, measured: Measurement, run: Run) -> Proof:
    """The proof of an objective that `run` keeps; one that samples can't prove counts as proven.

    If the run was ended early, the requests count by which it was decided, so that the report says of a limit
    what the look said.
    """
    if run.was_decided_before_its_end:
        measured = measure_objective(objective, run.cut_at(run.facts.decided_s or 0.0))
        if measured.value is None:
            return Proof(proven=False)
    budget = _find_budget(objective, measured)
    if budget is None or not isinstance(measured, Provable):
        return Proof(proven=True)
    rule = prove_by_now if run.facts.decided else prove
    near = _mark_near(objective, measured, budget)
    return rule(objective.mark_exceeding(measured), budget, run.facts.verdict_confidence, near)


def is_proven_so_far(objective: Objective, measured: Measurement, run: Run) -> bool:
    """Whether a run that goes on has proven an objective, as `prove_objective` will say if it ends now."""
    budget = _find_budget(objective, measured)
    if budget is None or not isinstance(measured, Provable):
        return False
    near = _mark_near(objective, measured, budget)
    return is_proven_by_now(objective.mark_exceeding(measured), budget, run.facts.verdict_confidence, near)


def compute_objective_interval(
    objective: Objective, measured: Measurement, run: Run
) -> tuple[float, float] | None:
    """The interval of what was measured, in the unit of the objective; None where there is none.

    At the confidence of a proof; after an early end at that of the run, so that each of its ends holds at the
    confidence of a proof, however often the run was looked at.
    """
    confidence = find_interval_confidence(run)
    match measured, run.facts.decided:
        case Percentile(values, quantile), False:
            bounds = compute_percentile_interval(values, quantile, confidence)
        case Percentile(values, quantile), True:
            bounds = compute_percentile_interval_by_now(values, quantile, confidence)
        case Proportion(hits), False:
            bounds = compute_share_interval(hits, confidence)
        case Proportion(hits), True:
            bounds = compute_share_interval_by_now(hits, confidence)
        case _:
            return None
    if bounds is None:
        return None
    low, high = (objective.convert_to_unit(bound) for bound in bounds)
    return low, high


def find_interval_confidence(run: Run) -> float:
    """The confidence of the intervals of a run."""
    return run.facts.confidence if run.facts.decided else run.facts.verdict_confidence


def _find_budget(objective: Objective, measured: Measurement) -> float | None:
    """The share of samples that may exceed the limit; None if no number of samples can prove it."""
    if not isinstance(measured, Provable):
        return None
    budget = objective.compute_budget(measured)
    return budget if budget > 0 else None


def _mark_near(objective: Objective, measured: Measurement, budget: float) -> NearMisses | None:
    return (
        mark_near_misses(measured.values, objective.limit, budget)
        if isinstance(measured, Percentile)
        else None
    )
