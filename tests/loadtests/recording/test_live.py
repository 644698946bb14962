"""The figures shown while a run goes on: near the truth, of the asked-for part, and never judged."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from loadtests.recording.live import LiveFigures
from loadtests.recording.row import KIND_CODES, OUTCOME_CODES, ROW_DTYPE
from loadtests.recording.sample_writer import SampleBatch
from reports.data.facts import Facts, Stage
from reports.data.percentiles import compute_percentile, compute_rank
from reports.objectives.parsing import parse_objectives

STAGES = (
    Stage("warm-up", 0.0, 10.0, judged=False),
    Stage("low", 10.0, 20.0),
    Stage("high", 20.0, 30.0),
)


def batch(
    latency_ms: Any, stage: int = 1, outcome: str = "ok", status: int = 200, endpoint: int = 0
) -> SampleBatch:
    values = np.atleast_1d(np.asarray(latency_ms, dtype=float))
    rows = np.zeros(len(values), dtype=ROW_DTYPE)
    rows["intended_s"] = STAGES[stage].start_s + np.arange(len(values)) / 10
    rows["latency_ms"] = values
    rows["outcome"] = OUTCOME_CODES[outcome]
    rows["kind"] = KIND_CODES["realistic"]
    rows["status"] = status
    rows["rows"] = 10
    rows["endpoint"] = endpoint
    return SampleBatch(rows, np.full(len(values), stage, dtype=np.int16), ["prediction", "batch"])


def live(*objectives: str, expected: tuple[str, ...] = ()) -> LiveFigures:
    facts = Facts(
        "steps",
        "",
        "closed",
        "http://127.0.0.1:1",
        "2026-01-01T00:00:00Z",
        STAGES,
        objectives,
        expected=expected,
    )
    return LiveFigures(facts, parse_objectives(objectives))


def observed(figures: LiveFigures, t_s: float = 30.0) -> dict[str, float | None]:
    return {str(standing.objective): standing.observed for standing in figures.list_standings(t_s)}


def test_percentiles_are_within_a_percent() -> None:
    percents = ("7", "50", "55", "95", "99", "99.9")
    figures = live(*(f"p{percent} latency <= 1 s" for percent in percents))
    values = np.random.default_rng(7).lognormal(3.0, 1.0, 20_000)
    for part in np.array_split(values, 50):
        figures.add(batch(part), 12.0)
    seen = observed(figures)
    for percent in percents:
        exact = compute_percentile(values, Fraction(percent) / 100)
        assert seen[f"p{percent} latency <= 1 s"] == pytest.approx(exact / 1000, rel=0.02)
    assert figures.compute_totals().p99_ms == pytest.approx(compute_percentile(values, 0.99), rel=0.02)


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 1), (4, 2), (8, 3), (20, 6), (100, 30)])
def test_a_live_percentile_is_of_the_same_rank_as_the_judged_one(count: int, rank: int) -> None:
    """The histogram's own rank would be the nearest whole number: of four requests, p30 the first."""
    figures = live("p30 latency <= 1 s")
    figures.add(batch(10.0 * np.arange(1.0, count + 1)), 12.0)
    assert compute_rank(0.3, count) == rank
    assert observed(figures)["p30 latency <= 1 s"] == pytest.approx(rank / 100, rel=0.01)


def test_warm_up_is_left_out_and_scopes_are_kept() -> None:
    figures = live(
        "max latency <= 1 s",
        "max latency <= 1 s during low",
        "max latency <= 1 s on batch",
        "p50 latency <= 1 s",
    )
    figures.add(batch([900.0], stage=0), 1.0)
    figures.add(batch([10.0, 20.0, 30.0], stage=1), 15.0)
    figures.add(batch([40.0], stage=2, endpoint=1), 25.0)
    seen = observed(figures)
    assert seen["max latency <= 1 s"] == pytest.approx(0.040, rel=0.02)
    assert seen["max latency <= 1 s during low"] == pytest.approx(0.030, rel=0.02)
    assert seen["max latency <= 1 s on batch"] == pytest.approx(0.040, rel=0.02)
    assert seen["p50 latency <= 1 s"] == pytest.approx(0.020, rel=0.02)


