"""Decides by the requests of a trial whether its rate is proven to meet the objectives, or to break them.

The trial is looked at at some checkpoints of its run, and ends at the first by which every objective is
decided, or one is broken, by bounds that hold however often one looks (`reports.judging.interim`). The tests
for growth have no such bound, so each look gets its part of their permitted error.

Objectives alone don't tell a queue that grows without end from one that is long: in the first minute both
may meet a limit. So a rate is proven only if nothing speaks for a growth of the requests in flight, and it is
broken where they grow by more than chance would make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from capacity.search import TrialOutcome
from reports.data.checkpoints import compute_checkpoints_s
from reports.data.columns import Floats
from reports.data.quantities import format_number
from reports.data.run import Run
from reports.figures.trend import mann_kendall
from reports.judging.interim import ObjectiveState, analyse_interim
from reports.judging.judgement import judge_objective
from reports.judging.verdict import list_objectives
from reports.objectives.metrics import offered_load
from reports.objectives.parsing import parse_objectives

GROWTH_SHARE: Final = 0.01
"""A queue that keeps more than this share of the arrivals for good is not in a steady state."""
DOUBT: Final = 0.2
"""A rate isn't proven while requests in flight rise so steadily that chance does it as seldom as this."""
DROPPED_SHARE: Final = 0.01
"""If more of the due requests are dropped, the limit of requests in flight decides, not the service."""
DROPPED: Final = "more requests were in flight than in_flight_limit allows: raise it"
ONLY_KEPT: Final = "was only kept: no number of requests can prove it"
"""What a reason says of a limit such as a maximum, or an error rate of 0 %."""
LEAST_SECONDS: Final = 5
"""A growth can't be told in less time, and so nothing is proven in it."""
LOOK_EVERY: Final = 10
"""Checkpoints from one look to the next."""
MOST_LOOKS: Final = 10
"""Looks at a trial that may end early, those at its end and at that of its load included."""
MOST_TIMES: Final = 600
"""Times at which requests in flight are counted; a longer trial has them further apart."""


@dataclass(frozen=True)
class TrialDecision:
    """What a trial came to, why, and by which second of the run that was known."""

    outcome: TrialOutcome
    reason: str
    decided_s: float


@dataclass(frozen=True)
class InFlightGrowth:
    """How fast requests in flight grow, in 1/s, with the lower end of the interval; and by how many in all.

    `p_value` is the probability of so one-sided an order in a steady state, by Mann and Kendall's test.
    """

    per_s: float
    p_value: float
    least_per_s: float
    total: float
    chance: float
    """A steady state would show a larger `total` with less than the permitted probability."""

    @property
    def is_likely(self) -> bool:
        """Whether a growth is likely enough to wait for more requests."""
        return self.per_s > 0 and self.p_value < DOUBT

    def exceeds(self, rate_per_s: float) -> bool:
        """Whether the queue grows for good at this arrival rate."""
        return self.least_per_s > GROWTH_SHARE * rate_per_s and self.total > self.chance


def decide_trial(run: Run, rate_per_s: float) -> TrialDecision:
    """What the requests of a trial, which may have ended early, say of its rate.

    Where requests were dropped, the queue could not grow as it would have: the rate isn't proven, and a low
    offered load says nothing of the service.
    """
    objectives = list_objectives(run)
    dropped = int(np.count_nonzero(run.judged.outcome.equal("dropped")))
    is_limited = dropped > DROPPED_SHARE * len(run.judged)
    for until_s in _list_looks(run):
        analysis = analyse_interim(run, objectives, until_s)
        growth = find_growth(run, until_s)
        for objective, (_, state) in zip(objectives, analysis.states, strict=True):
            if state == "broken" and not (is_limited and objective.definition is offered_load):
                return TrialDecision("broken", judge_objective(objective, run).message, until_s)
        if growth is not None and growth.exceeds(rate_per_s):
            words = f"{format_number(growth.per_s)} more requests were in flight each second"
            return TrialDecision("broken", f"{words}: no steady state", until_s)
        if analysis.decided and growth is not None and not growth.is_likely and not dropped:
            return TrialDecision("proven", _tell_proven(run, analysis.states), until_s)
    if is_limited:
        return TrialDecision("invalid", DROPPED, run.elapsed_s)
    reason = DROPPED if dropped else _tell_open(analysis.states, growth)
    return TrialDecision("open", reason, run.elapsed_s)


