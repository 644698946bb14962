"""A replica is read from capacity.json as it was measured; what says nothing is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from autoscaling.measured import read_measured_replica
from capacity.findings import CapacityFindings, ConcurrencyStep
from capacity.search import CapacityBracket, TrialOutcome
from capacity.trials import TrialFigures
from configuration.errors import ConfigurationError
from reports.figures.figures import Figures


def trial(rate: float, outcome: TrialOutcome, p99_ms: float | None, throughput: float) -> TrialFigures:
    """A trial whose service used 20 thousandths of a core and four a request, and a megabyte a request."""
    figures = Figures(
        **dict.fromkeys(
            ("requests", "ok", "errors", "dropped", "rows", "request_bytes", "response_bytes"), 0
        ),
        **dict.fromkeys(("error_rate", "p90_ms", "p999_ms", "min_ms", "max_ms", "rows_per_s")),
        **dict.fromkeys(("service_p50_ms", "service_p99_ms")),
        p50_ms=10.0,
        p95_ms=20.0,
        p99_ms=p99_ms,
        mean_ms=12.0,
        throughput_rps=throughput,
        peak_rps=throughput,
    )
    return TrialFigures(
        folder="run",
        planned_per_s=rate,
        outcome=outcome,
        reason="",
        seconds=60,
        figures=figures,
        growth_per_s=None,
        steady_from_s=None,
        typical=None,
        slow=None,
        service_cores=0.02 + 0.004 * throughput,
        service_memory_bytes=rate * 1e6,
        generator_cores=None,
    )


TRIALS = (
    trial(66, "proven", 140, 66),
    trial(30, "proven", 95, 30),
    trial(120, "broken", 9000, 98),
    trial(500, "invalid", 1, 100),
)
FOUND = CapacityFindings(
    scenario="steady",
    host="http://127.0.0.1:8000",
    started_at="2026-01-01T00:00:00Z",
    objectives=("p99 latency <= 150 ms",),
    precision=0.05,
    capacity=CapacityBracket(66, 69, (), 0.95, "the bracket is as narrow as was asked for"),
    trials=TRIALS,
    held_out=None,
    downward=(),
    concurrency=(ConcurrencyStep(1, 50, 10), ConcurrencyStep(4, 99, 40)),
    scalability=None,
    machine={},
)


def write(folder: Path, found: CapacityFindings) -> Path:
    path = folder / "capacity.json"
    path.write_text(json.dumps(found.to_json()))
    return path


def test_a_replica_is_what_was_measured(tmp_path: Path) -> None:
    model = read_measured_replica(write(tmp_path, FOUND), 0.99)
    assert (model.capacity_per_s, model.saturation_per_s) == (66, 99)
    assert (model.rates_per_s, model.latencies_ms) == ([30, 66], [95, 140])
    assert (model.cpu_s_per_request, model.idle_cores) == (pytest.approx(0.004), pytest.approx(0.02))
    assert model.memory_bytes == 120e6


def test_what_was_not_observed_stays_unknown(tmp_path: Path) -> None:
    unseen = tuple(replace(each, service_cores=None, service_memory_bytes=None) for each in TRIALS)
    model = read_measured_replica(write(tmp_path, replace(FOUND, trials=unseen)), 0.99)
    assert model.cpu_s_per_request is model.memory_bytes is None


@pytest.mark.parametrize(
    ("found", "quantile", "message"),
    [
        (
            replace(FOUND, capacity=CapacityBracket(None, 30, (), 0.95, "")),
            0.99,
            "no rate was proven to meet the objectives",
        ),
        (replace(FOUND, trials=()), 0.99, "no trial has answers at a rate below 99/s"),
        (FOUND, 0.97, "holds the latencies p50, p90, p95, p99, p99.9, not p97"),
    ],
)
def test_what_says_nothing_is_refused(
    tmp_path: Path, found: CapacityFindings, quantile: float, message: str
) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_measured_replica(write(tmp_path, found), quantile)
    assert message in str(told.value)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}'])
def test_a_file_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "capacity.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="is no file that model-loadtest capacity has written"):
        read_measured_replica(path, 0.99)
