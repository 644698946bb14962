"""What a run that still goes on has decided already: each objective proven, broken beyond doubt, or open.

A run may end early once every objective is decided. To look at it ten times and to stop at the first look
that pleases would prove nothing, so each look gets a tenth of the doubt (Bonferroni), and judges only
requests that were all answered or timed out by then: replies that are late are missing first where they
would tell most. What early requests prove, they prove of the load that they met. So a limit is called proven
only when the heaviest load that is planned has been on since the look before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from reports.data.checkpoints import compute_checkpoints_s
from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.judging.confidence import is_broken
from reports.judging.judgement import judge_objective
from reports.objectives.measurements import Measurement, Provable
from reports.objectives.metrics import offered_load
from reports.objectives.objective import Objective

ObjectiveState: TypeAlias = Literal["proven", "broken", "kept", "open"]
"""`kept` is a limit that allows no exception (none failed, a maximum): no number of requests proves it."""

_AS_HEAVY = 0.99


@dataclass(frozen=True)
class InterimAnalysis:
    """How each objective stood at one checkpoint."""

    until_s: float
    states: tuple[tuple[str, ObjectiveState], ...]

    @property
    def decided(self) -> bool:
        """Whether the run may end: nothing is open, and something was proven or broken."""
        states = {state for _, state in self.states}
        return "open" not in states and bool(states & {"proven", "broken"})

    def to_json(self) -> dict[str, Any]:
        """What `python -m reports decide` prints."""
        objectives = [{"text": text, "state": state} for text, state in self.states]
        return {"until_s": self.until_s, "decided": self.decided, "objectives": objectives}


def analyse_interim(run: Run, objectives: list[Objective], until_s: float) -> InterimAnalysis:
    """How `objectives` stand by the requests that were to start before `until_s`, one of the checkpoints."""
    seen = replace(
        run,
        samples=run.samples[: int(np.searchsorted(run.samples.intended_s, until_s))],
        facts=replace(run.facts, ended_s=until_s, decided=True),
    )
    return InterimAnalysis(until_s, tuple((asked.text, _decide_state(asked, seen)) for asked in objectives))


def _decide_state(objective: Objective, seen: Run) -> ObjectiveState:
    observation = measure_objective(objective, seen)
    run_s = sum(end_s - start_s for start_s, end_s in seen.list_spans(objective.during))
    if observation.value is None or (objective.window_s or 0.0) > run_s:
        return "open"
    kept = objective.allows(observation.value)
    if observation.rising and objective.is_minimum:
        return "proven" if kept else "open"
    if not kept:
        return "broken" if _is_broken(objective, observation, seen) else "open"
    if not _has_met_heaviest_load(objective, seen):
        return "open"
    if not isinstance(observation, Provable):
        return "kept" if _can_only_break(objective, observation) else "open"
    if objective.compute_budget(observation) <= 0:
        return "kept"
    return "proven" if judge_objective(objective, seen).outcome == "met" else "open"


def _is_broken(objective: Objective, seen: Measurement, run: Run) -> bool:
    """Whether a limit that isn't kept so far is broken beyond doubt."""
    if not isinstance(seen, Provable):
        return objective.definition is not offered_load and _can_only_break(objective, seen)
    budget = objective.compute_budget(seen)
    return budget <= 0 or is_broken(objective.mark_exceeding(seen), budget, run.facts.checkpoint_confidence)


def _can_only_break(objective: Objective, seen: Measurement) -> bool:
    """Whether no number of requests proves the limit, and one may break it: a maximum, a count, any window.

    So it is with the load that was offered, except that what was held back may still be made up for.
    """
    return seen.rising or objective.window_s is not None or objective.definition is offered_load


def _has_met_heaviest_load(objective: Objective, seen: Run) -> bool:
    """Whether the heaviest load planned where the objective looks was reached by the look before."""
    facts = seen.facts
    stages = [stage for stage in facts.judged_stages if objective.during in (None, stage.name)]
    if not stages or stages[-1].end_s <= seen.elapsed_s:
        return bool(stages)
    before_s = max(
        (at_s for at_s in compute_checkpoints_s(facts) if at_s < seen.elapsed_s), default=stages[0].start_s
    )
    t_s, level = np.array(facts.plan.t_s), np.array(facts.plan.rate or facts.plan.users)
    inside = np.zeros(len(level), dtype=np.bool_)
    for stage in stages:
        inside |= (t_s >= stage.start_s) & (t_s < stage.end_s)
    reached = level[inside & (t_s <= before_s)]
    return bool(len(reached)) and bool(reached.max() >= _AS_HEAVY * level[inside].max())
