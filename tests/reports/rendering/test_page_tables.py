"""The page's tables show the columns that a run has something to say in, each row with its marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.limit_bar import scale_bar
from reports.rendering.objectives_table import build_objective_table
from reports.rendering.page_table import PageTable
from reports.rendering.page_tables import (
    build_endpoint_table,
    build_failure_table,
    build_stage_table,
    format_run_time,
)
from reports.rendering.slowest_table import build_slowest_table

Make = Callable[..., Run]
FIGURES = ["Replies/s", "Requests", "Errors", "p50, ms", "p95, ms", "p99, ms", "max, ms"]


def headings(table: PageTable | None) -> list[str]:
    assert table is not None
    return [column.heading for column in table.columns]


def staged(make_run: Make, **facts: Any) -> Run:
    stages = (Stage("warm-up", 0, 10, judged=False), Stage("steady", 10, 20))
    names = ["warm-up"] * 100 + ["steady"] * 100
    return make_run(200, stage=names, latency_ms=250.0, facts={"stages": stages, **facts})


@pytest.mark.parametrize(
    ("plan", "columns"),
    [
        (Plan(), []),
        (Plan(t_s=(0.0, 20.0), users=(5.0, 5.0)), ["Planned users"]),
        (Plan(t_s=(0.0, 20.0), rate=(5.0, 5.0)), ["Planned/s"]),
        (Plan(t_s=(0.0, 20.0), users=(5.0, 5.0), rate=(5.0, 5.0)), ["Planned users", "Planned/s"]),
    ],
)
def test_stages_tell_what_was_planned_if_anything_was(make_run: Make, plan: Plan, columns: list[str]) -> None:
    table = build_stage_table(judge_run(staged(make_run, plan=plan)))
    assert headings(table) == ["Stage", "Outcome", *columns, *FIGURES]


def test_users_that_were_observed_stand_in_place_of_those_planned(make_run: Make) -> None:
    run = make_run(100, telemetry={("generator", "users"): [(0.0, 4.0), (5.0, 4.0)]})
    assert headings(build_stage_table(judge_run(run)))[2:4] == ["Mean users", "Planned/s"]


def test_a_stage_has_its_number_its_outcome_and_whether_it_is_judged(make_run: Make) -> None:
    table = build_stage_table(judge_run(staged(make_run)))
    assert table is not None
    assert [row.cells[:2] for row in table.rows] == [
        ("1. warm-up", "not judged"),
        ("2. steady", "missed: p99 latency"),
    ]
    assert [(row.muted, row.outcome) for row in table.rows] == [(True, "not judged"), (False, "missed")]


def test_endpoints_are_told_where_there_are_several(make_run: Make) -> None:
    assert build_endpoint_table(summarise(make_run(10))) is None
    latency_ms = [1.0, 2.0] * 4 + [1.0, 200.0]
    table = build_endpoint_table(summarise(make_run(10, endpoint=["a", "b"] * 5, latency_ms=latency_ms)))
    assert headings(table) == ["Endpoint", *FIGURES]
    assert table is not None
    assert table.title == "p99 was highest on “b”: 200 ms"
    assert [row.cells[4:] for row in table.rows] == [("1.0",) * 4, ("2.0", "200.0", "200.0", "200.0")]


def test_failures_are_told_where_there_are_any(make_run: Make) -> None:
    assert build_failure_table(summarise(make_run(10))) is None
    outcome = ["ok"] * 8 + ["shed"] * 2
    run = make_run(10, outcome=outcome, status=[200] * 8 + [503] * 2, facts={"expected": ("shed",)})
    table = build_failure_table(summarise(run))
    assert headings(table) == ["Reason", "Requests", "Share of all", "First at", "Last at"]
    assert table is not None
    assert table.rows[0].cells == (
        "shed (503 with Retry-After) (expected)",
        "2",
        "20 %",
        "0:00.800",
        "0:00.900",
    )


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ({}, []),
        ({"service_ms": 4.0}, ["Service time, ms"]),
        ({"queue_ms": 1.0, "inference_ms": 2.0}, ["Queue, ms", "Inference, ms"]),
        ({"batch_size": 8.0}, ["Batch"]),
    ],
)
def test_slow_requests_tell_what_is_known_of_them(
    make_run: Make, columns: dict[str, float], shown: list[str]
) -> None:
    table = build_slowest_table(summarise(make_run(20, **columns)))
    assert headings(table) == ["Started", "Latency, ms", *shown, "Outcome"]


def test_slow_requests_tell_stage_endpoint_and_trace_where_these_differ(make_run: Make) -> None:
    stages = (Stage("a", 0, 1), Stage("b", 1, 2))
    run = make_run(
        20,
        stage=["a"] * 10 + ["b"] * 10,
        endpoint=["x", "y"] * 10,
        trace_id=["0" * 32] * 20,
        facts={"stages": stages},
    )
    table = build_slowest_table(summarise(run), "http://127.0.0.1/{trace_id}")
    assert headings(table)[-4:] == ["Outcome", "Stage", "Endpoint", "Trace"]
    assert table is not None
    assert [column.kind for column in table.columns[-4:]] == ["words", "words", "long words", "link"]
    assert {row.link for row in table.rows} == {f"http://127.0.0.1/{'0' * 32}"}


def test_an_objective_has_its_distance_and_its_message_below(make_run: Make) -> None:
    table = build_objective_table(judge_run(make_run(1000, latency_ms=250.0)))
    assert headings(table) == [
        "Objective",
        "Outcome",
        "Observed",
        "Limit",
        "Observed against limit",
        "95 % interval",
        "Samples",
    ]
    (row,) = table.rows
    assert row.cells == ("p99 latency <= 100 ms", "missed", "250 ms", "100 ms", "", "250 to 250 ms", "1,000")
    assert row.notes == ("p99 latency was 250 ms, limit 100 ms.", "", "150 % above", "", "", "", "")


@pytest.mark.parametrize(
    ("latency_ms", "distance"),
    [(25.0, "75 % below"), (100.0, "at the limit"), (150.0, "50 % above"), (450.0, "4.5 × the limit")],
)
def test_the_distance_to_the_limit_is_told_in_words(make_run: Make, latency_ms: float, distance: str) -> None:
    (row,) = build_objective_table(judge_run(make_run(1000, latency_ms=latency_ms))).rows
    assert row.notes[2] == distance


def test_a_bar_holds_what_was_observed_the_limit_and_what_it_allows(make_run: Make) -> None:
    objectives = ("p99 latency <= 100 ms", "peak throughput >= 2 requests/s")
    run = make_run(1000, latency_ms=50.0, facts={"objectives": objectives})
    latency, rate = (scale_bar(judged) for judged in judge_run(run).objectives)
    assert latency is not None
    assert (latency.observed, latency.limit, latency.allowed) == (41.67, 83.33, (0.0, 83.33))
    assert latency.words == "50 ms observed, limit at most 100 ms"
    assert rate is not None
    assert (rate.observed, rate.limit, rate.allowed) == (83.33, 16.67, (16.67, 83.33))
    assert rate.words == "10 requests/s observed, limit at least 2 requests/s"


def test_where_nothing_was_observed_there_is_no_bar(make_run: Make) -> None:
    assert scale_bar(judge_run(make_run(50, outcome="refused", status=0)).objectives[0]) is None


@pytest.mark.parametrize(
    ("t_s", "text"), [(0.0009, "0:00.001"), (62.345, "1:02.345"), (3725.5, "1:02:05.500")]
)
def test_a_moment_of_the_run_reads_like_a_clock(t_s: float, text: str) -> None:
    assert format_run_time(t_s) == text
