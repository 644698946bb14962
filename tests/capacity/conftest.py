"""Findings for tests: a service that carries 100 requests/s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from capacity.findings import CapacityFindings, ConcurrencyStep, DownwardStep
from capacity.scalability import ScalabilityFit
from capacity.search import CapacityBracket, TrialOutcome
from capacity.trials import LatencyParts, TrialFigures
from reports.figures.figures import Figures


def make_trial(
    rate: float,
    outcome: TrialOutcome = "proven",
    *,
    p99_ms: float = 40,
    cores: float | None = None,
    reason: str = "every objective is proven",
) -> TrialFigures:
    """A trial in which each request took 5 ms of a processor, and the service 0.05 cores without any."""
    return TrialFigures(
        folder=f"trial-at-{rate:g}",
        planned_per_s=rate,
        outcome=outcome,
        reason=reason,
        seconds=60,
        figures=make_figures(rate, p99_ms),
        growth_per_s=0.0,
        steady_from_s=1.5,
        typical=LatencyParts(0.1, 1, 4, 0.5),
        slow=LatencyParts(0.2, p99_ms - 10, 8, 1.8),
        service_cores=0.05 + 0.005 * rate if cores is None else cores,
        service_memory_bytes=200 * 2**20,
        generator_cores=0.1,
    )


def make_figures(rate: float, p99_ms: float) -> Figures:
    count = round(60 * rate)
    return Figures(
        count, count, 0, 0, 0.0, 5.6, 20, 30, p99_ms, 2 * p99_ms, 8, 2, 3 * p99_ms, 5.5, p99_ms, rate,
        rate + 20, count, rate, 100 * count, 200 * count,
    )  # fmt: skip


@pytest.fixture(scope="session")
def findings() -> CapacityFindings:
    """A whole search."""
    users, rates = [1, 2, 4, 8, 16, 32], [50.0, 90, 140, 170, 175, 165]
    return CapacityFindings(
        scenario="predictions",
        host="http://127.0.0.1:8000",
        started_at="2026-01-05T10:00:00Z",
        objectives=("p99 latency <= 150 ms",),
        precision=0.05,
        capacity=CapacityBracket(100.0, 112.0, (106.0,), 0.95, "the rates between could not be decided"),
        trials=(
            make_trial(80, p99_ms=40),
            make_trial(120, "broken", p99_ms=400, reason="p99 latency was 400 ms, limit 150 ms"),
            make_trial(100, p99_ms=90),
            make_trial(112, "broken", p99_ms=210, reason="p99 latency was 210 ms, limit 150 ms"),
            make_trial(106, "open", p99_ms=150, reason="not decided: p99 latency <= 150 ms"),
        ),
        held_out=make_trial(60, p99_ms=30),
        downward=tuple(DownwardStep(rate, True, 40.0) for rate in (100, 80, 60, 40)),
        concurrency=tuple(
            ConcurrencyStep(count, rate, 1000 * count / rate)
            for count, rate in zip(users, rates, strict=True)
        ),
        scalability=ScalabilityFit(
            50.2,
            0.02,
            0.006,
            ((45.0, 56.0), (0.0, 0.09), (0.003, 0.009)),
            0.95,
            (0.01, -0.02, 0.0, 0.0, 0.01, 0.0),
        ),
        machine={"cores": "4", "processor": "some processor"},
    )


def _leave_open(found: CapacityFindings, ended: str) -> CapacityFindings:
    """The same where no rate was broken."""
    kept = tuple(trial for trial in found.trials if trial.outcome == "proven")
    return replace(
        found,
        capacity=replace(found.capacity, less_than=None, open_per_s=(), ended=ended),
        trials=kept,
        held_out=None,
        downward=(),
    )


@pytest.fixture(scope="session")
def without_upper_bound() -> Callable[[CapacityFindings, str], CapacityFindings]:
    """Findings as those given, where no rate was broken."""
    return _leave_open
