"""A replica is read from capacity.json as it was measured; what says nothing is refused in a sentence."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from autoscaling.measured import read_measured_replica
from configuration.errors import ConfigurationError


def trial(rate: float, outcome: str, p99_ms: float | None, throughput: float) -> dict[str, Any]:
    figures = {
        "p50_ms": 10.0,
        "p95_ms": 20.0,
        "p99_ms": p99_ms,
        "mean_ms": 12.0,
        "throughput_rps": throughput,
    }
    return {"planned_per_s": rate, "outcome": outcome, "figures": figures, "service_memory_bytes": rate * 1e6}


FOUND: dict[str, Any] = {
    "version": 1,
    "capacity": {"at_least": 66.0, "less_than": 69.0},
    "cpu_s_per_request": 0.004,
    "idle_cores": 0.02,
    "trials": [
        trial(66, "proven", 140, 66),
        trial(30, "proven", 95, 30),
        trial(120, "broken", 9000, 98),
        trial(500, "invalid", 1, 100),
    ],
    "ladder": [{"users": 1, "throughput_per_s": 50}, {"users": 4, "throughput_per_s": 99}],
}


def write(folder: Path, values: Any) -> Path:
    path = folder / "capacity.json"
    path.write_text(json.dumps(values))
    return path


def test_a_replica_is_what_was_measured(tmp_path: Path) -> None:
    model = read_measured_replica(write(tmp_path, FOUND), 0.99)
    assert (model.capacity_per_s, model.saturation_per_s) == (66, 99)
    assert (model.rates_per_s, model.latencies_ms) == ([30, 66], [95, 140])
    assert (model.cpu_s_per_request, model.idle_cores, model.memory_bytes) == (0.004, 0.02, 120e6)


def test_what_was_not_observed_stays_unknown(tmp_path: Path) -> None:
    values = deepcopy(FOUND) | {"cpu_s_per_request": None, "idle_cores": None}
    for each in values["trials"]:
        each["service_memory_bytes"] = None
    model = read_measured_replica(write(tmp_path, values), 0.99)
    assert model.cpu_s_per_request is model.memory_bytes is None


@pytest.mark.parametrize(
    ("values", "quantile", "message"),
    [
        ([], 0.99, "is no capacity.json: give the file that 'model-loadtest capacity' wrote"),
        ({"version": 1}, 0.99, "is no capacity.json"),
        (FOUND | {"capacity": {"at_least": None}}, 0.99, "no rate was proven to meet the objectives"),
        (FOUND | {"trials": []}, 0.99, "no trial has answers at a rate below 99/s"),
        (FOUND, 0.97, "holds the latencies p50, p90, p95, p99, p99.9, not p97"),
    ],
)
def test_what_says_nothing_is_refused(tmp_path: Path, values: Any, quantile: float, message: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_measured_replica(write(tmp_path, values), quantile)
    assert message in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_measured_replica(tmp_path / "capacity.json", 0.99)
