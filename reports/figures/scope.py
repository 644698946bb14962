"""Measures an objective over its part of a run: an endpoint, a stage, any window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reports.data.run import Run
from reports.data.telemetry import Telemetry
from reports.objectives.measurements import Measurement, PointEstimate
from reports.objectives.metric import Scope
from reports.objectives.objective import Objective


def measure_objective(objective: Objective, run: Run) -> Measurement:
    """The objective's metric over its part of the run; over the worst window if it is about any window."""
    whole = select_scope(objective, run)
    if objective.window_s is None:
        return objective.measure(whole)
    worst: tuple[float, float] | None = None
    for start_s, window in _cut_windows(whole, objective.window_s, run.list_spans(objective.during)):
        value = objective.measure(window).value
        if value is not None and (worst is None or _is_worse(objective, value, worst[0])):
            worst = value, start_s
    value, at_s = worst or (None, None)
    return PointEstimate(value, len(whole.samples), at_s=at_s)


def _is_worse(objective: Objective, value: float, than: float) -> bool:
    return value < than if objective.is_minimum else value > than


def select_scope(objective: Objective, run: Run) -> Scope:
    """The judged requests of the objective's endpoint and stage, and the telemetry of that time."""
    samples = objective.select(run.judged)
    spans = run.list_spans(objective.during)
    duration_s = sum(end - start for start, end in spans)
    start_s = spans[0][0] if spans else 0.0
    return Scope(samples, _select_within(run.telemetry, spans), run.facts, duration_s, start_s)


def _select_within(telemetry: Telemetry, spans: tuple[tuple[float, float], ...]) -> Telemetry:
    inside = np.zeros(len(telemetry), dtype=np.bool_)
    for start_s, end_s in spans:
        inside |= (telemetry.t_s >= start_s) & (telemetry.t_s < end_s)
    return telemetry[inside]


def _cut_windows(
    whole: Scope, window_s: float, spans: tuple[tuple[float, float], ...]
) -> Iterator[tuple[float, Scope]]:
    """Windows with their starts: one at each whole second of a span, and one that ends with the span."""
    for start_s, end_s in spans:
        starts = start_s + np.arange(max(1, int(end_s - start_s - window_s) + 1))
        if starts[-1] + window_s < end_s:
            starts = np.append(starts, end_s - window_s)
        edges = np.stack((starts, starts + window_s))
        # a late request of the warm-up belongs to the first window
        begun_s = np.maximum(whole.samples.intended_s, whole.start_s)
        requests = np.searchsorted(begun_s, edges, side="left")
        observed = np.searchsorted(whole.telemetry.t_s, edges, side="left")
        for start, (first, last), (before, after) in zip(starts, requests.T, observed.T, strict=True):
            samples, telemetry = whole.samples[first:last], whole.telemetry[before:after]
            yield float(start), Scope(samples, telemetry, whole.facts, window_s, float(start))
