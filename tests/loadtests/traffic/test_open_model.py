"""In the open model requests leave at their time, and latency counts from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from configuration.loading import load_scenario
from reports.data.folder import read_run
from shapes.arrivals import generate_arrivals

pytestmark = pytest.mark.real

Start = Callable[..., Any]
ScenarioFile = Callable[..., str]
OBJECTIVES = "[p99 latency <= 5 s, error rate <= 0 %]"


@pytest.mark.parametrize(
    ("spacing", "processes"),
    [
        ("poisson", 1),
        *(
            pytest.param(*each, marks=pytest.mark.extended)
            for each in [("constant", 1), ("constant", 2), ("poisson", 2)]
        ),
    ],
)
def test_every_planned_arrival_is_a_sample(
    start: Start, scenario_file: ScenarioFile, obedient: Any, spacing: str, processes: int
) -> None:
    """The schedule is the seeded, pure function of the scenario, to the last digit, shared out exactly."""
    file = scenario_file(f"{{rate: [{{ramp: [10/s, 60/s], for: 4s}}], spacing: {spacing}}}", OBJECTIVES)
    suite = start(
        "loadtests", "--scenario", file, "--host", obedient.host, "--processes", str(processes)
    ).wait()
    assert suite.code == 0, suite.said
    scenario = load_scenario(file)
    planned = np.sort(
        np.concatenate(
            [
                times
                for share in range(processes)
                for times in generate_arrivals(
                    scenario.full_profile,
                    scenario.load.spacing,
                    seed=scenario.seeds["arrivals"],
                    worker=share,
                    workers=processes,
                )
            ]
        )
    )
    samples = read_run(suite.folder).samples
    np.testing.assert_allclose(samples.intended_s, planned, rtol=0, atol=1e-6)
    assert len(samples) == len(obedient.bodies)
    assert (samples.sent_s >= samples.intended_s).all()


@pytest.mark.extended
def test_nobody_waits_for_a_slow_service(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """Replies take half a second; forty requests a second are offered all the same.

    On time, where half of them leave in half the time of a reply: a busy machine makes some late.
    """
    obedient.answer = lambda _: answer(delay_s=0.5)
    file = scenario_file("{rate: [{constant: 40/s, for: 3s}], spacing: constant}", OBJECTIVES)
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 0, suite.said
    samples = read_run(suite.folder).samples
    assert len(samples) == 120
    assert np.median(samples.sent_s - samples.intended_s) < 0.25
    assert (samples.latency_ms >= samples.service_ms).all()
    assert (samples.service_ms >= 500).all()
    assert samples.end_s.max() > 3.0, "replies to the last arrivals are waited for"


@pytest.mark.extended
def test_arrivals_beyond_the_limit_in_flight_are_dropped_told_and_failed(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """The service is too slow for the load: that is its failure, and no fault of the generator."""
    obedient.answer = lambda _: answer(delay_s=1.0)
    load = "{rate: [{constant: 20/s, for: 4s}], spacing: constant, in_flight_limit: 5}"
    suite = start("loadtests", "--scenario", scenario_file(load, OBJECTIVES), "--host", obedient.host).wait()
    assert suite.code == 1, suite.said
    samples = read_run(suite.folder).samples
    dropped = samples.outcome.equal("dropped")
    assert len(samples) == 80
    assert 40 <= np.count_nonzero(dropped) <= 75
    assert np.isnan(samples.sent_s[dropped]).all()
    assert np.isnan(samples.latency_ms[dropped]).all()
    assert len(obedient.bodies) == np.count_nonzero(~dropped)
    outcomes = {judged["text"]: judged["outcome"] for judged in suite.verdict["objectives"]}
    assert outcomes["offered load >= 95 %"] == "missed"
    assert outcomes["error rate <= 0 %"] == "missed"
    assert suite.facts["faults"] == []


@pytest.mark.extended
def test_latency_counts_from_the_intended_start_through_a_freeze(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """The service freezes for a second: who arrives `d` seconds before it thaws waits `d` seconds.

    Within a fifth of a second, for half of them; both sides name their times by the machine's clock.
    """
    began = threading.Event()
    freeze = [0.0, 0.0]

    def frozen(_: int) -> Any:
        now = time.time()
        if not began.is_set():
            began.set()
            freeze[:] = now + 1.0, now + 2.0
        return answer(delay_s=freeze[1] - now if freeze[0] <= now < freeze[1] else 0.0)

    obedient.answer = frozen
    file = scenario_file("{rate: [{constant: 50/s, for: 4s}], spacing: constant}", OBJECTIVES)
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 0, suite.said
    samples = read_run(suite.folder).samples
    arrived_s = samples.intended_s + suite.facts["began_s"]
    inside = (arrived_s >= freeze[0] + 0.05) & (arrived_s < freeze[1] - 0.05)
    expected_ms = (freeze[1] - arrived_s[inside]) * 1000
    assert 44 <= np.count_nonzero(inside) <= 46
    assert np.median(np.abs(samples.latency_ms[inside] - expected_ms)) < 200, "or else they tell of no freeze"
    assert np.median(samples.latency_ms[arrived_s > freeze[1] + 0.5]) < 200
