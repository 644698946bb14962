"""Computes what happened second by second: planned and actual load, latency, errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats
from reports.data.percentiles import compute_percentiles
from reports.data.run import Run
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

CountsPerSecond = NDArray[np.int64]


@dataclass(frozen=True)
class Timeline:
    """One row per second from the run's start; row i covers [t_s[i], t_s[i] + 1).

    `requests` and `errors` are counted at their intended start, `sent` at the actual send, `completed` at the
    last byte. Latencies are nearest-rank percentiles in ms over answered requests, NaN in a second without
    any. Users and rates are NaN where they weren't planned or observed.
    """

    t_s: Floats
    users_planned: Floats
    users: Floats
    rate_planned: Floats
    requests: CountsPerSecond
    sent: CountsPerSecond
    completed: CountsPerSecond
    errors: CountsPerSecond
    p50_ms: Floats
    p95_ms: Floats
    p99_ms: Floats

    def __len__(self) -> int:
        return len(self.t_s)


def compute_timeline(run: Run) -> Timeline:
    """The run second by second, to the end of its plan or its last reply, whichever is later.

    What came less than half a second after the plan is in its last row.
    """
    samples, facts = run.samples, run.facts
    last_s = max(facts.duration_s, run.elapsed_s, *(stage.end_s for stage in facts.stages), 0.0)
    if len(samples):
        last_s = max(last_s, float(np.nanmax(samples.end_s, initial=0.0)), float(samples.intended_s[-1]))
    seconds = max(1, int(np.ceil(run.compute_shown_end_s(last_s))))
    t_s = np.arange(seconds, dtype=np.float64)
    p50_ms, p95_ms, p99_ms = _compute_percentiles_per_second(samples, t_s, (0.5, 0.95, 0.99))
    return Timeline(
        t_s=t_s,
        users_planned=_interpolate_plan(t_s, facts.plan.t_s, facts.plan.users),
        users=hold_last_values(t_s, run.telemetry, "users"),
        rate_planned=_interpolate_plan(t_s, facts.plan.t_s, facts.plan.rate),
        requests=count_per_second(samples.intended_s, seconds),
        sent=count_per_second(samples.sent_s, seconds),
        completed=count_per_second(samples.end_s[samples.ok], seconds),
        errors=count_per_second(samples.intended_s[samples.mark_failed(facts.expected)], seconds),
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        p99_ms=p99_ms,
    )


def count_per_second(at_s: Floats, seconds: int) -> CountsPerSecond:
    """How many of `at_s` lie in each of the first `seconds` seconds; later ones in the last, NaN in none."""
    finite = at_s[np.isfinite(at_s)]
    placed = np.clip(finite, 0, seconds - 1).astype(np.int64)
    return np.bincount(placed, minlength=seconds).astype(np.int64)


def hold_last_values(t_s: Floats, telemetry: Telemetry, name: str, source: str | None = None) -> Floats:
    """The last value of series `name` known at the end of each second; NaN before the first value."""
    at_s, value = telemetry.select_series(name, source)
    if not len(at_s):
        return np.full(len(t_s), np.nan)
    last = np.searchsorted(at_s, t_s + 1.0, side="left") - 1
    return np.where(last >= 0, value[np.maximum(last, 0)], np.nan)


def _interpolate_plan(t_s: Floats, at_s: tuple[float, ...], level: tuple[float, ...]) -> Floats:
    if not level:
        return np.full(len(t_s), np.nan)
    return np.interp(t_s, at_s, level, right=np.nan)


def _compute_percentiles_per_second(
    samples: Samples, t_s: Floats, quantiles: tuple[float, ...]
) -> NDArray[np.float64]:
    answered = samples.answered
    latency_ms = samples.latency_ms[answered]
    edges = np.searchsorted(samples.intended_s[answered], np.append(t_s, np.inf), side="left")
    found = np.full((len(quantiles), len(t_s)), np.nan)
    for second in np.flatnonzero(np.diff(edges)):
        values = latency_ms[edges[second] : edges[second + 1]]
        found[:, second] = compute_percentiles(values, quantiles, overwrite=True)
    return found
