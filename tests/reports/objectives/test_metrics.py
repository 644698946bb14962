"""Metrics: known answers over requests written by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.facts import Stage
from reports.data.run import Run
from reports.data.telemetry import ECHOED, NO_READINESS_PATH
from reports.figures.scope import measure_objective
from reports.objectives.parsing import parse_objective

MakeRun = Callable[..., Run]


def value(run: Run, name: str) -> float | None:
    """What is observed of a metric, in its base unit; the limit doesn't matter."""
    limits = {
        "latency": "1 ms",
        "time": "1 ms",
        "rate": "1 %",
        "errors": "1 per 100 requests",
        "load": "1 %",
        "answers": "1 per 100",
        "drift": "1 %/h",
        "growth": "1 MiB/h",
    }
    limit = limits.get(name.split()[-1], "1")
    sign = ">=" if name in ("offered load", "availability") else "<="
    if name == "availability":
        limit = "1 %"
    if "throughput" in name:
        name, unit = name.rsplit(" ", 1)
        sign, limit = ">=", f"1 {unit}"
    return measure_objective(parse_objective(f"{name} {sign} {limit}"), run).value


def test_percentiles_of_one_to_a_hundred(make_run: MakeRun) -> None:
    run = make_run(100, latency_ms=[float(i) for i in range(1, 101)], service_ms=5.0)
    assert value(run, "p50 latency") == 50.0
    assert value(run, "p99 latency") == 99.0
    assert value(run, "p99.5 latency") == 100.0
    assert value(run, "p7 latency") == 7.0, "though 0.07 × 100 is more than 7 in floating point"
    assert value(run, "p55 latency") == 55.0
    assert value(run, "mean latency") == 50.5
    assert value(run, "max latency") == 100.0
    assert value(run, "p99 service time") == value(run, "mean service time") == 5.0
    assert value(run, "max service time") == 5.0


def test_a_failed_request_is_in_the_error_rate_only_a_timeout_in_both(make_run: MakeRun) -> None:
    outcomes = ["ok"] * 7 + ["http_5xx", "timeout", "dropped"]
    latencies = [10.0] * 7 + [900.0, 10_000.0, None]
    run = make_run(10, outcome=outcomes, latency_ms=latencies, status=[200] * 7 + [500, 0, 0])
    assert value(run, "max latency") == 10_000.0
    assert value(run, "p50 latency") == 10.0
    assert value(run, "error rate") == 0.3
    assert value(run, "errors") == 0.3


def test_wrong_answers_are_a_share_of_those_that_were_compared(make_run: MakeRun) -> None:
    kinds = ["probe", "probe", "probe", "invalid", "realistic", "realistic", "realistic", "realistic"]
    endpoints = ["a", "a", "a", "a", "a", "a", "echo", "echo"]
    outcomes = ["ok", "wrong_answer", "timeout", "ok", "ok", "ok", "ok", "ok"]
    reply = {"fields": {"id": {"equals": "{id}"}}}
    resolved = {"traffic": {"endpoints": [{"name": "a", "reply": None}, {"name": "echo", "reply": reply}]}}
    run = make_run(8, kind=kinds, endpoint=endpoints, outcome=outcomes, facts={"resolved": resolved})
    assert value(run, "wrong answers") == 1 / 5
    assert measure_objective(parse_objective("wrong answers <= 1 %"), run).value == 1 / 5


@pytest.mark.parametrize(("seen", "share"), [(False, None), (True, 0.0)])
def test_an_optional_echo_that_never_came_was_not_compared(
    make_run: MakeRun, seen: bool, share: float | None
) -> None:
    reply = {"fields": {"id": {"equals": "{id}", "optional": True}}}
    facts = {"resolved": {"traffic": {"endpoints": [{"name": "echo", "reply": reply}]}}}
    telemetry = {("generator", f"{ECHOED} echo"): [(1.0, 3.0)]} if seen else {}
    run = make_run(4, endpoint="echo", facts=facts, telemetry=telemetry)
    assert value(run, "wrong answers") == share


def test_no_answer_compared_is_no_figure(make_run: MakeRun) -> None:
    assert value(make_run(5), "wrong answers") is None


def test_an_expected_outcome_is_no_error(make_run: MakeRun) -> None:
    run = make_run(4, outcome=["ok", "shed", "shed", "http_4xx"], facts={"expected": ("shed",)})
    assert value(run, "error rate") == 0.25


def test_replies_are_counted_by_their_status(make_run: MakeRun) -> None:
    run = make_run(4, status=[200, 503, 503, 504], outcome=["ok", "shed", "http_5xx", "http_5xx"])
    assert value(run, "status 503") == 2
    assert value(run, "status 404") == 0


