"""A summary holds all figures that a run's report shows, whether or not an objective asks for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.data.run import Run
from reports.data.samples import Samples
from reports.figures.crossing import LimitCrossing, limit_crossing
from reports.figures.figures import Figures, StageFigures, figures, stage_figures
from reports.figures.latency_breakdown import Where, where
from reports.figures.reasons import reason
from reports.figures.slowest import Slow, Traced, slowest, traced
from reports.figures.timeline import Counts, Timeline, per_second, timeline

__all__ = [
    "Cell",
    "EndpointFigures",
    "Failure",
    "Figures",
    "LimitCrossing",
    "Slow",
    "StageFigures",
    "Summary",
    "Timeline",
    "Where",
    "summarise",
]


@dataclass(frozen=True)
class EndpointFigures:
    """The judged requests to one endpoint."""

    endpoint: str
    figures: Figures


@dataclass(frozen=True)
class Cell:
    """The requests to one endpoint in one stage."""

    endpoint: str
    stage: str
    judged: bool
    figures: Figures


@dataclass(frozen=True)
class Failure:
    """All requests that did not succeed for one reason, warm-up included; `share` is of all requests.

    `expected` ones are no errors in this scenario. `per_second` follows the timeline's seconds.
    """

    reason: str
    outcome: str
    status: int
    count: int
    share: float
    first_s: float
    last_s: float
    expected: bool
    per_second: Counts


@dataclass(frozen=True)
class Summary:
    """The figures of a run: `total` and `endpoints` are of what is judged, all else of the whole run."""

    total: Figures
    duration_s: float
    """Planned duration of what is judged."""
    stages: tuple[StageFigures, ...]
    endpoints: tuple[EndpointFigures, ...]
    cells: tuple[Cell, ...]
    failures: tuple[Failure, ...]
    """The most frequent first."""
    slowest: tuple[Slow, ...]
    """The slowest first, ten at most."""
    traced: Traced | None
    """How many requests were traced, and the slowest of them; None where none was."""
    timeline: Timeline
    limit_crossing: LimitCrossing | None
    where: Where | None
    """Where the time of requests went; None where the service doesn't tell."""


def summarise(run: Run) -> Summary:
    """All figures of `run`."""
    expected = run.facts.expected
    judged = run.judged
    total = figures(judged, run.judged_s, expected)
    stages = stage_figures(run)
    seconds = timeline(run)
    return Summary(
        total=total,
        duration_s=run.judged_s,
        stages=stages,
        endpoints=tuple(_endpoints(judged, total, run)),
        cells=tuple(_cells(run, stages)),
        failures=_failures(run.samples, expected, len(seconds)),
        slowest=slowest(run.samples),
        traced=traced(run.samples),
        timeline=seconds,
        limit_crossing=limit_crossing(run, seconds),
        where=where(run),
    )


def _endpoints(judged: Samples, total: Figures, run: Run) -> list[EndpointFigures]:
    found = []
    for endpoint in _present(judged):
        chosen = judged.where(judged.endpoint.equal(endpoint))
        same = len(chosen) == len(judged)
        told = total if same else figures(chosen, run.judged_s, run.facts.expected)
        found.append(EndpointFigures(endpoint, told))
    return found


def _cells(run: Run, stages: tuple[StageFigures, ...]) -> list[Cell]:
    cells = []
    for stage, planned in zip(stages, run.facts.stages, strict=True):
        inside = run.samples.where(run.samples.stage.equal(stage.name))
        for endpoint in _present(inside):
            chosen = inside.where(inside.endpoint.equal(endpoint))
            same = len(chosen) == len(inside)
            told = stage.figures if same else figures(chosen, run.length_s(planned), run.facts.expected)
            cells.append(Cell(endpoint, stage.name, stage.judged, told))
    return cells


def _present(samples: Samples) -> list[str]:
    counts = np.bincount(samples.endpoint.codes, minlength=len(samples.endpoint.names))
    return sorted(name for name, count in zip(samples.endpoint.names, counts, strict=False) if count)


def _failures(samples: Samples, expected: tuple[str, ...], seconds: int) -> tuple[Failure, ...]:
    rows = np.flatnonzero(samples.failed())
    outcome, status = samples.outcome.codes[rows].astype(np.int64), samples.status[rows].astype(np.int64)
    kinds, which = np.unique(outcome * 1000 + status, return_inverse=True)
    found = []
    for index, kind in enumerate(kinds):
        name, code = samples.outcome.names[kind // 1000], int(kind % 1000)
        at_s = samples.intended_s[rows[which == index]]
        found.append(
            Failure(
                reason=reason(name, code),
                outcome=name,
                status=code,
                count=len(at_s),
                share=len(at_s) / len(samples),
                first_s=float(at_s[0]),
                last_s=float(at_s[-1]),
                expected=name in expected,
                per_second=per_second(at_s, seconds),
            )
        )
    return tuple(sorted(found, key=lambda failure: (-failure.count, failure.reason)))
