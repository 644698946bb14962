"""Interim analysis: decides which objectives of a run are proven or broken before the run ends.

A run may end early once every objective is decided. Testing often and stopping at the first favourable look
would inflate the error probability of a rule for a single look, so an anytime-valid bound decides
(`reports.judging.anytime`). Only requests that were all answered or timed out by then are judged, because
slow replies are missing longest. Early requests prove something only about the load that they met, so a limit
counts as proven only when the heaviest planned load has been on for a tenth of the judged load. If every
request failed there is nothing more to learn: what is missed then is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from reports.data.checkpoints import compute_tenth_s, find_tenth_before_s
from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.judging.anytime import is_broken_by_now
from reports.judging.proving import is_proven_so_far
from reports.objectives.measurements import Measurement, Provable
from reports.objectives.metrics import offered_load
from reports.objectives.objective import Objective

ObjectiveState: TypeAlias = Literal["proven", "broken", "kept", "open"]
"""`kept` is a limit that no number of requests can prove, such as a maximum or an error rate of 0 %."""

_AS_HEAVY = 0.99
TOTAL_FAILURE_REQUESTS = 50
"""If all of so many requests failed, what an objective misses so far counts as broken."""


@dataclass(frozen=True)
class InterimAnalysis:
    """The state of each objective at one look."""

    until_s: float
    states: tuple[tuple[str, ObjectiveState], ...]

    @property
    def decided(self) -> bool:
        """Whether the run may end: no objective is open, and at least one is proven or broken."""
        states = {state for _, state in self.states}
        return "open" not in states and bool(states & {"proven", "broken"})

    def to_json(self) -> dict[str, Any]:
        """What `python -m reports decide` prints."""
        objectives = [{"text": text, "state": state} for text, state in self.states]
        return {"until_s": self.until_s, "decided": self.decided, "objectives": objectives}


def analyse_interim(run: Run, objectives: list[Objective], until_s: float) -> InterimAnalysis:
    """The states of `objectives` by the requests with an intended start before `until_s`."""
    so_far = replace(run, facts=replace(run.facts, decided_s=until_s)).cut_at(until_s)
    return InterimAnalysis(until_s, tuple((asked.text, _decide_state(asked, so_far)) for asked in objectives))


def _decide_state(objective: Objective, so_far: Run) -> ObjectiveState:
    measured = measure_objective(objective, so_far)
    if has_failed_totally(so_far):
        return "kept" if measured.value is not None and objective.allows(measured.value) else "broken"
    run_s = sum(end_s - start_s for start_s, end_s in so_far.list_spans(objective.during))
    if measured.value is None or (objective.window_s or 0.0) > run_s:
        return "open"
    kept = objective.allows(measured.value)
    if measured.rising if objective.is_minimum else measured.falling:
        return "proven" if kept else "open"
    if not kept:
        return "broken" if _is_broken(objective, measured, so_far) else "open"
    if not _has_met_heaviest_load(objective, so_far):
        return "open"
    if not isinstance(measured, Provable):
        return "kept" if _can_only_break(objective, measured) else "open"
    if objective.compute_budget(measured) <= 0:
        return "kept"
    return "proven" if is_proven_so_far(objective, measured, so_far) else "open"


def has_failed_totally(run: Run) -> bool:
    """Whether at least `TOTAL_FAILURE_REQUESTS` requests were sent, and all of them failed."""
    sent = ~run.samples.outcome.equal("dropped")
    failed = run.samples.mark_failed(run.facts.expected) & sent
    return bool(failed.sum() >= TOTAL_FAILURE_REQUESTS and failed.sum() == sent.sum())


def _is_broken(objective: Objective, measured: Measurement, run: Run) -> bool:
    """Whether a limit that isn't kept so far is proven to be broken."""
    if not isinstance(measured, Provable):
        return objective.definition is not offered_load and _can_only_break(objective, measured)
    budget = objective.compute_budget(measured)
    return budget <= 0 or is_broken_by_now(objective.mark_exceeding(measured), budget, run.facts.confidence)


def _can_only_break(objective: Objective, measured: Measurement) -> bool:
    """Whether more requests can break the limit but never prove it: a maximum, a count, any window.

    The offered load is of this kind too, although requests that are late may still be sent.
    """
    return measured.rising or objective.window_s is not None or objective.definition is offered_load


def _has_met_heaviest_load(objective: Objective, so_far: Run) -> bool:
    """Whether the heaviest load in the objective's stages has been on for a tenth of the judged load.

    If less than that is planned of it, all of it; and it began a tenth of the judged load ago.
    """
    facts = so_far.facts
    stages = [stage for stage in facts.judged_stages if objective.during in (None, stage.name)]
    if not stages or stages[-1].end_s <= so_far.elapsed_s:
        return bool(stages)
    before_s = find_tenth_before_s(facts, so_far.elapsed_s)
    t_s, level = np.array(facts.plan.t_s), np.array(facts.plan.rate or facts.plan.users)
    inside, until_s = np.zeros(len(level), dtype=np.bool_), np.append(t_s[1:], np.inf)
    for stage in stages:
        here = (t_s >= stage.start_s) & (t_s < stage.end_s)
        until_s[here] = np.minimum(until_s[here], stage.end_s)
        inside |= here
    if not inside.any():
        return False
    heavy = inside & (level >= _AS_HEAVY * level[inside].max())
    from_s, until_s = t_s[heavy], until_s[heavy]
    planned_s = float((until_s - from_s).sum())
    met_s = float(np.maximum(0.0, np.minimum(until_s, so_far.elapsed_s) - from_s).sum())
    return bool(from_s[0] <= before_s) and met_s >= min(compute_tenth_s(facts, so_far.elapsed_s), planned_s)
