"""Reads a replica from the capacity.json that `model-loadtest capacity` writes: nothing in it is assumed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

from autoscaling.replica import ReplicaModel
from configuration.errors import ConfigurationError

COLUMNS: Final = {0.5: "p50_ms", 0.9: "p90_ms", 0.95: "p95_ms", 0.99: "p99_ms", 0.999: "p999_ms"}
"""The figures of a trial, by the quantile."""


def read_measured_replica(path: Path, quantile: float) -> ReplicaModel:
    """The replica that was measured, its latency at a quantile; ConfigurationError where nothing can be said.

    The capacity is the proven rate. The most that it answers is the highest throughput that any trial or any
    number of users got. Latencies are those of the trials at rates below that.
    """
    values = _read_json(path)
    column = next((name for known, name in COLUMNS.items() if math.isclose(known, quantile)), None)
    if column is None:
        told = ", ".join(f"p{100 * known:g}" for known in COLUMNS)
        raise ConfigurationError(
            f"{path} holds the latencies {told}, not p{100 * quantile:g}: state an objective for one of these"
        )
    try:
        return _read(values, column, path)
    except (KeyError, TypeError, IndexError, AttributeError):
        _refuse(path)
    except ValueError as error:
        raise ConfigurationError(f"{path} can't be followed: {error}") from None


def _read(values: Mapping[str, Any], column: str, path: Path) -> ReplicaModel:
    capacity = values["capacity"]["at_least"]
    if capacity is None:
        raise ConfigurationError(
            f"{path}: no rate was proven to meet the objectives, so there is no capacity to go by"
        )
    trials = [each for each in values["trials"] if each["outcome"] != "invalid"]
    answered = [each["figures"]["throughput_rps"] or 0.0 for each in trials]
    answered += [each["throughput_per_s"] for each in values["ladder"]]
    saturation = max(float(capacity), *map(float, answered))
    points: dict[float, tuple[float, float]] = {}
    for each in trials:
        rate, latency, mean = each["planned_per_s"], each["figures"][column], each["figures"]["mean_ms"]
        if latency is not None and rate <= saturation:
            before = points.get(rate, (0.0, 0.0))
            points[float(rate)] = max(before[0], float(latency)), max(before[1], float(mean))
    if not points:
        raise ConfigurationError(f"{path}: no trial has answers at a rate below {saturation:g}/s")
    rates = sorted(points)
    memory = [each.get("service_memory_bytes") for each in trials]
    model = ReplicaModel(
        rates_per_s=rates,
        latencies_ms=[points[rate][0] for rate in rates],
        capacity_per_s=float(capacity),
        saturation_per_s=saturation,
        idle_cores=float(values["idle_cores"] or 0.0),
        memory_bytes=max((each for each in memory if each is not None), default=None),
        means_ms=[points[rate][1] for rate in rates],
    )
    cost = values["cpu_s_per_request"]
    return model if cost is None else replace(model, cpu_s_per_request=float(cost))


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}") from None
    except ValueError:
        _refuse(path)
    if not isinstance(values, dict):
        _refuse(path)
    return values


def _refuse(path: Path) -> NoReturn:
    raise ConfigurationError(
        f"{path} is no capacity.json: give the file that 'model-loadtest capacity' wrote, or state the "
        "replica with --service-time"
    )
