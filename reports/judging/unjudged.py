"""Detects that requests failed, or were refused as expected, without any objective that would mind.

Latencies are those of answered requests. Where most requests failed, a latency objective is about the few
that didn't, and meets its limit the better the more of the load was turned away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.data.quantities import format_count
from reports.data.run import Run
from reports.figures.reasons import FailureCount, count_failures
from reports.judging.faults import Fault
from reports.objectives.metrics import (
    availability,
    latency_percentile,
    max_latency,
    max_service_time,
    mean_latency,
    mean_service_time,
    offered_load,
    service_time_percentile,
    status_count,
    wrong_answer_share,
    wrong_answers,
)
from reports.objectives.objective import Objective

MOST = 0.5
"""If a greater share of the requests failed, the others don't stand for the service."""
BLIND = frozenset(
    (
        latency_percentile,
        mean_latency,
        max_latency,
        service_time_percentile,
        mean_service_time,
        max_service_time,
        wrong_answer_share,
        wrong_answers,
        status_count,
        availability,
        offered_load,
    )
)
"""Metrics that stay good while requests fail, or that see one kind of failure only."""
REMEDY = (
    "the rest say nothing of the service; state an objective that judges failures, such as "
    "error rate <= 1 %, or name what is meant to happen under 'expected'"
)


def find_unjudged_failures(run: Run, asked: Sequence[Objective]) -> Fault | None:
    """Why a run says nothing of the service: most requests failed, and no objective judges these failures."""
    unjudged, requests = _count_unjudged(run, asked), len(run.judged)
    if sum(failure.count for failure in unjudged) <= MOST * requests:
        return None
    told = tell_failed(unjudged, requests)
    if any(map(_judges_failures, asked)):
        return Fault(f"{told}, and no objective judges these failures, only those of other requests", REMEDY)
    return Fault(f"{told}, and no objective judges failures", REMEDY)


def describe_tolerated_failures(
    run: Run, asked: Sequence[Objective], failures: Sequence[FailureCount]
) -> tuple[str, ...]:
    """What a run that passed went through all the same, one clause each; nothing if most went well.

    Failures that no objective judges are told however few they are; those that the objectives allow, and what
    the scenario expects instead of a reply, where they are most of the requests.
    """
    failed, requests = sum(failure.count for failure in failures), len(run.judged)
    good = int(np.count_nonzero(run.judged.ok))
    if unjudged := _count_unjudged(run, asked):
        return (f"{tell_failed(unjudged, requests)}, which no objective judges",)
    if failed > MOST * requests:
        return (f"{tell_failed(failures, requests)}, which the objectives allow",)
    if requests - good <= MOST * requests:
        return ()
    expected = count_failures(run.judged)
    told = f"only {good:,} of {format_count(requests, 'request')} succeeded"
    return (f"{told}, which the scenario expects ({_tell_most_frequent(expected)})",)


def tell_failed(failures: Sequence[FailureCount], requests: int) -> str:
    """How many requests failed, and why most often."""
    failed = sum(failure.count for failure in failures)
    return f"{failed:,} of {format_count(requests, 'request')} failed ({_tell_most_frequent(failures)})"


def _tell_most_frequent(failures: Sequence[FailureCount]) -> str:
    reason = failures[0].reason.replace(" (", ", ").removesuffix(")")
    return f"{'most often ' if len(failures) > 1 else ''}{reason}"


def _count_unjudged(run: Run, asked: Sequence[Objective]) -> tuple[FailureCount, ...]:
    """The failures of requests that are in the scope of no objective that could be missed by them."""
    samples = run.judged
    judged = np.zeros(len(samples), dtype=np.bool_)
    for objective in filter(_judges_failures, asked):
        judged |= objective.mark(samples)
    return count_failures(samples.select(~judged), run.facts.expected)


def _judges_failures(objective: Objective) -> bool:
    """Whether an objective can be missed because requests fail; of a plug-in's metric it is assumed."""
    return objective.definition not in BLIND
