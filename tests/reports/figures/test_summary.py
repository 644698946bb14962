"""The summary: figures of stages, endpoints and seconds, failures, the slowest, where a limit was passed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.reasons import describe_failure
from reports.figures.summary import summarise

MakeRun = Callable[..., Run]

STAGES = (Stage("warm-up", 0.0, 10.0, judged=False), Stage("low", 10.0, 20.0), Stage("high", 20.0, 30.0))


def staged(make_run: MakeRun) -> Run:
    stage = ["warm-up"] * 100 + ["low"] * 100 + ["high"] * 100
    return make_run(
        300,
        stage=stage,
        endpoint=["batch" if i % 10 == 0 else "single" for i in range(300)],
        rows=[10 if i % 10 == 0 else 1 for i in range(300)],
        latency_ms=[{"warm-up": 500.0, "low": 10.0, "high": 20.0}[name] for name in stage],
        facts={
            "stages": STAGES,
            "plan": Plan(t_s=(0.0, 10.0, 20.0), users=(1.0, 2.0, 3.0), rate=(10.0, 10.0, 10.0)),
        },
    )


def test_the_total_leaves_the_warm_up_out_the_stages_do_not(make_run: MakeRun) -> None:
    summary = summarise(staged(make_run))
    assert (summary.total.requests, summary.total.max_ms, summary.duration_s) == (200, 20.0, 20.0)
    assert summary.total.throughput_rps == 10.0
    assert (summary.total.rows, summary.total.rows_per_s) == (380, 19.0)
    assert [(s.name, s.judged, s.users, s.figures.p50_ms) for s in summary.stages] == [
        ("warm-up", False, 1.0, 500.0),
        ("low", True, 2.0, 10.0),
        ("high", True, 3.0, 20.0),
    ]


def test_endpoints_and_cells_add_up(make_run: MakeRun) -> None:
    summary = summarise(staged(make_run))
    assert [(e.endpoint, e.figures.requests) for e in summary.endpoints] == [("batch", 20), ("single", 180)]
    assert [(c.stage, c.endpoint, c.figures.requests) for c in summary.endpoint_stages] == [
        ("warm-up", "batch", 10),
        ("warm-up", "single", 90),
        ("low", "batch", 10),
        ("low", "single", 90),
        ("high", "batch", 10),
        ("high", "single", 90),
    ]


def test_figures_known_by_hand(make_run: MakeRun) -> None:
    run = make_run(
        10,
        latency_ms=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10_000.0, 900.0, None],
        service_ms=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 10_000.0, 900.0, None],
        outcome=["ok"] * 7 + ["timeout", "http_5xx", "dropped"],
        status=[200] * 7 + [0, 500, 0],
        facts={"planned_s": 2.0, "ended_s": 2.0, "stages": ()},
    )
    total = summarise(run).total
    assert (total.requests, total.ok, total.errors, total.dropped, total.error_rate) == (10, 7, 3, 1, 0.3)
    assert (total.min_ms, total.p50_ms, total.p90_ms, total.p99_ms, total.max_ms) == (1.0, 4.0, 1e4, 1e4, 1e4)
    assert (total.mean_ms, total.service_p50_ms, total.service_p99_ms) == (1253.5, 1.0, 1e4)
    assert (total.throughput_rps, total.peak_rps, total.rows) == (3.5, 7.0, 7)
    assert (total.request_bytes, total.response_bytes) == (1200, 200)


def test_failures_are_grouped_by_reason_the_most_frequent_first(make_run: MakeRun) -> None:
    outcomes = ["ok", "timeout", "http_5xx", "http_5xx", "http_5xx", "shed", "ok", "http_5xx", "ok", "ok"]
    statuses = [200, 0, 500, 502, 502, 503, 200, 502, 200, 200]
    run = make_run(
        10,
        intended_s=[float(i) for i in range(10)],
        outcome=outcomes,
        status=statuses,
        facts={"expected": ("shed",)},
    )
    failures = summarise(run).failures
    assert [(f.reason, f.count, f.share, f.first_s, f.last_s, f.expected) for f in failures] == [
        ("HTTP 502", 3, 0.3, 3.0, 7.0, False),
        ("HTTP 500", 1, 0.1, 2.0, 2.0, False),
        ("shed (503 with Retry-After)", 1, 0.1, 5.0, 5.0, True),
        ("timeout", 1, 0.1, 1.0, 1.0, False),
    ]
    assert failures[0].per_second.tolist() == [0, 0, 0, 1, 1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        ("refused", 0, "connection refused"),
        ("invalid_reply", 200, "invalid reply (HTTP 200)"),
        ("http_4xx", 422, "HTTP 422"),
        ("dropped", 0, "dropped, never sent (in-flight limit)"),
        ("something new", 0, "something new"),
    ],
)
def test_reasons_are_words(outcome: str, status: int, words: str) -> None:
    assert describe_failure(outcome, status) == words


def test_the_ten_slowest_answered_requests_the_slowest_first(make_run: MakeRun) -> None:
    """A dropped request was not slow, a timeout was."""
    run = make_run(
        50,
        latency_ms=[None, 9000.0, 10_000.0, *[float(i) for i in range(47)]],
        outcome=["dropped", "http_5xx", "timeout", *["ok"] * 47],
        queue_ms=[None] * 49 + [1.5],
    )
    slowest = summarise(run).slowest
    assert [slow.latency_ms for slow in slowest] == [10_000.0, *[float(i) for i in range(46, 37, -1)]]
    assert (slowest[0].outcome, slowest[0].queue_ms) == ("timeout", None)
    assert (slowest[1].queue_ms, slowest[1].stage, slowest[1].endpoint) == (1.5, "steady", "prediction")


def test_seconds_hold_what_was_planned_sent_answered_and_failed(make_run: MakeRun) -> None:
    run = make_run(
        6,
        intended_s=[0.1, 0.2, 0.9, 1.5, 2.5, 2.6],
        sent_s=[0.1, 0.2, 1.1, 1.5, 2.5, None],
        latency_ms=[10.0, 30.0, 600.0, 20.0, 700.0, None],
        outcome=["ok", "ok", "ok", "ok", "http_5xx", "dropped"],
        telemetry={("generator", "users"): [(0.5, 2.0), (1.2, 3.0)]},
        facts={
            "plan": Plan(t_s=(0.0, 2.0), users=(1.0, 3.0), rate=(10.0, 10.0)),
            "planned_s": 4.0,
            "ended_s": 4.0,
        },
    )
    seconds = summarise(run).timeline
    assert seconds.t_s.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert seconds.requests.tolist() == [3, 1, 2, 0]
    assert seconds.sent.tolist() == [2, 2, 1, 0]
    assert seconds.completed.tolist() == [2, 2, 0, 0]
    assert seconds.errors.tolist() == [0, 0, 2, 0]
    assert seconds.users.tolist() == [2.0, 3.0, 3.0, 3.0]
    assert seconds.users_planned[:3].tolist() == [1.0, 2.0, 3.0]
    assert seconds.p50_ms[:2].tolist() == [30.0, 20.0]
    assert seconds.p99_ms[:2].tolist() == [600.0, 20.0]
    assert np.isnan(seconds.p50_ms[2:]).all()


def test_where_nothing_was_planned_or_observed_seconds_are_empty(make_run: MakeRun) -> None:
    seconds = summarise(make_run(20, facts={"plan": Plan()})).timeline
    assert np.isnan(seconds.users_planned).all()
    assert np.isnan(seconds.rate_planned).all()
    assert np.isnan(seconds.users).all()


def test_requests_just_after_the_plan_belong_to_its_last_second(make_run: MakeRun) -> None:
    """Users who were about to send when the plan ended make no second, nearly empty one, of their own."""
    facts = {"planned_s": 10.0, "ended_s": 10.04, "stages": (Stage("steady", 0.0, 10.0),)}
    intended_s = [*(i / 10 for i in range(100)), 10.01, 10.03]
    outcome = ["ok"] * 100 + ["timeout", "ok"]
    run = make_run(102, intended_s=intended_s, outcome=outcome, latency_ms=20.0, facts=facts)
    seconds = summarise(run).timeline
    assert len(seconds) == 10
    assert (seconds.requests[-1], seconds.sent[-1], seconds.errors[-1]) == (12, 12, 1)
    assert seconds.requests.sum() == 102
    assert seconds.completed.sum() == 101


def test_a_late_reply_makes_the_timeline_longer(make_run: MakeRun) -> None:
    assert len(summarise(make_run(10, latency_ms=[5.0] * 9 + [4000.0])).timeline) == 5


@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=120))
def test_percentiles_of_a_second_agree_with_those_of_the_whole(
    make_run: MakeRun, latencies: list[float]
) -> None:
    summary = summarise(make_run(len(latencies), intended_s=0.5, latency_ms=latencies))
    assert summary.timeline.p50_ms[0] == summary.total.p50_ms
    assert summary.timeline.p95_ms[0] == summary.total.p95_ms
    assert summary.timeline.p99_ms[0] == summary.total.p99_ms


def ramp(make_run: MakeRun, **facts: object) -> Run:
    """60 s from 0 to 60 users at 10 requests/s; latency rises by 1 ms with each user."""
    return make_run(
        600,
        latency_ms=[i / 10 for i in range(600)],
        telemetry={("generator", "users"): [(float(t), float(t)) for t in range(60)]},
        facts={
            "objectives": ("p95 latency <= 30 ms", "p99 latency <= 1 s"),
            "plan": Plan((0.0, 59.0), (0.0, 59.0)),
            **facts,
        },
    )


def test_a_ramp_tells_where_the_limit_was_crossed(make_run: MakeRun) -> None:
    """In [26, 31) the third-slowest of 50 requests took 30.7 ms; one second earlier 29.7 ms."""
    crossing = summarise(ramp(make_run)).limit_crossing
    assert crossing is not None
    assert (crossing.objective, crossing.metric) == ("p95 latency <= 30 ms", "p95 latency")
    assert (crossing.t_s, crossing.value_ms, crossing.limit_ms) == (31.0, 30.7, 30.0)
    assert (crossing.users, crossing.rate, crossing.constant_load) == (30.0, 10.0, False)


def test_planned_users_stand_in_for_users_that_were_not_observed(make_run: MakeRun) -> None:
    run = make_run(600, latency_ms=50.0, facts={"objectives": ("p95 latency <= 30 ms",)})
    crossing = summarise(run).limit_crossing
    assert crossing is not None
    assert (crossing.t_s, crossing.users, crossing.constant_load) == (5.0, 10.0, True)


@pytest.mark.parametrize(
    ("plan", "constant"),
    [
        pytest.param(Plan((0.0, 30.0, 59.0), (), (80.0, 82.0, 82.0)), True, id="one rate"),
        pytest.param(Plan((0.0, 29.9, 30.0), (), (80.0, 80.0, 160.0)), False, id="two rates"),
        pytest.param(Plan((0.0, 59.0, 60.0), (10.0, 10.0, 0.0)), True, id="the end is no level"),
        pytest.param(Plan(), False, id="no plan"),
    ],
)
def test_a_load_is_constant_if_one_level_was_planned(make_run: MakeRun, plan: Plan, constant: bool) -> None:
    objectives = ("p95 latency <= 30 ms",)
    run = make_run(600, latency_ms=50.0, facts={"objectives": objectives, "plan": plan})
    crossing = summarise(run).limit_crossing
    assert crossing is not None
    assert crossing.constant_load is constant


@pytest.mark.parametrize(
    "objectives", [(), ("p95 latency <= 1 s",), ("error rate <= 1 %", "max latency <= 1 ms")]
)
def test_no_percentile_passed_its_limit(make_run: MakeRun, objectives: tuple[str, ...]) -> None:
    assert summarise(ramp(make_run, objectives=objectives)).limit_crossing is None


def test_a_few_slow_requests_are_no_crossing(make_run: MakeRun) -> None:
    """Nineteen answers in five seconds are too few to tell a limit from bad luck."""
    run = make_run(19, intended_s=[i / 4 for i in range(19)], latency_ms=500.0)
    assert summarise(run).limit_crossing is None


def test_a_run_without_requests_has_a_summary(make_run: MakeRun) -> None:
    summary = summarise(make_run(0))
    assert (summary.total.requests, summary.total.error_rate, summary.total.p99_ms) == (0, None, None)
    assert (summary.endpoints, summary.failures, summary.slowest) == ((), (), ())


def test_of_a_run_cut_short_only_what_was_run_counts_as_planned(make_run: MakeRun) -> None:
    stages = (Stage("steady", 0.0, 10.0), Stage("late", 10.0, 20.0))
    run = make_run(50, facts={"stages": stages, "planned_s": 20.0, "ended_s": 5.0, "interrupted": "SIGINT"})
    summary = summarise(run)
    assert summary.duration_s == 5.0
    assert summary.total.throughput_rps == 10.0
    assert summary.stages[1].figures.throughput_rps is None