def test_throughput_is_successful_replies_by_the_planned_duration(make_run: MakeRun) -> None:
    """A run whose last reply came early, or late, doesn't look faster or slower for it."""
    run = make_run(
        30,
        outcome=["ok"] * 24 + ["http_5xx"] * 6,
        rows=10,
        facts={"planned_s": 12.0, "ended_s": 12.4, "stages": ()},
    )
    assert value(run, "throughput requests/s") == 2.0
    assert value(run, "throughput rows/s") == 20.0


def test_peak_throughput_is_of_any_second_not_of_calendar_seconds(make_run: MakeRun) -> None:
    """Three replies at 0.6 s and three at 1.4 s make six within a second, three in each calendar one."""
    run = make_run(6, intended_s=[0.6, 0.6, 0.6, 1.4, 1.4, 1.4], latency_ms=0.0, rows=[1, 1, 1, 4, 4, 4])
    assert value(run, "peak throughput requests/s") == 6
    assert value(run, "peak throughput rows/s") == 15


def test_replies_exactly_a_second_apart_share_no_second(make_run: MakeRun) -> None:
    run = make_run(30, intended_s=[i / 10 for i in range(30)], latency_ms=0.7)
    assert value(run, "peak throughput requests/s") == 10


def test_a_reply_counts_where_it_ends_and_only_if_it_succeeded(make_run: MakeRun) -> None:
    run = make_run(4, intended_s=[0.0, 1.0, 2.0, 3.0], latency_ms=[3100.0, 2100.0, 1100.0, 100.0])
    assert value(run, "peak throughput requests/s") == 4
    failing = make_run(4, intended_s=0.0, outcome=["ok", "ok", "timeout", "http_5xx"])
    assert value(failing, "peak throughput requests/s") == 2


@given(
    starts=st.lists(st.integers(0, 5_000_000), min_size=1, max_size=60),
    weights=st.lists(st.integers(1, 9), min_size=60, max_size=60),
)
def test_the_peak_agrees_with_counting_every_window(
    make_run: MakeRun, starts: list[int], weights: list[int]
) -> None:
    starts.sort()
    rows = weights[: len(starts)]
    run = make_run(len(starts), intended_s=[start / 1e6 for start in starts], latency_ms=0.0, rows=rows)
    windows = [[j for j, other in enumerate(starts) if 0 <= other - start < 1_000_000] for start in starts]
    assert value(run, "peak throughput requests/s") == max(len(window) for window in windows)
    assert value(run, "peak throughput rows/s") == max(sum(rows[j] for j in window) for window in windows)


def test_the_offered_load_is_what_was_recorded_or_else_what_was_not_dropped(make_run: MakeRun) -> None:
    dropped = ["ok"] * 9 + ["dropped"]
    assert value(make_run(10, facts={"offered": 0.82}), "offered load") == 0.82
    assert value(make_run(10, outcome=dropped, facts={"model": "open"}), "offered load") == 0.9
    assert value(make_run(10), "offered load") is None


def test_availability_is_the_share_of_probes_that_found_the_service_ready(make_run: MakeRun) -> None:
    probes = [(t + 0.5, float(t != 3)) for t in range(10)]
    assert value(make_run(100, telemetry={("service", "readiness"): probes}), "availability") == 0.9
    assert value(make_run(100), "availability") is None


@pytest.mark.parametrize(("ready", "availability"), [(0.0, None), (1.0, 2 / 3)])
def test_where_there_is_no_readiness_path_nothing_is_available_or_not(
    make_run: MakeRun, ready: float, availability: float | None
) -> None:
    """One failure among replies of 404 says nothing; a path that was ready once is there. No row is lost."""
    telemetry = {
        ("service", "readiness"): [(0.5, 0.0), *[(each, ready) for each in (2.5, 3.5) if ready]],
        ("service", NO_READINESS_PATH): [(1.5, 1.0)],
    }
    run = make_run(100, telemetry=telemetry)
    assert value(run, "availability") == availability
    assert len(run.telemetry) == sum(map(len, telemetry.values()))


@pytest.mark.parametrize("name", ["p99 latency", "mean latency", "max latency", "error rate", "status 503"])
def test_without_a_request_nothing_is_observed(make_run: MakeRun, name: str) -> None:
    assert value(make_run(0), name) is None


def test_without_an_answer_there_is_no_latency_but_an_error_rate(make_run: MakeRun) -> None:
    run = make_run(3, outcome="refused", status=0, latency_ms=0.3)
    assert value(run, "p99 latency") is None
    assert value(run, "error rate") == 1.0
    assert value(run, "peak throughput requests/s") == 0.0


