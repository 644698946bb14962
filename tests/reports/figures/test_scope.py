"""An objective looks at what it names: an endpoint, a stage, any window; never at a warm-up."""

from __future__ import annotations

from collections.abc import Callable

from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.objectives.parsing import parse_objective

MakeRun = Callable[..., Run]

STAGES = (Stage("warm-up", 0.0, 10.0, judged=False), Stage("low", 10.0, 20.0), Stage("high", 20.0, 30.0))


def staged(make_run: MakeRun) -> Run:
    """300 requests: 500 ms in the warm-up, 10 in low, 20 in high; each tenth goes to `batch`, 5 ms more."""
    stage = ["warm-up"] * 100 + ["low"] * 100 + ["high"] * 100
    base = {"warm-up": 500.0, "low": 10.0, "high": 20.0}
    batch = [i % 10 == 0 for i in range(300)]
    return make_run(
        300,
        stage=stage,
        endpoint=["batch" if b else "single" for b in batch],
        latency_ms=[base[s] + 5.0 * b for s, b in zip(stage, batch, strict=True)],
        telemetry={("service", "readiness"): [(t + 0.5, float(t != 5 and t != 15)) for t in range(30)]},
        facts={"stages": STAGES},
    )


def observed(run: Run, sentence: str) -> float | None:
    return measure_objective(parse_objective(sentence), run).value


def test_a_warm_up_is_not_judged(make_run: MakeRun) -> None:
    run = staged(make_run)
    assert observed(run, "max latency <= 1 ms") == 25.0
    assert observed(run, "throughput >= 1 requests/s") == 10.0
    assert observed(run, "availability >= 99 %") == 0.95


def test_during_names_a_stage_and_on_an_endpoint(make_run: MakeRun) -> None:
    run = staged(make_run)
    assert observed(run, "p50 latency <= 1 ms during low") == 10.0
    assert observed(run, "p50 latency <= 1 ms on batch") == 15.0
    assert observed(run, "p99 latency <= 1 ms on batch during high") == 25.0
    assert observed(run, "throughput >= 1 requests/s on batch during low") == 1.0
    assert observed(run, "availability >= 1 % during high") == 1.0


def test_a_stage_that_is_a_warm_up_has_nothing_to_judge(make_run: MakeRun) -> None:
    assert observed(staged(make_run), "p99 latency <= 1 ms during warm-up") is None


def test_of_windows_the_worst_counts(make_run: MakeRun) -> None:
    """Ten slow requests in 100 s don't move p90 of the whole, but of the ten seconds they fall in."""
    run = make_run(1000, latency_ms=[300.0 if 500 <= i < 511 else 10.0 for i in range(1000)])
    assert observed(run, "p90 latency <= 1 ms") == 10.0
    assert observed(run, "p90 latency <= 1 ms in any 10 s") == 300.0
    assert observed(run, "p50 latency <= 1 ms in any 10 s") == 10.0


def test_a_rate_in_any_window_is_the_lowest_of_all_windows(make_run: MakeRun) -> None:
    """A gap of four seconds in a steady load."""
    starts = [i / 10 for i in range(1000) if not 500 <= i < 540]
    run = make_run(len(starts), intended_s=starts, latency_ms=1.0)
    assert observed(run, "throughput >= 1 requests/s in any 4 s") == 0.0
    assert observed(run, "throughput >= 1 requests/s in any 8 s") == 5.0


def test_a_window_runs_from_one_stage_into_the_next(make_run: MakeRun) -> None:
    """A slow second on either side of a border is two slow seconds in the window across it."""
    stages = (Stage("low", 0.0, 10.0), Stage("high", 10.0, 20.0))
    run = make_run(
        200, latency_ms=[300.0 if 90 <= i < 110 else 10.0 for i in range(200)], facts={"stages": stages}
    )
    assert observed(run, "p70 latency <= 1 ms in any 5 s") == 300.0


def test_a_window_longer_than_its_stage_is_the_stage(make_run: MakeRun) -> None:
    assert observed(staged(make_run), "max latency <= 1 ms during low in any 60 s") == 15.0
