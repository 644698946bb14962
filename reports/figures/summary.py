"""Computes all figures that a run's report shows, whether or not an objective is about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.data.run import Run
from reports.data.samples import Samples
from reports.figures.crossing import LimitCrossing, find_limit_crossing
from reports.figures.figures import Figures, StageFigures, compute_figures, compute_stage_figures
from reports.figures.latency_breakdown import RunBreakdown, break_down_latency
from reports.figures.reasons import describe_failure
from reports.figures.sizes import LatencyBySize, compare_sizes
from reports.figures.slowest import SlowRequest, TracedRequests, find_slowest, find_traced
from reports.figures.timeline import CountsPerSecond, Timeline, compute_timeline, count_per_second

__all__ = [
    "EndpointFigures",
    "EndpointStageFigures",
    "Failure",
    "Figures",
    "LimitCrossing",
    "RunBreakdown",
    "SlowRequest",
    "StageFigures",
    "Summary",
    "Timeline",
    "summarise",
]


@dataclass(frozen=True)
class EndpointFigures:
    """The judged requests to one endpoint."""

    endpoint: str
    figures: Figures


@dataclass(frozen=True)
class EndpointStageFigures:
    """The requests to one endpoint in one stage."""

    endpoint: str
    stage: str
    judged: bool
    figures: Figures


@dataclass(frozen=True)
class Failure:
    """All requests that did not succeed for one reason, warm-up included; `share` is of all requests.

    `expected` outcomes are no errors in this scenario. `per_second` has one count per second of the timeline.
    """

    reason: str
    outcome: str
    status: int
    count: int
    share: float
    first_s: float
    last_s: float
    expected: bool
    per_second: CountsPerSecond


@dataclass(frozen=True)
class Summary:
    """The figures of a run: `total` and `endpoints` of judged requests, all others of the whole run."""

    total: Figures
    duration_s: float
    """The planned duration of the judged stages."""
    stages: tuple[StageFigures, ...]
    endpoints: tuple[EndpointFigures, ...]
    endpoint_stages: tuple[EndpointStageFigures, ...]
    failures: tuple[Failure, ...]
    """The most frequent first."""
    slowest: tuple[SlowRequest, ...]
    """The slowest first, ten at most."""
    traced: TracedRequests | None
    """None if no request was traced."""
    timeline: Timeline
    limit_crossing: LimitCrossing | None
    latency_breakdown: RunBreakdown | None
    """None if the service doesn't report its times."""
    sizes: tuple[LatencyBySize, ...]
    """Latency by the size of requests, for the endpoints whose requests differ in it."""


def summarise(run: Run) -> Summary:
    """All figures of `run`."""
    expected = run.facts.expected
    judged = run.judged
    total = compute_figures(judged, run.judged_s, expected)
    stages = compute_stage_figures(run)
    seconds = compute_timeline(run)
    return Summary(
        total=total,
        duration_s=run.judged_s,
        stages=stages,
        endpoints=tuple(_compute_endpoints(judged, total, run)),
        endpoint_stages=tuple(_compute_endpoint_stages(run, stages)),
        failures=_group_failures(run.samples, expected, len(seconds)),
        slowest=find_slowest(run.samples),
        traced=find_traced(run.samples),
        timeline=seconds,
        limit_crossing=find_limit_crossing(run, seconds),
        latency_breakdown=break_down_latency(run),
        sizes=compare_sizes(judged, _list_endpoints(judged), run.judged_s, expected),
    )


def _compute_endpoints(judged: Samples, total: Figures, run: Run) -> list[EndpointFigures]:
    found = []
    for endpoint in _list_endpoints(judged):
        chosen = judged.select(judged.endpoint.equal(endpoint))
        same = len(chosen) == len(judged)
        told = total if same else compute_figures(chosen, run.judged_s, run.facts.expected)
        found.append(EndpointFigures(endpoint, told))
    return found


def _compute_endpoint_stages(run: Run, stages: tuple[StageFigures, ...]) -> list[EndpointStageFigures]:
    cells = []
    for stage, planned in zip(stages, run.facts.stages, strict=True):
        inside = run.samples.select(run.samples.stage.equal(stage.name))
        for endpoint in _list_endpoints(inside):
            chosen = inside.select(inside.endpoint.equal(endpoint))
            same = len(chosen) == len(inside)
            told = (
                stage.figures
                if same
                else compute_figures(chosen, run.compute_length_s(planned), run.facts.expected)
            )
            cells.append(EndpointStageFigures(endpoint, stage.name, stage.judged, told))
    return cells


def _list_endpoints(samples: Samples) -> list[str]:
    counts = np.bincount(samples.endpoint.codes, minlength=len(samples.endpoint.names))
    return sorted(name for name, count in zip(samples.endpoint.names, counts, strict=False) if count)


def _group_failures(samples: Samples, expected: tuple[str, ...], seconds: int) -> tuple[Failure, ...]:
    rows = np.flatnonzero(samples.mark_failed())
    outcome, status = samples.outcome.codes[rows].astype(np.int64), samples.status[rows].astype(np.int64)
    kinds, which = np.unique(outcome * 1000 + status, return_inverse=True)
    found = []
    for index, kind in enumerate(kinds):
        name, code = samples.outcome.names[kind // 1000], int(kind % 1000)
        at_s = samples.intended_s[rows[which == index]]
        found.append(
            Failure(
                reason=describe_failure(name, code),
                outcome=name,
                status=code,
                count=len(at_s),
                share=len(at_s) / len(samples),
                first_s=float(at_s[0]),
                last_s=float(at_s[-1]),
                expected=name in expected,
                per_second=count_per_second(at_s, seconds),
            )
        )
    return tuple(sorted(found, key=lambda failure: (-failure.count, failure.reason)))
