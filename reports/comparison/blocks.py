"""Makes blocks, the units of a comparison: runs, rounds of runs, or parts of the time of single runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import Final, Literal, TypeAlias

import numpy as np

from reports.comparison.compared_metrics import ComparedMetric
from reports.comparison.estimates import (
    DifferenceEstimate,
    FailureCounts,
    estimate_paired,
    estimate_unpaired,
)
from reports.data.columns import Floats
from reports.data.quantities import format_count
from reports.data.run import Run
from reports.data.run_sets import RunSet
from reports.data.telemetry import Telemetry
from reports.objectives.measurements import Proportion
from reports.objectives.metric import Scope
from reports.objectives.objective import select_requests

BlockDesign: TypeAlias = Literal["rounds", "runs", "time"]
"""Rounds of runs in turns; independent runs; parts of the time of one run on each side."""

MOST_PARTS: Final = 20
FEWEST_PARTS: Final = 5
_SHORTEST_S: Final = 2.0
"""A part of a run is at least so long: two observations of the service."""


@dataclass(frozen=True)
class BlockFigures:
    """A metric in each block of both sides, in its base unit, and the difference that follows.

    `estimate` is None where there is nothing to compare; `absence` then says why.
    """

    baseline: Floats
    candidate: Floats
    estimate: DifferenceEstimate | None = None
    absence: str = ""


def choose_design(baseline: RunSet, candidate: RunSet) -> BlockDesign:
    """What the blocks are."""
    if baseline.rounds and candidate.rounds:
        return "rounds"
    return "time" if len(baseline.runs) == len(candidate.runs) == 1 else "runs"


def compare_blocks(compared: ComparedMetric, baseline: RunSet, candidate: RunSet) -> BlockFigures:
    """The metric in each block of both sides, and the estimate of their difference."""
    design = choose_design(baseline, candidate)
    if design == "time":
        return _compare_in_time(compared, baseline.runs[0], candidate.runs[0])
    sides = [[_cut(run, compared, 1)[0] for run in side.runs] for side in (baseline, candidate)]
    before, after = ([compared.measure(scope) for scope in side] for side in sides)
    values = [np.array([_read(each.value) for each in side]) for side in (before, after)]
    if absence := _explain_absence(compared, values):
        return BlockFigures(values[0], values[1], None, absence)
    moved = [_transform(compared, each) for each in values]
    counts = _count([*before], [*after])
    if design == "runs":
        return BlockFigures(values[0], values[1], estimate_unpaired(moved[0], moved[1], counts))
    shared = sorted({*baseline.rounds} & {*candidate.rounds})
    means = [
        np.array([side[np.array(numbers) == number].mean() for number in shared])
        for side, numbers in zip(moved, (baseline.rounds, candidate.rounds), strict=True)
    ]
    return BlockFigures(values[0], values[1], estimate_paired(means[0], means[1], counts))


def summarise_blocks(compared: ComparedMetric, values: Floats) -> float | None:
    """The mean over blocks: geometric where ratios are compared; in the metric's base unit."""
    if not len(values) or not np.isfinite(values).all() or (compared.scale == "ratio" and values.min() <= 0):
        return None
    mean = float(_transform(compared, values).mean())
    return exp(mean) if compared.scale == "ratio" else mean


