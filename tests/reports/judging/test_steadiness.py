"""Whether latency was steady is told where the load was constant, and since when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.judging.steadiness import describe_steadiness
from reports.judging.verdict import judge_run
from reports.rendering.terminal import format_verdict

MakeRun = Callable[..., Run]
COUNT = 6000


def noise(seed: int = 1, count: int = COUNT) -> Any:
    """Latencies around 10 ms."""
    return 10 * np.random.default_rng(seed).lognormal(0, 0.2, count)


def test_steady_latency_is_said_to_be_steady_with_what_may_have_changed(make_run: MakeRun) -> None:
    said = describe_steadiness(make_run(COUNT, latency_ms=noise()))
    assert said == "Latency was steady: p50 changed by -2 to 4 % in the 10 min of constant load."


def test_latency_that_rises_all_the_time_is_not_steady(make_run: MakeRun) -> None:
    said = describe_steadiness(make_run(COUNT, latency_ms=noise() * np.linspace(1, 1.5, COUNT)))
    assert said.startswith("Latency was not steady: p50 rose, by ")
    low, high = (float(word) for word in said.split("by ")[1].split(" %")[0].split(" to "))
    assert low < 40 < high, "half of 1, told as a share of the median window, 1.25"


def test_latency_that_settles_is_steady_since_then(make_run: MakeRun) -> None:
    slow_start = 1 + 4 * np.exp(-np.arange(COUNT) / 400)
    said = describe_steadiness(make_run(COUNT, latency_ms=noise() * slow_start))
    assert said.startswith("Latency was steady from 3 min on: p50 changed by ")
    assert said.endswith("Before, it fell; a longer warm-up would leave that out.")


def test_the_warm_up_is_left_out(make_run: MakeRun) -> None:
    stages = (Stage("warm-up", 0.0, 120.0, judged=False), Stage("steady", 120.0, 600.0))
    warming = np.where(np.arange(COUNT) < 1200, 50.0, 1.0)
    run = make_run(
        COUNT,
        latency_ms=noise() * warming,
        stage=["warm-up"] * 1200 + ["steady"] * 4800,
        facts={"stages": stages},
    )
    assert "Latency was steady" in describe_steadiness(run.prepare_for_judging())


def test_too_little_to_tell_is_told(make_run: MakeRun) -> None:
    wild = np.random.default_rng(1).lognormal(0, 2.5, 300)
    said = describe_steadiness(make_run(300, latency_ms=wild))
    assert said.startswith("Whether latency was steady can't be told: p50 may have changed by -")


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(), id="no plan"),
        pytest.param(Plan(t_s=(0.0, 150.0, 300.0, 450.0), users=(1.0, 2.0, 3.0, 4.0)), id="steps"),
        pytest.param(Plan(t_s=tuple(range(600)), rate=tuple(range(600))), id="a ramp"),
    ],
)
def test_nothing_is_said_of_a_load_that_changes(make_run: MakeRun, plan: Plan) -> None:
    assert describe_steadiness(make_run(COUNT, latency_ms=noise(), facts={"plan": plan})) == ""


def test_a_short_ramp_before_the_constant_load_is_left_out(make_run: MakeRun) -> None:
    ramp = Plan(t_s=(0.0, 20.0, 40.0, 60.0), users=(10.0, 20.0, 30.0, 40.0))
    latencies = noise() * np.where(np.arange(COUNT) < 600, 9.0, 1.0)
    said = describe_steadiness(make_run(COUNT, latency_ms=latencies, facts={"plan": ramp}))
    assert said.startswith("Latency was steady")
    assert said.endswith("in the 9 min of constant load.")


def test_nothing_is_said_of_too_few_requests(make_run: MakeRun) -> None:
    assert describe_steadiness(make_run(40)) == ""
    assert describe_steadiness(make_run(0)) == ""


def test_the_terminal_says_it(make_run: MakeRun) -> None:
    verdict = judge_run(make_run(COUNT, latency_ms=noise()))
    assert verdict.steadiness in format_verdict(verdict, color=False, width=200)


def test_steady_services_are_rarely_called_unsteady(make_run: MakeRun) -> None:
    """Medians that resemble each other: AR(1) with 0.9 from second to second. One in twenty is promised."""
    random = np.random.default_rng(5)
    alarms = 0
    for _ in range(60):
        level = np.zeros(300)
        for second, step in enumerate(random.normal(0, 0.1, 299), 1):
            level[second] = 0.9 * level[second - 1] + step
        latencies = 10 * np.exp(np.repeat(level, 10)) * random.lognormal(0, 0.2, 3000)
        alarms += "not steady" in describe_steadiness(make_run(3000, latency_ms=latencies))
    assert alarms <= 6
