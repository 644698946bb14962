"""What was missed only while something else took the machine says nothing of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judging.interference import Disturbance
from reports.judging.verdict import judge_run

MakeRun = Callable[..., Any]
SLOW_MS, FAST_MS = 400.0, 10.0


def seconds(busy: Any, calm: float, count: int = 20) -> list[tuple[float, float]]:
    """One observation a second; what is busy is the fifth second, from 4 s to 5 s."""
    return [(t + 1.0, busy if t == 4 else calm) for t in range(count)]


FULL = {
    ("machine", "others_percent"): seconds(180.0, 3.0),
    ("machine", "idle_percent"): seconds(1.0, 80.0),
}


def run_of(make_run: MakeRun, slow: Callable[[Any], Any], **more: Any) -> Any:
    """20 s, ten requests a second, slow where it is said."""
    intended_s = np.arange(200) / 10
    latency_ms = np.where(slow(intended_s), SLOW_MS, FAST_MS)
    facts = {"objectives": ("p95 latency <= 100 ms",), **more.pop("facts", {})}
    return make_run(200, facts=facts, intended_s=intended_s, latency_ms=latency_ms, **more)


def in_the_fifth(t_s: Any) -> Any:
    return (t_s >= 3.8) & (t_s < 5.0)


@pytest.mark.parametrize(
    "telemetry",
    [
        pytest.param(FULL, id="other programs"),
        pytest.param({("generator", "cpu_percent"): seconds(99.0, 9.0)}, id="the generator's core is full"),
        pytest.param(
            {("generator", "cpu_percent"): seconds(9, 9), ("generator", "waiting_percent"): seconds(60.0, 1)},
            id="the generator waits for its core",
        ),
        pytest.param(
            {("generator", "cpu_percent"): seconds(9, 9), ("generator", "loop_lag_ms"): seconds(300.0, 1)},
            id="the generator stands still",
        ),
    ],
)
def test_a_miss_that_shows_then_alone_is_no_finding(make_run: MakeRun, telemetry: Any) -> None:
    """Requests that began before and were still under way then are among them."""
    verdict = judge_run(run_of(make_run, in_the_fifth, telemetry=telemetry))
    assert verdict.verdict == "invalid"
    assert verdict.sentence == (
        "Invalid: p95 latency was 400 ms, limit 100 ms, but 10 ms without the 1 s in which this machine was "
        "too busy."
    )
    assert verdict.reasons[0].endswith("or generate the load from a second machine")
    assert verdict.objectives[0].outcome == "missed"


@pytest.mark.parametrize(
    "telemetry",
    [
        pytest.param({}, id="nothing was observed"),
        pytest.param({**FULL, ("machine", "idle_percent"): seconds(30.0, 80.0)}, id="there was room"),
        pytest.param({**FULL, ("machine", "others_percent"): seconds(20.0, 3.0)}, id="others took little"),
    ],
)
def test_an_undisturbed_miss_fails(make_run: MakeRun, telemetry: Any) -> None:
    assert judge_run(run_of(make_run, in_the_fifth, telemetry=telemetry)).verdict == "fail"


def test_a_miss_that_shows_without_it_too_fails(make_run: MakeRun) -> None:
    verdict = judge_run(run_of(make_run, lambda t_s: t_s >= 4.0, telemetry=FULL))
    assert verdict.sentence == "Failed: p95 latency was 400 ms, limit 100 ms."
    assert verdict.reasons[1:] == (
        "this machine was too busy for 1 s, which does not explain what was missed",
    )


@pytest.mark.parametrize("objective", ["error rate <= 0 %", "errors <= 1 per 1000 requests"])
@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("wrong_answer", "fail"), ("invalid_reply", "fail"), ("timeout", "invalid"), ("reset", "invalid")],
)
def test_wrong_content_is_not_excused_by_a_busy_machine(
    make_run: MakeRun, objective: str, outcome: str, verdict: str
) -> None:
    """A machine that is too busy delays replies or breaks connections; what arrives is the service's."""
    failed = np.where(in_the_fifth(np.arange(200) / 10), outcome, "ok")
    run = run_of(make_run, in_the_fifth, telemetry=FULL, outcome=failed, facts={"objectives": (objective,)})
    assert judge_run(run).verdict == verdict


def test_a_latency_is_excused_also_beside_wrong_content(make_run: MakeRun) -> None:
    """Wrong content within its limit leaves only the latency missed."""
    failed = np.where(np.arange(200) == 45, "wrong_answer", "ok")
    objectives = ("p95 latency <= 100 ms", "error rate <= 1 %")
    run = run_of(make_run, in_the_fifth, telemetry=FULL, outcome=failed, facts={"objectives": objectives})
    assert judge_run(run).verdict == "invalid"


def test_of_two_misses_one_that_shows_is_enough_to_fail(make_run: MakeRun) -> None:
    facts = {"objectives": ("p95 latency <= 100 ms", "p50 latency <= 1 ms")}
    assert judge_run(run_of(make_run, in_the_fifth, telemetry=FULL, facts=facts)).verdict == "fail"


def test_too_little_throughput_is_not_excused_by_leaving_requests_out(make_run: MakeRun) -> None:
    facts = {"objectives": ("throughput >= 50 requests/s",)}
    assert judge_run(run_of(make_run, in_the_fifth, telemetry=FULL, facts=facts)).verdict == "fail"


def test_where_nothing_was_undisturbed_nothing_was_found(make_run: MakeRun) -> None:
    facts = {"objectives": ("p95 latency <= 100 ms during rush",)}
    stages = np.where((np.arange(200) >= 41) & (np.arange(200) < 49), "rush", "steady")
    run = run_of(make_run, in_the_fifth, telemetry=FULL, facts=facts, stage=stages)
    assert judge_run(run).sentence == (
        "Invalid: p95 latency during rush was 400 ms, limit 100 ms, all of it while this machine was too "
        "busy."
    )


def test_what_is_met_passes_whatever_else_the_machine_did(make_run: MakeRun) -> None:
    assert judge_run(run_of(make_run, lambda t_s: t_s < 0, telemetry=FULL)).verdict == "pass"


times = st.floats(0, 30, allow_nan=False)


@given(
    st.lists(st.floats(0.01, 5), min_size=2, max_size=12),
    st.lists(
        st.tuples(times, st.one_of(st.floats(0, 9_000), st.just(float("nan")))), min_size=1, max_size=20
    ),
)
def test_a_request_is_touched_if_it_was_under_way_in_a_span(
    make_run: MakeRun, gaps_s: list[float], requests: list[tuple[float, float]]
) -> None:
    """Asked of each request and each span alone; a failed one is under way for no time."""
    edges = np.cumsum(gaps_s[: len(gaps_s) // 2 * 2]).reshape(-1, 2)
    requests.sort()
    given_s, given_ms = zip(*requests, strict=True)
    samples = make_run(len(requests), intended_s=given_s, latency_ms=given_ms).samples
    found = Disturbance(edges[:, 0], edges[:, 1]).mark_touching(samples)
    for touched, start_s, latency_ms in zip(found, samples.intended_s, samples.latency_ms, strict=True):
        end_s = start_s + (0.0 if np.isnan(latency_ms) else latency_ms / 1000.0)
        assert touched == any(from_s <= end_s and start_s < to_s for from_s, to_s in edges)
