"""The goals of the service, and how the results of the benchmark compare with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.service.results import ServiceResults
from benchmarks.service.services import CONSTANT, DATAFRAME, PEERS, SUITE


@dataclass(frozen=True)
class Goal:
    """A goal of the service and the measured figure; None if a service that it needs was absent."""

    text: str
    measured: float | None
    reached: Callable[[float], bool]
    per_cpu: float | None = None
    """The same ratio per second of processor time, for goals about throughput."""


def judge_goals(results: ServiceResults) -> list[Goal]:
    """Compare each goal with the results; throughput counts at the worse number of connections."""

    def rate(text: str, names: Sequence[str], least: float) -> Goal:
        per_second = results.least_ratio(names)
        return Goal(text, per_second, _least(least), results.least_ratio(names, "per_cpu_second"))

    _, p99, p999 = results.latency_ratio(SUITE) or (None, None, None)
    return [
        rate("at least 3 × the best of LitServe, MLServer, BentoML", PEERS, 3),
        rate("at least 20 × the DataFrame form", [DATAFRAME], 20),
        rate("at least 0.75 of the constant route", [CONSTANT], 0.75),
        Goal("one connection: p50 at most the stock service's", results.lone_of_stock(), _most(1)),
        Goal("open model, p99 at most 2 × the constant reply's", p99, _most(2)),
        Goal("open model, p99.9 at most 3 × the constant reply's", p999, _most(3)),
        Goal("batch endpoint: rows/s at least 30 × stock requests/s", results.batch_of_stock(), _least(30)),
        Goal("batch endpoint: at least 0.2 of the model's own limit", results.batch_of_model(), _least(0.2)),
    ]


def _least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def _most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit
