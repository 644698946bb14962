"""Where the time goes: a percentile's parts add up to it, and are those of the replies around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.latency_breakdown import ReplyTimes, break_down_latency, compose_percentile

Make = Callable[..., Run]


def told(make_run: Make, **columns: object) -> Run:
    """1,000 replies of 1 to 1,000 ms, half of each spent in the queue, a quarter in inference."""
    latency_ms = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0))
    given = {"latency_ms": latency_ms, "queue_ms": latency_ms / 2, "inference_ms": latency_ms / 4}
    return make_run(1000, **{**given, **columns})


def test_the_p50_and_the_p99_request_are_split_into_what_their_time_was_spent_on(make_run: Make) -> None:
    found = break_down_latency(told(make_run))
    assert found is not None
    p50, p99 = found.total.p50, found.total.p99
    assert (p50.latency_ms, p50.unsent_ms) == (500.0, 0.0)
    assert (p50.queue_ms, p50.inference_ms, p50.rest_ms) == pytest.approx((250.0, 125.0, 125.0))
    assert (p99.latency_ms, p99.queue_ms) == (990.0, pytest.approx(495.0))


def test_half_a_percent_of_all_on_either_side_stands_for_a_percentile(make_run: Make) -> None:
    """One request's parts are chance: of the eleven around p99 only the fifth one waited in the queue."""
    latency_ms = np.arange(1.0, 1001.0)
    queue_ms = np.where(latency_ms == 989.0, 989.0, 0.0)
    found = break_down_latency(told(make_run, latency_ms=latency_ms, queue_ms=queue_ms, inference_ms=0.0))
    assert found is not None
    p99 = found.total.p99
    assert (p99.replies, p99.low_ms, p99.high_ms) == (11, 985.0, 995.0)
    assert p99.queue_ms == pytest.approx(990.0 * 989.0 / (11 * 990.0))


def test_at_the_end_of_few_replies_the_percentile_is_the_slowest_one_itself(make_run: Make) -> None:
    latency_ms = np.arange(1.0, 21.0)
    found = break_down_latency(
        make_run(20, latency_ms=latency_ms, queue_ms=latency_ms - 1, inference_ms=0.25)
    )
    assert found is not None
    p99 = found.total.p99
    assert (p99.latency_ms, p99.replies) == (20.0, 1)
    assert (p99.queue_ms, p99.inference_ms, p99.rest_ms) == pytest.approx((19.0, 0.25, 0.75))


def test_waiting_to_be_sent_is_told_apart_from_the_network(make_run: Make) -> None:
    run = make_run(100, latency_ms=30.0, service_ms=10.0, queue_ms=4.0, inference_ms=1.0)
    found = break_down_latency(run)
    assert found is not None
    p50 = found.total.p50
    parts = (p50.unsent_ms, p50.queue_ms, p50.inference_ms, p50.rest_ms)
    assert parts == pytest.approx((20.0, 4.0, 1.0, 5.0))


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1e4), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
        min_size=1,
        max_size=200,
    ),
    st.sampled_from([0.5, 0.99]),
    st.randoms(use_true_random=False),
)
def test_parts_add_up_whatever_the_order_of_the_samples(make_run: Make, rows, quantile, random) -> None:
    def composed(rows):
        latency, waited, inside, queued = (np.array(column) for column in zip(*rows, strict=True))
        service = latency * (1 - waited)
        told_ms = 0.999 * service * inside
        samples = make_run(
            len(rows),
            intended_s=0.0,
            latency_ms=latency,
            service_ms=service,
            queue_ms=told_ms * queued,
            inference_ms=told_ms * (1 - queued),
        ).samples
        return compose_percentile(ReplyTimes.from_samples(samples), quantile)

    one = composed(rows)
    parts = one.unsent_ms + one.queue_ms + one.inference_ms + one.rest_ms
    assert parts == pytest.approx(one.latency_ms, rel=1e-6)
    assert one.latency_ms == np.quantile([row[0] for row in rows], quantile, method="inverted_cdf")
    shuffled = list(rows)
    random.shuffle(shuffled)
    other = composed(shuffled)
    assert (other.latency_ms, other.replies) == (one.latency_ms, one.replies)
    assert other.queue_ms == pytest.approx(one.queue_ms)


def test_each_judged_stage_is_told_for_itself_with_its_own_floor(make_run: Make) -> None:
    """Warm-up is left out of the whole and has no part; nor has a stage whose replies tell nothing."""
    stages = (
        Stage("warm-up", 0, 10, judged=False),
        Stage("low", 10, 20),
        Stage("high", 20, 30),
        Stage("silent", 30, 40),
    )
    names = [stage.name for stage in stages for _ in range(100)]
    run = make_run(
        400,
        stage=names,
        latency_ms=[{"warm-up": 900.0, "low": 10.0, "high": 20.0, "silent": 5.0}[name] for name in names],
        queue_ms=[{"warm-up": 800.0, "low": 2.0, "high": 16.0, "silent": None}[name] for name in names],
        inference_ms=1.0,
        telemetry={
            ("service", "probe_ms"): [(5.0, 50.0), (11.0, 1.0), (12.0, 9.0), (13.0, 2.0), (25.0, 4.0)],
        },
        facts={"stages": stages, "planned_s": 40.0, "ended_s": 40.0},
    )
    found = break_down_latency(run)
    assert found is not None
    assert [(stage.name, stage.floor_ms, stage.p50.queue_ms) for stage in found.stages] == [
        ("low", 2.0, pytest.approx(2.0)),
        ("high", 4.0, pytest.approx(16.0)),
    ]
    assert (found.total.floor_ms, found.total.p99.latency_ms) == (3.0, 20.0)
    assert (found.total.timed, found.total.answered) == (200, 300)


def test_failed_replies_are_left_out_even_if_they_tell_their_time(make_run: Make) -> None:
    run = told(make_run, outcome=["ok"] * 900 + ["http_5xx"] * 50 + ["timeout"] * 50)
    found = break_down_latency(run)
    assert found is not None
    assert (found.total.timed, found.total.answered) == (900, 950)


def test_a_reply_that_claims_more_than_the_client_saw_is_not_believed(make_run: Make) -> None:
    """A header in microseconds would make queueing a thousand times as long."""
    run = make_run(100, latency_ms=10.0, queue_ms=[2000.0] * 40 + [2.0] * 60, inference_ms=1.0)
    found = break_down_latency(run)
    assert found is not None
    assert found.total.timed == 60
    assert break_down_latency(make_run(100, latency_ms=10.0, queue_ms=2000.0, inference_ms=1.0)) is None


@pytest.mark.parametrize("count", [0, 100])
def test_without_server_timing_there_is_nothing_to_tell(make_run: Make, count: int) -> None:
    assert break_down_latency(make_run(count)) is None
