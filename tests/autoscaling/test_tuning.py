"""The cheapest settings that keep the objectives are found, and nothing outside the stated grid is tried."""

from __future__ import annotations

import pytest

from autoscaling.deployment import Deployment
from autoscaling.objectives import parse_scaling_objective
from autoscaling.pods import ClusterTiming
from autoscaling.question import ScalingQuestion
from autoscaling.replica import ReplicaModel
from autoscaling.rules import AutoscalerSettings, ScalingMetric
from autoscaling.tuning import describe_grid, list_settings, list_shown, tune, write_settings
from shapes.profiles import Constant, Ramp

REPLICA = ReplicaModel((10, 80), (5, 40), 80, 100, cpu_s_per_request=0.001)
SETTINGS = AutoscalerSettings("hpa", "model", 1, 6, (ScalingMetric("Resource", "cpu", "Utilization", 80),))
LOAD = Constant(40, 60) + Ramp(40, 300, 60) + Constant(300, 240)


def ask(objective: str) -> ScalingQuestion:
    return ScalingQuestion(
        Deployment(REPLICA, cpu_request_cores=0.1),
        ClusterTiming(start_s=20),
        LOAD,
        (parse_scaling_objective(objective),),
        {},
    )


@pytest.mark.extended
def test_the_cheapest_that_keeps_is_no_dearer_than_any_other_that_keeps() -> None:
    question = ask("under-provisioned <= 20 s")
    tuning = tune(SETTINGS, question.answer)
    best = tuning.cheapest
    assert best is not None
    assert not tuning.candidates[0].keeps, "the manifest itself is too slow here"
    assert not question.answer(best.settings).missed
    assert all(each.replica_hours >= best.replica_hours - 1e-6 for each in tuning.candidates if each.keeps)
    assert best.words
    assert list_shown(tuning, 3)[:2] == [tuning.candidates[0], best]


@pytest.mark.extended
def test_settings_that_can_not_keep_an_objective_are_not_offered() -> None:
    tuning = tune(SETTINGS, ask("p99 latency <= 1 ms").answer)
    assert tuning.cheapest is None
    assert tuning.kept == []


def test_the_grid_is_what_it_says() -> None:
    grid = list(list_settings(SETTINGS))
    assert {each.metrics[0].target for each in grid} == {40, 60, 80, 95}, "never above 95 % of a request"
    assert {each.least for each in grid} == {1, 2, 3, 5}
    assert all(each.most == SETTINGS.most and each.has_behavior for each in grid)
    assert list(describe_grid(SETTINGS))[:2] == [
        "target of cpu: 40 %, 60 %, 80 %, 95 %",
        "minReplicas: 1, 2, 3, 5",
    ]


def test_settings_are_written_as_a_manifest_takes_them() -> None:
    written = write_settings(SETTINGS)
    assert written["minReplicas"] == 1
    assert written["behavior"]["scaleUp"] == {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": 100, "periodSeconds": 15},
            {"type": "Pods", "value": 4, "periodSeconds": 15},
        ],
    }


def test_the_worst_first_look_counts() -> None:
    question = ask("under-provisioned <= 20 s")
    worst = question.answer(SETTINGS)
    each = [question.run(SETTINGS, phase_s) for phase_s in (0, 5, 10)]
    assert worst.under_s == max(run.under_s for run in each)
    assert len({run.under_s for run in each}) > 1