def _compare_in_time(compared: ComparedMetric, baseline: Run, candidate: Run) -> BlockFigures:
    """Parts of equal length of both runs, paired by their place in the load, which is the same in both."""
    empty = np.empty(0)
    wholes = [_cut(run, compared, 1)[0] for run in (baseline, candidate)]
    requests = min(len(scope.samples) for scope in wholes)
    shortest_s = min(scope.duration_s for scope in wholes)
    parts = min(MOST_PARTS, requests // compared.fewest_requests, int(shortest_s / _SHORTEST_S))
    if parts < FEWEST_PARTS:
        needed = FEWEST_PARTS * compared.fewest_requests
        if requests < needed:
            told = f"it needs {format_count(needed, 'request')} of each run, and one has {requests:,}"
        else:
            told = f"it needs {FEWEST_PARTS * _SHORTEST_S:g} s of each run"
        return BlockFigures(empty, empty, None, told)
    before, after = (
        [compared.measure(scope) for scope in _cut(run, compared, parts)] for run in (baseline, candidate)
    )
    values = [np.array([_read(each.value) for each in side]) for side in (before, after)]
    if absence := _explain_absence(compared, values):
        return BlockFigures(values[0], values[1], None, absence)
    moved = [_transform(compared, each) for each in values]
    estimate = estimate_paired(moved[0], moved[1], _count([*before], [*after]), in_time=True)
    return BlockFigures(values[0], values[1], estimate)


def _cut(run: Run, compared: ComparedMetric, parts: int) -> list[Scope]:
    """The metric's part of the run, cut into parts of equal judged time.

    A late request of the warm-up belongs to the first part, one after the planned end to the last.
    """
    spans = run.list_spans(compared.during)
    samples = select_requests(run.judged, compared.on, compared.during)
    total_s = sum(end_s - start_s for start_s, end_s in spans)
    places = np.clip(_find_places(samples.intended_s, spans) / (total_s or 1.0) * parts, 0, parts - 1)
    inside = np.zeros(len(run.telemetry), dtype=np.bool_)
    for start_s, end_s in spans:
        inside |= (run.telemetry.t_s >= start_s) & (run.telemetry.t_s < end_s)
    observed: Telemetry = run.telemetry[inside]
    seen = _find_places(observed.t_s, spans) / (total_s or 1.0) * parts
    edges = np.arange(parts + 1)
    requests = np.searchsorted(places.astype(np.int64), edges)
    rows = np.searchsorted(np.minimum(seen, parts - 1).astype(np.int64), edges)
    length_s = total_s / parts
    return [
        Scope(
            samples[requests[each] : requests[each + 1]],
            observed[rows[each] : rows[each + 1]],
            run.facts,
            length_s,
            (spans[0][0] if spans else 0.0) + each * length_s,
        )
        for each in range(parts)
    ]


def _find_places(t_s: Floats, spans: Sequence[tuple[float, float]]) -> Floats:
    """How much of the time in `spans` lies before each moment, in s."""
    places = np.zeros(len(t_s))
    for start_s, end_s in spans:
        places += np.clip(t_s - start_s, 0.0, end_s - start_s)
    return places


def _read(value: float | None) -> float:
    return np.nan if value is None else value


def _transform(compared: ComparedMetric, values: Floats) -> Floats:
    return np.log(values) if compared.scale == "ratio" else values


def _explain_absence(compared: ComparedMetric, values: Sequence[Floats]) -> str:
    """Why the figures of two sides can't be compared; empty if they can."""
    for side, found in zip(("baseline", "candidate"), values, strict=True):
        missing = int(np.count_nonzero(~np.isfinite(found)))
        if missing:
            return f"nothing was measured in {missing} of {format_count(len(found), 'block')} of the {side}"
        if compared.scale == "ratio" and found.min() <= 0:
            return f"it was 0 in a block of the {side}, and no ratio to 0 is told"
    return ""


def _count(baseline: Sequence[object], candidate: Sequence[object]) -> FailureCounts | None:
    """Hits and trials of all blocks, where the metric is a share of requests."""
    sides = []
    for side in (baseline, candidate):
        hits = [each.hits for each in side if isinstance(each, Proportion)]
        if len(hits) < len(side):
            return None
        sides += [sum(int(np.count_nonzero(each)) for each in hits), sum(map(len, hits))]
    return FailureCounts(*sides)


def is_known(figures: BlockFigures) -> bool:
    """Whether the metric was measured at all on either side."""
    return any(isfinite(value) for side in (figures.baseline, figures.candidate) for value in side)