def find_growth(run: Run, until_s: float) -> InFlightGrowth | None:
    """How requests in flight grow in the judged time before `until_s`; None if that is too short.

    Requests in flight are those that were due and are neither answered nor given up: by Little's law a steady
    state keeps their mean. Of n arrivals in a steady state about n are answered. The difference varies like
    a walk of n steps up and n down: with a standard deviation of √(2n) at most, if completions vary as much
    as random arrivals do, and less where an empty queue holds it back.
    """
    spans = [(start_s, min(end_s, until_s)) for start_s, end_s in run.list_spans()]
    lasted = sum(max(0.0, end_s - start_s) for start_s, end_s in spans)
    if lasted < LEAST_SECONDS:
        return None
    step_s = max(1.0, lasted / MOST_TIMES)
    times = np.concatenate([np.arange(np.ceil(start_s), end_s, step_s) for start_s, end_s in spans])
    sent = ~run.samples.outcome.equal("dropped")
    starts, ends = run.samples.intended_s[sent], run.samples.end_s[sent]
    in_flight = count_in_flight(starts, ends, times)
    if not np.ptp(in_flight):
        return InFlightGrowth(0.0, 1.0, 0.0, 0.0, 0.0)
    confidence = 1.0 - (1.0 - run.facts.confidence) / (MOST_LOOKS if run.facts.early_end else 1)
    trend = mann_kendall(in_flight, times, confidence)
    arrivals = int(np.count_nonzero((starts >= times[0]) & (starts < times[-1])))
    z = NormalDist().inv_cdf(confidence)
    total = float(in_flight[-1] - in_flight[0])
    return InFlightGrowth(trend.slope, trend.p_value, trend.low, total, z * float(np.sqrt(2 * arrivals)))


def count_in_flight(starts_s: Floats, ends_s: Floats, times_s: Floats) -> Floats:
    """How many of the requests were under way at each time."""
    begun = np.searchsorted(np.sort(starts_s), times_s, side="right")
    ended = np.searchsorted(np.sort(ends_s), times_s, side="right")
    return (begun - ended).astype(np.float64)


def _list_looks(run: Run) -> list[float]:
    """The moments at which the run is judged: at its end only, if it could not end early."""
    looks = [run.elapsed_s]
    if run.facts.early_end:
        looks += compute_checkpoints_s(run.facts)[::LOOK_EVERY]
    if run.facts.decided_s is not None:
        looks.append(run.facts.decided_s)
    return sorted({at_s for at_s in looks if at_s <= run.elapsed_s})


def _tell_proven(run: Run, states: tuple[tuple[str, ObjectiveState], ...]) -> str:
    """That the rate is proven, and which stated limits no requests can prove."""
    stated = parse_objectives(run.facts.objectives)
    asked = {each.text for each in stated if each.definition is not offered_load}
    kept = [text for text, state in states if state == "kept" and text in asked]
    but = f", but {' and '.join(kept)} {ONLY_KEPT}" if kept else ""
    return f"every objective is proven{but}"


def _tell_open(states: tuple[tuple[str, ObjectiveState], ...], growth: InFlightGrowth | None) -> str:
    undecided = [text for text, state in states if state == "open"]
    if undecided:
        return f"not decided: {', '.join(undecided)}"
    if growth is not None and growth.is_likely:
        return "the objectives hold, but the requests in flight seem to grow"
    if growth is None:
        return "the objectives hold, but the trial is too short to see whether requests in flight grow"
    return "no number of requests can prove these objectives"