def test_errors_statuses_and_rates_are_counted() -> None:
    figures = live(
        "error rate <= 1 %",
        "status 503 <= 0",
        "throughput >= 1 requests/s",
        "throughput >= 1 rows/s",
        "peak throughput >= 1 requests/s",
        expected=("shed",),
    )
    figures.add(batch([1.0] * 20, stage=1), 15.0)
    figures.add(batch([1.0] * 5, stage=2, outcome="http_5xx", status=500), 22.0)
    figures.add(batch([1.0] * 3, stage=2, outcome="shed", status=503), 22.0)
    seen = observed(figures, t_s=30.0)
    assert seen["error rate <= 1 %"] == pytest.approx(100 * 5 / 28)
    assert seen["status 503 <= 0"] == 3
    assert seen["throughput >= 1 requests/s"] == pytest.approx(1.0)
    assert seen["throughput >= 1 rows/s"] == pytest.approx(10.0)
    assert seen["peak throughput >= 1 requests/s"] == 10


def test_a_standing_says_whether_the_limit_is_kept_so_far() -> None:
    figures = live("p99 latency <= 100 ms", "error rate <= 0 %", "availability >= 99 %")
    assert [standing.kept for standing in figures.list_standings(1.0)] == [None, None, None]
    figures.add(batch([250.0] * 5), 12.0)
    assert [standing.kept for standing in figures.list_standings(12.0)] == [False, True, None]


def test_dropped_and_failed_requests_are_not_in_the_latency() -> None:
    figures = live("max latency <= 1 s")
    figures.add(batch([5.0]), 12.0)
    figures.add(batch([math.nan], outcome="dropped", status=0), 12.0)
    figures.add(batch([900.0], outcome="http_5xx", status=500), 12.0)
    assert observed(figures)["max latency <= 1 s"] == pytest.approx(0.005)
    assert figures.compute_totals().requests == 3
    assert figures.compute_totals().errors == 2
    assert figures.compute_totals().p99_ms == pytest.approx(5.0, rel=0.02)


def test_before_the_first_judged_request_nothing_is_known() -> None:
    figures = live("status 503 <= 0", "throughput >= 1 requests/s")
    figures.add(batch([900.0], stage=0), 1.0)
    assert figures.compute_totals() == (0, 0, None)
    assert [standing.kept for standing in figures.list_standings(1.0)] == [None, None]


def test_the_rate_is_of_the_last_seconds() -> None:
    figures = live()
    figures.add(batch([1.0] * 100), 1.0)
    figures.add(batch([1.0] * 10), 20.0)
    assert figures.estimate_rate(20.0) == pytest.approx(2.0)


COUNTING = """
import sys
import numpy as np
from loadtests.recording.live import LiveFigures
from loadtests.recording.row import ROW_DTYPE
from loadtests.recording.sample_writer import SampleBatch
from loadtests.session.abort import AbortCondition
from reports.data.facts import Facts, Stage
from reports.objectives.parsing import parse_objectives
objectives = parse_objectives(["p99 latency <= 1 s", "error rate <= 1 %", "peak throughput >= 1 requests/s"])
facts = Facts("s", "", "closed", "http://127.0.0.1:1", "", (Stage("all", 0.0, 9.0),), ())
counting = [LiveFigures(facts, objectives), AbortCondition(objectives[0], facts)]
batch = SampleBatch(np.zeros(9, dtype=ROW_DTYPE), np.zeros(9, dtype=np.int16), ["prediction"])
counting[0].add(batch, 1.0)
counting[1].add(batch)
print(sorted({"pandas", "scipy", "matplotlib"} & set(sys.modules)))
"""


def test_counting_brings_no_heavy_library_into_the_generators_process() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
