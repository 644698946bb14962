"""A rehearsal beside its twin: how far replicas are apart, and objectives by what the requests met."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from autoscaling.agreement import Agreement, MeasuredRequests
from autoscaling.objectives import parse_scaling_objective
from autoscaling.outcome import ScalingOutcome
from autoscaling.twin import TwinRun


def make_outcome(ready: Sequence[int], *texts: str) -> ScalingOutcome:
    count = len(ready)
    zeros = np.zeros(count)
    run = TwinRun(
        1.0,
        np.arange(float(count)),
        np.full(count, 150.0),
        np.array(ready),
        np.array(ready),
        zeros,
        zeros,
        zeros,
        {},
        (),
    )
    return ScalingOutcome(run, 100, (), tuple(map(parse_scaling_objective, texts)))


def compare(twin: Sequence[int], rehearsed: Sequence[int], *texts: str, factor: float = 1.0) -> Agreement:
    """Ten requests in the first second of 200 ms, ten in the second one of 10 ms of which one failed."""
    ok = np.array([True] * 19 + [False])
    intended = np.concatenate([np.linspace(0, 0.9, 10), np.linspace(1, 1.9, 10)])
    requests = MeasuredRequests(intended, np.array([200.0] * 10 + [10.0] * 10), ok)
    return Agreement(make_outcome(twin, *texts), make_outcome(rehearsed, *texts), requests, factor)


def test_replicas_are_compared_over_time() -> None:
    found = compare([1, 1, 2, 2], [1, 1, 1, 4])
    assert (found.same_share, found.mean_difference) == (0.5, 0.75)
    assert "for 50 % of the time, 0.75 apart in the mean; too few for 3 s (twin: 2 s)" in found.sentence


def test_in_scaled_time_seconds_are_those_that_were_asked_about() -> None:
    found = compare([1, 1, 2, 2], [1, 1, 1, 2], "under-provisioned <= 6 s", factor=0.5)
    (judged,) = found.judgements
    assert (judged.outcome, judged.message) == ("met", "6 s in all")


@pytest.mark.parametrize(
    ("text", "outcome", "message"),
    [
        ("p50 latency <= 100 ms", "missed", "p50 of 200 ms over 20 requests, 1 of them failed"),
        ("p40 latency <= 100 ms", "met", "p40 of 10 ms over 20 requests, 1 of them failed"),
        ("p99 latency <= 3600 s", "missed", "p99 of requests that failed over 20 requests, 1 of them failed"),
        ("p99 latency <= 300 ms during scale-up", "met", "p99 of 200 ms over 10 requests"),
        ("error rate <= 4 %", "missed", "5 % of 20 requests"),
        ("error rate <= 5 %", "met", "5 % of 20 requests"),
    ],
)
def test_objectives_are_judged_by_the_requests(text: str, outcome: str, message: str) -> None:
    (judged,) = compare([2, 2, 2], [1, 2, 2], text).judgements
    assert (judged.outcome, judged.message) == (outcome, message)


def test_nothing_is_missed_where_nobody_asked() -> None:
    (judged,) = compare([2, 2], [2, 2], "p99 latency <= 1 ms during scale-up").judgements
    assert (judged.outcome, judged.message) == ("met", "there was no such time")


def test_a_time_without_requests_is_told_apart_from_a_time_that_never_came() -> None:
    """Requests are due in the first two seconds; too few replicas are ready in the third one."""
    texts = "p99 latency <= 1 s during scale-up", "error rate <= 1 % during scale-up", "p99 latency <= 1 s"
    assert compare([2, 2, 2], [2, 2, 2], *texts).unasked == ()
    found = compare([2, 2, 2, 2], [2, 2, 1, 2], *texts)
    assert found.unasked == found.rehearsed.objectives[:2]
