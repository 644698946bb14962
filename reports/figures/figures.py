"""Computes the figures of a set of requests: counts, latencies, rates and bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.facts import Stage
from reports.data.percentiles import compute_percentiles
from reports.data.run import Run
from reports.data.samples import Samples
from reports.objectives.measurements import Peak

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class Figures:
    """The figures of a set of requests; latencies in ms over answered requests, None if there are none.

    `errors` includes the `dropped` ones; `throughput_rps` is successful replies divided by the planned
    duration, `peak_rps` the most of them completed in any sliding second.
    """

    requests: int
    ok: int
    errors: int
    dropped: int
    error_rate: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    mean_ms: float | None
    min_ms: float | None
    max_ms: float | None
    service_p50_ms: float | None
    service_p99_ms: float | None
    throughput_rps: float | None
    peak_rps: float
    rows: int
    rows_per_s: float | None
    request_bytes: int
    response_bytes: int


@dataclass(frozen=True)
class StageFigures:
    """A stage and the figures of its requests."""

    name: str
    start_s: float
    end_s: float
    judged: bool
    users: float | None
    """The most users planned in it; None if no users were planned."""
    mean_users: float | None
    """The mean number of users that were observed in it; None if they were not observed."""
    rate: float | None
    """The highest planned rate in requests/s; None if no rate was planned."""
    figures: Figures


def compute_figures(samples: Samples, duration_s: float, expected: tuple[str, ...] = ()) -> Figures:
    """The figures of `samples` over a planned duration; `expected` outcomes are no errors."""
    requests, ok = len(samples), samples.ok
    succeeded = int(np.count_nonzero(ok))
    errors = int(np.count_nonzero(samples.mark_failed(expected)))
    rows = int(samples.rows[ok].sum(dtype=np.int64))
    answered = samples.answered
    p50, p90, p95, p99, p999, mean, low, high = _summarise_latency(samples.latency_ms, answered)
    service_p50, _, _, service_p99, *_ = _summarise_latency(samples.service_ms, answered)
    return Figures(
        requests=requests,
        ok=succeeded,
        errors=errors,
        dropped=int(np.count_nonzero(samples.outcome.equal("dropped"))),
        error_rate=errors / requests if requests else None,
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        p999_ms=p999,
        mean_ms=mean,
        min_ms=low,
        max_ms=high,
        service_p50_ms=service_p50,
        service_p99_ms=service_p99,
        throughput_rps=succeeded / duration_s if duration_s > 0 else None,
        peak_rps=Peak.from_samples(samples).value,
        rows=rows,
        rows_per_s=rows / duration_s if duration_s > 0 else None,
        request_bytes=int(samples.request_bytes.sum(dtype=np.int64)),
        response_bytes=int(samples.response_bytes.sum(dtype=np.int64)),
    )


def compute_stage_figures(run: Run) -> tuple[StageFigures, ...]:
    """The figures of each stage, warm-up included, in the order of the plan."""
    facts = run.facts
    return tuple(
        StageFigures(
            stage.name,
            stage.start_s,
            stage.end_s,
            stage.judged,
            users=_find_highest(facts.plan.t_s, facts.plan.users, stage.start_s, stage.end_s),
            mean_users=_compute_mean(run, "users", stage),
            rate=_find_highest(facts.plan.t_s, facts.plan.rate, stage.start_s, stage.end_s),
            figures=compute_figures(
                run.samples.select(run.samples.stage.equal(stage.name)),
                run.compute_length_s(stage),
                facts.expected,
            ),
        )
        for stage in facts.stages
    )


def _summarise_latency(values: Floats, rows: Mask) -> tuple[float | None, ...]:
    chosen = values[rows & np.isfinite(values)]
    if not len(chosen):
        return (None,) * (len(QUANTILES) + 3)
    mean, low, high = float(chosen.mean()), float(chosen.min()), float(chosen.max())
    return (*compute_percentiles(chosen, QUANTILES, overwrite=True), mean, low, high)


def _compute_mean(run: Run, name: str, stage: Stage) -> float | None:
    t_s, values = run.telemetry.select_series(name)
    inside = values[(t_s >= stage.start_s) & (t_s < stage.end_s)]
    return float(inside.mean()) if len(inside) else None


def _find_highest(
    t_s: tuple[float, ...], level: tuple[float, ...], start_s: float, end_s: float
) -> float | None:
    if not level:
        return None
    inside = [value for t, value in zip(t_s, level, strict=True) if start_s <= t < end_s]
    return max(inside, default=float(np.interp(start_s, t_s, level)))
