"""Reads a replica from the capacity.json that `model-loadtest capacity` writes: nothing in it is assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from autoscaling.replica import ReplicaModel
from capacity.findings import CapacityFileError, CapacityFindings, read_findings
from capacity.trials import TrialFigures
from configuration.errors import ConfigurationError

COLUMNS: Final = {0.5: "p50_ms", 0.9: "p90_ms", 0.95: "p95_ms", 0.99: "p99_ms", 0.999: "p999_ms"}
"""The figures of a trial, by the quantile."""


def read_measured_replica(path: Path, quantile: float) -> ReplicaModel:
    """The replica that was measured, its latency at a quantile; ConfigurationError where nothing can be said.

    The capacity is the proven rate. The most that it answers is the highest throughput that any trial or any
    number of users got. Latencies are those of the trials at rates below that.
    """
    column = next((name for known, name in COLUMNS.items() if math.isclose(known, quantile)), None)
    if column is None:
        told = ", ".join(f"p{100 * known:g}" for known in COLUMNS)
        raise ConfigurationError(
            f"{path} holds the latencies {told}, not p{100 * quantile:g}: state an objective for one of these"
        )
    try:
        findings = read_findings(path)
    except CapacityFileError as error:
        raise ConfigurationError(str(error)) from None
    return _make_model(findings, column, path)


def _make_model(findings: CapacityFindings, column: str, path: Path) -> ReplicaModel:
    capacity = findings.capacity.at_least
    if capacity is None:
        raise ConfigurationError(
            f"{path}: no rate was proven to meet the objectives, so there is no capacity to go by"
        )
    trials = [each for each in findings.trials if each.outcome != "invalid"]
    answered = [each.figures.throughput_rps or 0.0 for each in trials]
    answered += [each.throughput_per_s for each in findings.concurrency]
    saturation = max([capacity, *answered])
    points = _find_latencies(trials, column, saturation)
    if not points:
        raise ConfigurationError(f"{path}: no trial has answers at a rate below {saturation:g}/s")
    memory = [each.service_memory_bytes for each in trials if each.service_memory_bytes is not None]
    cost = findings.cost
    return ReplicaModel(
        rates_per_s=list(points),
        latencies_ms=[latency for latency, _ in points.values()],
        capacity_per_s=capacity,
        saturation_per_s=saturation,
        cpu_s_per_request=None if cost is None else cost.s_per_request,
        idle_cores=0.0 if cost is None else cost.idle_cores,
        memory_bytes=max(memory, default=None),
        means_ms=[mean for _, mean in points.values()],
    )


def _find_latencies(
    trials: Sequence[TrialFigures], column: str, most_per_s: float
) -> dict[float, tuple[float, float]]:
    """The latency at the quantile and its mean, in ms, by the rate, in order; of equal rates the higher."""
    points: dict[float, tuple[float, float]] = {}
    for each in sorted(trials, key=lambda each: each.planned_per_s):
        latency, mean = getattr(each.figures, column), each.figures.mean_ms
        if latency is not None and mean is not None and each.planned_per_s <= most_per_s:
            before = points.get(each.planned_per_s, (0.0, 0.0))
            points[each.planned_per_s] = max(before[0], latency), max(before[1], mean)
    return points
