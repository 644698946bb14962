"""What an autoscaler is asked, and whether that was kept: limits, spans, and what can't be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from autoscaling.objectives import (
    ScalingObjective,
    choose_scaling_objectives,
    find_quantile,
    parse_scaling_objective,
)
from autoscaling.outcome import ScalingOutcome, describe_spans
from autoscaling.twin import TwinRun
from configuration.errors import ConfigurationError
from reports.objectives.parsing import parse_objective
from shapes.stages import ProfileStage


def make_run(
    rates: Sequence[float], ready: Sequence[int], latency_ms: Sequence[float] | None = None
) -> TwinRun:
    count = len(rates)
    return TwinRun(
        step_s=1.0,
        t_s=np.arange(float(count)),
        rate_per_s=np.array(rates, dtype=float),
        replicas=np.array(ready),
        ready=np.array(ready),
        latency_ms=np.array(latency_ms or [10.0] * count, dtype=float),
        queued=np.zeros(count),
        failed=np.zeros(count),
        usage={},
        steps=(),
    )


def judge(run: TwinRun, *texts: str, stages: Sequence[ProfileStage] = ()) -> ScalingOutcome:
    names = [stage.name for stage in stages]
    objectives = tuple(parse_scaling_objective(text, names) for text in texts)
    return ScalingOutcome(run, 100, tuple(stages), objectives)


def test_too_few_replicas_are_counted_in_seconds() -> None:
    """One replica carries 100 a second; three seconds bring more than those that are ready carry."""
    outcome = judge(make_run([50, 150, 150, 150, 250, 50], [1, 1, 1, 2, 2, 2]), "under-provisioned <= 2 s")
    (judged,) = outcome.judgements
    assert (judged.outcome, judged.observed) == ("missed", 3)
    assert judged.spans == ((1, 3), (4, 5))
    assert outcome.missed == [judged]


def test_the_limit_itself_is_kept_by_at_most_and_missed_by_less_than() -> None:
    run = make_run([150, 150, 50], [1, 1, 1])
    kept, missed = judge(run, "under-provisioned <= 2 s", "under-provisioned < 2 s").judgements
    assert (kept.outcome, missed.outcome) == ("met", "missed")


def test_a_percentile_leaves_out_its_share_of_requests_not_of_time() -> None:
    """A second of 99 above the limit is less than 1 % of requests only beside many others."""
    latency = [10.0] * 99 + [500.0]
    few = make_run([100] * 99 + [99], [9] * 100, latency)
    many = make_run([100] * 99 + [101], [9] * 100, latency)
    assert not judge(few, "p99 latency <= 100 ms").missed
    (missed,) = judge(many, "p99 latency <= 100 ms").missed
    assert missed.spans == ((99, 100),)
    assert missed.observed == 500


def test_an_objective_may_be_about_the_scale_up_or_a_stage() -> None:
    run = make_run([50, 150, 150, 50], [1, 1, 2, 2], [10, 500, 400, 10])
    run = replace(run, replicas=np.array([1, 2, 2, 2]))
    stages = (ProfileStage("calm", 0, 1), ProfileStage("busy", 1, 4))
    texts = ("p99 latency <= 450 ms during scale-up", "p99 latency <= 100 ms during calm")
    growing, calm = judge(run, *texts, stages=stages).judgements
    assert growing.spans == ((1, 2),)
    assert calm.outcome == "met"


def test_failed_requests_are_a_share_of_those_that_arrived() -> None:
    run = replace(make_run([100, 100], [1, 1]), failed=np.array([0.0, 3.0]))
    kept, missed = judge(run, "error rate <= 1.5 %", "error rate < 1.5 %").judgements
    assert kept.outcome == "met"
    assert missed.observed == pytest.approx(0.015)
    assert missed.spans == ((1, 2),)


def test_spans_are_told_in_words() -> None:
    assert describe_spans([(0, 5), (70, 80)]) == "from the start to 5 s, from 1 min 10 s to 1 min 20 s"
    assert describe_spans([(each, each + 1) for each in range(10, 30, 2)]).endswith("7 more times")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("under-provisioned >= 30 s", "under-provisioned is better when lower: expected <= or <, not >="),
        ("under-provisioned <= 30", "'30' is no limit, expected a duration with its unit"),
        ("p99 latency <= 100", "100 has no unit"),
        ("p99 latency <= 100 ms during climb", "there is no stage 'climb'"),
        ("p99 latency <= 100 ms in any 10 s", "the twin looks at each second by itself"),
        ("p99 latency <= 100 ms on batch", "leave 'on' out"),
        ("throughput >= 10 requests/s", "of an autoscaler can be asked 'p99 latency"),
        ("p99 latency <= 110 % of baseline", "it needs a fixed limit"),
    ],
)
def test_what_can_not_be_asked_is_told(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        parse_scaling_objective(text, ["steady"])
    assert message in str(told.value)


def test_of_a_scenario_only_what_can_be_asked_is_taken_and_the_rest_told() -> None:
    texts = ("p99 latency <= 100 ms", "error rate <= 0.1 %", "throughput >= 10 requests/s")
    chosen, left_out = choose_scaling_objectives(map(parse_objective, texts))
    assert [each.text for each in chosen] == list(texts[:2])
    assert left_out[0].startswith("'throughput >= 10 requests/s' is not asked here: ")


def test_one_percentile_is_followed() -> None:
    def limit(quantile: float, limit_ms: float) -> ScalingObjective:
        return ScalingObjective("", "latency", limit_ms, quantile)

    assert find_quantile([limit(0.95, 200), limit(0.95, 100)]) == (0.95, 100)
    assert find_quantile([]) == (0.99, None)
    with pytest.raises(ConfigurationError, match=r"several percentiles \(p95, p99\)"):
        find_quantile([limit(0.95, 200), limit(0.99, 300)])
