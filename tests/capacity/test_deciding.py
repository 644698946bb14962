"""A trial is decided by its requests: in virtual time, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from benchmarks.capacity.services import QueuedService, TokenBucket
from benchmarks.capacity.simulating import WARM_UP_S, simulate_trial
from capacity.deciding import TrialDecision, count_in_flight, decide_trial, find_growth
from capacity.search import TrialOutcome
from reports.data.columns import Floats, Mask
from reports.data.labels import Labels
from reports.data.run import Run

QUEUE = QueuedService(2, 0.02, 150)
"""Carries 66.3/s within its limit, and 100/s at all."""


@dataclass(frozen=True)
class NeverRefuses(QueuedService):
    """The same queue, asked for something that a queue without end meets for ever."""

    @property
    def objective(self) -> str:
        """No request is refused."""
        return "error rate <= 1 %"


@dataclass(frozen=True)
class GrowsSlowly(QueuedService):
    """Requests take as long as before, but each later one a little longer, and none as long as the limit."""

    def answer(self, arrivals_s: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
        """One ms more each second."""
        return 10 + arrivals_s + rng.uniform(0, 1, len(arrivals_s)), np.zeros(len(arrivals_s), np.bool_)


def decide(
    service: QueuedService | TokenBucket, rate: float, trial_s: float = 120, seed: int = 1
) -> TrialDecision:
    run = simulate_trial(service, rate, trial_s, 0.99, np.random.default_rng(seed))
    return decide_trial(run, rate)


@pytest.mark.parametrize(("rate", "outcome"), [(30, "proven"), (66, "open"), (90, "broken"), (130, "broken")])
def test_rates_far_from_the_capacity_are_decided_and_those_near_it_stay_open(
    rate: float, outcome: TrialOutcome
) -> None:
    assert decide(QUEUE, rate).outcome == outcome


def drop(run: Run, every: int) -> Run:
    """The run in which each request of that number was dropped, as an in-flight limit does it."""
    samples, at = run.samples, np.arange(len(run.samples)) % every == 0
    codes = np.where(at, 1, 0).astype(np.int16)
    latency_ms = np.where(at, np.nan, samples.latency_ms)
    offered = float(np.mean(~at))
    return replace(
        run,
        facts=replace(run.facts, offered=offered),
        samples=replace(samples, outcome=Labels(codes, ("ok", "dropped")), latency_ms=latency_ms),
    )


@pytest.mark.parametrize(
    ("rate", "every", "outcome"),
    [(30, 1000, "open"), (30, 30, "invalid"), (30, 5, "invalid"), (90, 30, "broken")],
)
def test_a_rate_at_which_requests_were_dropped_is_never_proven(
    rate: float, every: int, outcome: TrialOutcome
) -> None:
    """The in-flight limit kept the queue short; a p99 that is missed nevertheless stays missed."""
    run = simulate_trial(QUEUE, rate, 120, 0.99, np.random.default_rng(1))
    found = decide_trial(drop(run, every), rate)
    assert found.outcome == outcome
    if outcome != "broken":
        assert found.reason == "more requests were in flight than in_flight_limit allows: raise it"


def test_limits_that_can_not_be_proven_are_named() -> None:
    run = simulate_trial(QUEUE, 30, 120, 0.99, np.random.default_rng(1))
    asked = (*run.facts.objectives, "max latency <= 9 s")
    found = decide_trial(replace(run, facts=replace(run.facts, objectives=asked)), 30)
    assert found.outcome == "proven"
    assert found.reason == (
        "every objective is proven, but max latency <= 9 s was only kept: no number of requests can prove it"
    )


def test_a_hopeless_trial_is_cut_short() -> None:
    found = decide(QUEUE, 300, 600)
    assert found.outcome == "broken"
    assert found.decided_s == WARM_UP_S + 120  # the first checkpoint
    assert "p99 latency" in found.reason


def test_a_queue_that_grows_breaks_a_rate_whose_objectives_hold() -> None:
    found = decide(NeverRefuses(2, 0.02, 150), 120)
    assert found.outcome == "broken"
    assert "no steady state" in found.reason
    assert decide(NeverRefuses(2, 0.02, 150), 80).outcome == "proven"


def test_a_rate_is_not_proven_while_requests_in_flight_seem_to_grow() -> None:
    found = decide(GrowsSlowly(2, 0.02, 1000), 1000)
    assert found.outcome == "open"
    assert found.reason == "the objectives hold, but the requests in flight seem to grow"


def test_a_long_queue_near_saturation_is_not_taken_for_one_that_grows() -> None:
    """At 97 % of what the servers can do, thousands of requests wait at times, and the rate is carried."""
    service = NeverRefuses(2, 0.02, 2000)
    outcomes = [decide(service, 97, 120, seed).outcome for seed in range(8)]
    assert outcomes.count("broken") <= 1


def test_a_token_bucket_is_decided_by_what_it_refuses() -> None:
    bucket = TokenBucket(100, 10)
    assert bucket.capacity_per_s == pytest.approx(86.354, abs=0.01)
    assert decide(bucket, 60).outcome == "proven"
    assert decide(bucket, 120).outcome == "broken"


def test_requests_in_flight_are_counted_between_their_start_and_their_end() -> None:
    starts, ends, times = np.array([0.0, 1, 2]), np.array([5.0, 1.5, 9]), np.array([0.5, 1.2, 3, 6, 10])
    assert count_in_flight(starts, ends, times).tolist() == [1, 2, 2, 1, 0]


def test_a_short_trial_says_nothing_of_growth() -> None:
    run = simulate_trial(NeverRefuses(2, 0.02, 150), 300, 4, 0.9, np.random.default_rng(1))
    assert find_growth(run, run.elapsed_s) is None
    assert decide_trial(run, 300).outcome == "open"


def test_early_looks_prove_nothing_before_a_growth_can_be_told() -> None:
    """Each look of a second proves the error rate at once; the queue takes 35 requests/s for good."""
    assert decide(NeverRefuses(2, 0.02, 150), 135, 10).outcome == "broken"
