"""Finds at which load, or under constant load when, a latency percentile first exceeded its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.data.percentiles import compute_percentile
from reports.data.run import Run
from reports.figures.timeline import Timeline
from reports.objectives.metrics import latency_percentile
from reports.objectives.objective import Objective
from reports.objectives.parsing import parse_objectives

WINDOW_S = 5
EVEN_SHARE = 0.05
"""A planned load that varies by no more than this share of its peak is constant."""
FEWEST_ANSWERS = 20
"""Answered requests that a window needs, so that one slow reply among few doesn't decide."""


@dataclass(frozen=True)
class LimitCrossing:
    """The first window of five seconds in which a percentile exceeded its limit, and the load at its end."""

    objective: str
    metric: str
    t_s: float
    """End of the window, in s since the run's start."""
    value_ms: float
    limit_ms: float
    users: float | None
    rate: float
    """Requests/s with their intended start in the window."""
    constant_load: bool
    """Whether the same load was planned all the time, so that it doesn't explain the crossing."""


def find_limit_crossing(run: Run, seconds: Timeline) -> LimitCrossing | None:
    """The earliest crossing of any latency percentile objective within the judged stages; None if none is."""
    found = [_find_crossing(run, seconds, objective) for objective in parse_objectives(run.facts.objectives)]
    return min((crossing for crossing in found if crossing), key=lambda c: c.t_s, default=None)


def _find_crossing(run: Run, seconds: Timeline, objective: Objective) -> LimitCrossing | None:
    if objective.definition is not latency_percentile or objective.quantile is None:
        return None
    samples = objective.select(run.judged)
    samples = samples.select(samples.answered)
    intended_s, latency_ms = samples.intended_s, samples.latency_ms
    ends = seconds.t_s[WINDOW_S - 1 :] + 1.0
    edges = np.searchsorted(intended_s, np.stack((ends - WINDOW_S, ends)), side="left")
    for end_s, first, last in zip(ends, *edges, strict=True):
        if last - first < FEWEST_ANSWERS:
            continue
        value = compute_percentile(latency_ms[first:last], objective.quantile)
        if value is not None and not objective.allows(value):
            return LimitCrossing(
                objective=objective.text,
                metric=objective.metric,
                t_s=float(end_s),
                value_ms=value,
                limit_ms=objective.limit,
                users=_find_users(seconds, int(end_s) - 1),
                rate=float(seconds.requests[int(end_s) - WINDOW_S : int(end_s)].sum()) / WINDOW_S,
                constant_load=_is_load_constant(run),
            )
    return None


def _find_users(seconds: Timeline, second: int) -> float | None:
    for series in (seconds.users, seconds.users_planned):
        if not np.isnan(series[second]):
            return float(series[second])
    return None


def _is_load_constant(run: Run) -> bool:
    """Whether the plan for the judged time is one level; not if none is known."""
    plan = run.facts.plan
    levels = np.array(plan.users or plan.rate)
    moments = np.array(plan.t_s[: len(levels)])
    inside = np.zeros(len(levels), dtype=np.bool_)
    for start_s, end_s in run.list_spans():
        inside |= (moments >= start_s) & (moments < end_s)
    judged = levels[inside]
    return bool(len(judged)) and float(np.ptp(judged)) <= EVEN_SHARE * float(judged.max())
