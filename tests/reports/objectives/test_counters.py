"""Counters: whatever the blocks in which requests come, the figure is that of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.run import Run
from reports.data.telemetry import Telemetry
from reports.objectives.counters import ExceedanceCounter, start_counter
from reports.objectives.measurements import Measurement
from reports.objectives.metric import Scope
from reports.objectives.metrics import METRICS
from reports.objectives.objective import Objective
from reports.objectives.parsing import parse_objective

MakeRun = Callable[..., Run]

OUTCOMES = ("ok", "ok", "ok", "timeout", "http_5xx", "shed", "dropped")
REQUESTS = st.lists(
    st.tuples(st.sampled_from(OUTCOMES), st.integers(1, 60), st.integers(1, 5)), min_size=1, max_size=40
)
CUTS = st.lists(st.integers(0, 40), max_size=6)


@pytest.fixture(scope="session")
def make_requests(make_run: MakeRun) -> Callable[[list[tuple[str, int, int]]], Run]:
    """Requests from outcomes, latencies in ms and rows, ten a second; what was dropped has no latency."""

    def make(requests: list[tuple[str, int, int]]) -> Run:
        outcomes, latencies, rows = zip(*requests, strict=True)
        return make_run(
            len(requests),
            outcome=list(outcomes),
            latency_ms=[
                None if o == "dropped" else float(ms) for o, ms in zip(outcomes, latencies, strict=True)
            ],
            rows=list(rows),
            status=[503 if outcome == "shed" else 200 for outcome in outcomes],
            facts={"expected": ("shed",)},
        )

    return make


def observe_blocks(objective: Objective, run: Run, cuts: list[int]) -> Iterator[Measurement]:
    """What the metric observes in each of the blocks into which `cuts` divide the run."""
    edges = [0, *sorted(min(cut, len(run.samples)) for cut in cuts), len(run.samples)]
    for first, last in pairwise(edges):
        yield objective.measure(Scope(run.samples[first:last], Telemetry.empty(), run.facts, 0.0))


def observe_all(objective: Objective, run: Run, duration_s: float) -> Measurement:
    return objective.measure(Scope(run.samples, Telemetry.empty(), run.facts, duration_s))


@pytest.mark.parametrize(
    "text",
    [
        "error rate <= 1 %",
        "errors <= 1 per 100 requests",
        "shed share <= 1 %",
        "status 503 <= 0",
        "mean latency <= 1 ms",
        "mean service time <= 1 ms",
        "max latency <= 1 ms",
        "max service time <= 1 ms",
        "throughput >= 1 requests/s",
        "throughput >= 1 rows/s",
    ],
)
@given(requests=REQUESTS, cuts=CUTS)
def test_a_counted_figure_is_that_of_the_whole(
    make_requests: Callable[..., Run], text: str, requests: list[tuple[str, int, int]], cuts: list[int]
) -> None:
    objective, run = parse_objective(text), make_requests(requests)
    blocks = list(observe_blocks(objective, run, cuts))
    counter = start_counter(blocks[0])
    assert counter is not None
    for block in blocks:
        counter.add(block)
    expected = observe_all(objective, run, duration_s=8.0).value
    assert counter.compute_value(8.0) == (None if expected is None else pytest.approx(expected))


@given(requests=REQUESTS, cuts=CUTS)
def test_a_counted_peak_is_of_the_runs_seconds(
    make_requests: Callable[..., Run], requests: list[tuple[str, int, int]], cuts: list[int]
) -> None:
    """It is never above the peak of any second."""
    run = make_requests(requests)
    ends = np.rint(run.samples.end_s * 1e6)[run.samples.ok].astype(int) // 1_000_000
    for text, weights in (
        ("peak throughput >= 1 requests/s", np.ones(len(ends))),
        ("peak throughput >= 1 rows/s", run.samples.rows[run.samples.ok]),
    ):
        objective = parse_objective(text)
        blocks = list(observe_blocks(objective, run, cuts))
        counter = start_counter(blocks[0])
        assert counter is not None
        for block in blocks:
            counter.add(block)
        expected = max((weights[ends == second].sum() for second in set(ends.tolist())), default=0)
        assert counter.compute_value(1.0) == expected
        assert expected <= (observe_all(objective, run, 8.0).value or 0.0)


@given(
    requests=REQUESTS,
    cuts=CUTS,
    name=st.sampled_from(["p7 latency", "p50 latency", "p99 service time", "p99.9 latency", "max latency"]),
    limit_ms=st.integers(1, 60),
    sign=st.sampled_from(["<=", "<"]),
)
def test_a_limit_is_broken_by_the_count_where_the_figure_breaks_it(
    make_requests: Callable[..., Run],
    requests: list[tuple[str, int, int]],
    cuts: list[int],
    name: str,
    limit_ms: int,
    sign: str,
) -> None:
    objective, run = parse_objective(f"{name} {sign} {limit_ms} ms"), make_requests(requests)
    counter = ExceedanceCounter(objective)
    for block in observe_blocks(objective, run, cuts):
        counter.add(block)  # type: ignore[arg-type]
    value = observe_all(objective, run, 8.0).value
    assert counter.is_broken() is (value is not None and not objective.allows(value))


def test_what_is_known_after_the_run_alone_has_no_counter(make_run: MakeRun) -> None:
    run = make_run(10)
    for text in (
        "goodput >= 1 %",
        "recovery time <= 1 s",
        "offered load >= 1 %",
        "p99 latency <= 1 s",
        "p99 drift <= 5 %/h",
        "service memory growth <= 1 MiB/h",
    ):
        assert start_counter(observe_all(parse_objective(text), run, 1.0)) is None


def test_every_metric_is_observed_without_any_request(make_run: MakeRun) -> None:
    """The first block of a run may hold none of an objective's."""
    run = make_run(0)
    scope = Scope(run.samples, Telemetry.empty(), run.facts, 1.0)
    for metric in METRICS:
        argument = None if metric.argument_name is None else 50
        assert metric.measure(scope, argument).value in (None, 0.0), metric.name  # type: ignore[arg-type]