@given(order=st.permutations(range(12)))
def test_the_order_of_recording_changes_no_figure(make_run: MakeRun, order: list[int]) -> None:
    starts = [0.0, 0.0, 0.1, 0.4, 0.5, 0.5, 0.5, 1.1, 1.2, 1.3, 2.0, 2.0]
    latencies = [float(i * i) for i in range(12)]
    outcomes = ["ok"] * 10 + ["timeout", "http_5xx"]
    names = ("p95 latency", "mean latency", "error rate", "peak throughput requests/s", "throughput rows/s")

    def figures(rows: list[int]) -> list[float | None]:
        run = make_run(
            12,
            intended_s=[starts[i] for i in rows],
            latency_ms=[latencies[i] for i in rows],
            outcome=[outcomes[i] for i in rows],
        )
        return [value(run, name) for name in names]

    assert figures(order) == figures(list(range(12)))


def test_goodput_is_a_share_of_the_calibrated_capacity(make_run: MakeRun) -> None:
    outcomes = ["ok"] * 60 + ["shed"] * 40
    run = make_run(100, outcome=outcomes, facts={"capacity_per_s": 8.0, "expected": ("shed",)})
    assert measure_objective(parse_objective("goodput >= 50 %"), run).value == pytest.approx(6.0 / 8.0)
    assert measure_objective(parse_objective("shed share <= 50 %"), run).value == pytest.approx(0.4)
    assert measure_objective(parse_objective("error rate <= 0 %"), run).value == 0.0
    assert measure_objective(parse_objective("goodput >= 50 %"), make_run(100)).value is None


def test_recovery_ends_with_the_last_request_that_was_not_answered(make_run: MakeRun) -> None:
    stages = (Stage("overload", 0.0, 5.0), Stage("recovery", 5.0, 10.0))
    intended_s = np.arange(100) / 10
    outcome = np.where(intended_s < 6.25, "shed", "ok")
    run = make_run(
        100,
        outcome=outcome,
        stage=np.where(intended_s < 5.0, "overload", "recovery"),
        facts={"stages": stages, "expected": ("shed",)},
    )
    recovery = parse_objective("recovery time <= 5 s during recovery")
    assert measure_objective(recovery, run).value == pytest.approx(1200.0)
    assert measure_objective(recovery, make_run(100, stage="recovery", facts={"stages": stages})).value == 0.0


def observe(growing: float, seconds: int = 600) -> list[tuple[float, float]]:
    """A memory in MiB, once a second."""
    return [(second + 0.5, 100 + growing * second) for second in range(seconds)]


def test_a_drift_is_the_share_by_which_a_percentile_grows_in_an_hour(make_run: MakeRun) -> None:
    """Of ten minutes: from 9.5 to 10.5 ms around 10, which is 60 % in an hour."""
    run = make_run(6000, latency_ms=np.linspace(9.5, 10.5, 6000))
    assert value(run, "p50 drift") == pytest.approx(0.6, rel=0.01)
    assert value(run, "p99 drift") == pytest.approx(0.6, rel=0.01)
    assert value(make_run(1000, latency_ms=np.linspace(9, 11, 1000)), "p99 drift") is None


def test_a_drift_is_of_answered_requests_in_the_order_of_their_start(make_run: MakeRun) -> None:
    latencies = np.where(np.arange(6000) % 3, np.linspace(9.5, 10.5, 6000), 900.0)
    failing = np.where(np.arange(6000) % 3, "ok", "http_5xx")
    run = make_run(6000, latency_ms=latencies, outcome=failing)
    assert value(run, "p50 drift") == pytest.approx(0.6, rel=0.01)


def test_a_growth_of_memory_is_that_of_all_processes_together(make_run: MakeRun) -> None:
    """0.01 and 0.03 MiB a second are 144 MiB an hour; a master generates no load."""
    lag = [(second + 0.5, 0.1) for second in range(600)]
    run = make_run(
        6000,
        telemetry={
            ("service", "memory_mib"): observe(0.005),
            ("worker 1", "memory_mib"): observe(0.01),
            ("worker 2", "memory_mib"): observe(0.03),
            ("generator", "memory_mib"): observe(5.0),
            **{(source, "loop_lag_ms"): lag for source in ("worker 1", "worker 2", "generator")},
        },
    )
    assert value(run, "service memory growth") == pytest.approx(18)
    assert value(run, "generator memory growth") == pytest.approx(144)
    assert value(make_run(6000), "service memory growth") is None


def test_a_process_that_joins_is_no_growth(make_run: MakeRun) -> None:
    """Memory is added up from when all of them were observed."""
    joining = [(t_s, mib) for t_s, mib in observe(0.0) if t_s > 200]
    lag = [(second + 0.5, 0.1) for second in range(600)]
    run = make_run(
        6000,
        telemetry={
            ("worker 1", "memory_mib"): observe(0.0),
            ("worker 2", "memory_mib"): joining,
            ("worker 1", "loop_lag_ms"): lag,
            ("worker 2", "loop_lag_ms"): lag,
        },
    )
    assert value(run, "generator memory growth") == 0.0
