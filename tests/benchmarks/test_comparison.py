"""A comparison is wrong as rarely as it says, and finds what is there: on simulated services."""

from __future__ import annotations

from functools import partial
from math import comb

import pytest

from benchmarks.comparison.simulating import (
    compare_in_rounds,
    compare_runs,
    disturb_at_random,
    disturb_in_step,
    drift,
)

pytestmark = pytest.mark.extended
LATENCIES = ("p50 latency", "p95 latency", "p99 latency")


def allow(share: float, trials: int) -> int:
    """How many hits a true `share` exceeds with a probability of less than 0.1 %."""
    tail, hits = 1.0, 0
    while tail > 0.001:
        tail -= comb(trials, hits) * share**hits * (1 - share) ** (trials - hits)
        hits += 1
    return hits


@pytest.mark.parametrize("service", ["independent requests", "AR(1), 0.9", "M/M/1, load 0.7"])
def test_equal_versions_are_rarely_called_worse(service: str) -> None:
    """At most 5 % of comparisons, all figures together; 200 of them over the three services."""
    counts = compare_runs(service, 0.0, 67, 10_000, seed=11)
    assert counts.any_worse <= allow(0.05, 67)


def test_a_planted_delay_of_a_fifth_is_found() -> None:
    counts = compare_runs("AR(1), 0.9", 0.2, 40, 10_000, seed=12)
    assert counts.share("p50 latency", "worse") > 0.9
    assert counts.share("p99 latency", "worse") > 0.5
    assert counts.any_worse == 40


def test_a_planted_delay_of_a_twentieth_is_found_where_requests_scatter_little() -> None:
    counts = compare_runs("independent requests", 0.05, 40, 20_000, seed=13)
    assert counts.any_worse >= 36


def test_a_delay_as_large_as_the_margin_is_rarely_called_harmless() -> None:
    """A version that is slower by 5.0001 % is proven not worse by more than 5 % in at most 5 % of runs."""
    counts = compare_runs("AR(1), 0.9", 0.0500001, 60, 10_000, seed=14)
    for figure in LATENCIES:
        assert counts.share(figure, "not worse") * 60 <= allow(0.05, 60)


def test_rounds_keep_their_rate_although_the_machine_drifts() -> None:
    """Slower by a third from the first to the last run; the same versions are rarely called worse."""
    third = partial(drift, share=0.33)
    equal = compare_in_rounds("independent requests", 0.0, 60, 2_000, seed=15, machine=third)
    assert equal.any_worse <= allow(0.05, 60)
    slower = compare_in_rounds("independent requests", 0.2, 20, 2_000, seed=16, machine=third)
    assert slower.share("p50 latency", "worse") == 1.0


def test_three_rounds_call_nothing_worse_although_something_comes_in_step() -> None:
    """Student's t alone does so in 13 % of comparisons, and proves as many versions not worse that are."""
    equal = compare_in_rounds(
        "independent requests", 0.0, 40, 500, seed=17, rounds=3, machine=disturb_in_step
    )
    assert equal.any_worse == 0


def test_five_rounds_keep_their_rate_although_whole_runs_are_disturbed() -> None:
    equal = compare_in_rounds("independent requests", 0.0, 40, 500, seed=18, machine=disturb_at_random)
    assert equal.any_worse <= allow(0.05, 40)
