"""A summary holds all figures that a run's report shows, whether or not an objective asks for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.composition import Where, where
from reports.crossing import LimitCrossing, limit_crossing
from reports.figures import Figures, StageFigures, figures, stage_figures
from reports.reasons import reason
from reports.run import Run
from reports.samples import Samples
from reports.timeline import Counts, Timeline, per_second, timeline

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
class Slow:
    """One of the slowest answered requests; None where a value was not recorded."""

    intended_s: float
    latency_ms: float
    service_ms: float | None
    endpoint: str
    stage: str
    outcome: str
    status: int
    rows: int
    queue_ms: float | None
    inference_ms: float | None
    batch_size: float | None
    trace_id: str | None
    worker: int


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
        slowest=_slowest(run.samples),
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


def _slowest(samples: Samples, count: int = 10) -> tuple[Slow, ...]:
    rows = np.flatnonzero(samples.answered)
    latency_ms = samples.latency_ms[rows]
    if len(rows) > count:
        least = np.partition(latency_ms, -count)[-count]
        slower, alike = np.flatnonzero(latency_ms > least), np.flatnonzero(latency_ms == least)
        places = np.append(slower, alike[: count - len(slower)])
        rows, latency_ms = rows[places], latency_ms[places]
    chosen = samples[rows[np.lexsort((rows, -latency_ms))]]
    names = [labels.values() for labels in (chosen.endpoint, chosen.stage, chosen.outcome)]
    return tuple(
        Slow(
            intended_s=float(chosen.intended_s[i]),
            latency_ms=float(chosen.latency_ms[i]),
            service_ms=_known(chosen.service_ms[i]),
            endpoint=str(names[0][i]),
            stage=str(names[1][i]),
            outcome=str(names[2][i]),
            status=int(chosen.status[i]),
            rows=int(chosen.rows[i]),
            queue_ms=_known(chosen.queue_ms[i]),
            inference_ms=_known(chosen.inference_ms[i]),
            batch_size=_known(chosen.batch_size[i]),
            trace_id=chosen.trace_id[i],
            worker=int(chosen.worker[i]),
        )
        for i in range(len(chosen))
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
