"""What a metric asks for: known answers of Kubernetes' documentation, and what no metric may do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaling.recommendation import PodReading, recommend_by_total, recommend_replicas
from autoscaling.rules import AutoscalerSettings, ScalingMetric

CPU = ScalingMetric("Resource", "cpu", "Utilization", 50)


def settings_of(metric: ScalingMetric) -> AutoscalerSettings:
    return AutoscalerSettings("autoscaler", "deployment", 1, 100, (metric,))


def ask(percents: list[int | str], metric: ScalingMetric = CPU, request: int = 100) -> int | None:
    """What is recommended to pods that use so many percent of their request, or are unready or missing."""
    readings = [
        PodReading("counted", each * request // 100) if isinstance(each, int) else PodReading(each)  # type: ignore[arg-type]
        for each in percents
    ]
    return recommend_replicas(settings_of(metric), metric, readings, len(percents), request)


@pytest.mark.parametrize(
    ("percents", "wanted", "why"),
    [
        ([94], 2, "the run of the tutorial: 94 % of 100m at a target of 50 % is two pods"),
        ([96, 94], 4, "95 % on two pods is four"),
        ([75, 75, 75, 75], 6, "75 % on four pods is six"),
        ([90] * 50, 90, "90 against 50"),
        ([55], 1, "within the tolerance of 10 %"),
        ([56], 2, "just outside of it"),
        ([45], 1, "within the tolerance below"),
        ([100, "unready"], 2, "an unready pod is taken for idle: 50 % on two"),
        ([200, "unready"], 4, "and still more are needed: 100 % on two"),
        ([20, 20, "unready"], 1, "an unready pod doesn't keep others from going"),
        ([20, 20, "missing"], 3, "a missing one is taken for fully used: 46 % on three is near the target"),
        ([10, 10, 10, "missing"], 3, "32 % on four is three"),
        ([120, "missing", "missing"], 3, "idle ones in its place would turn the direction round"),
    ],
)
def test_utilisation(percents: list[int | str], wanted: int, why: str) -> None:
    assert ask(percents) == wanted, why


def test_the_documentation_example_of_kubernetes() -> None:
    """50 pods at 90 % and a target of 75 % are ceil(50 × 90/75) = 60."""
    assert ask([90] * 50, ScalingMetric("Resource", "cpu", "Utilization", 75)) == 60


def test_utilisation_is_cut_to_whole_percent() -> None:
    """55.9 % counts as 55 %, which is within the tolerance."""
    readings = [PodReading("counted", 559)]
    assert recommend_replicas(settings_of(CPU), CPU, readings, 1, 1000) == 1


def test_nothing_is_recommended_where_no_pod_is_known() -> None:
    assert ask(["missing", "unready"]) is None


def test_an_average_of_another_metric() -> None:
    queue = ScalingMetric("Pods", "queue", "AverageValue", 5000)
    readings = [PodReading("counted", 12_000), PodReading("counted", 8000)]
    assert recommend_replicas(settings_of(queue), queue, readings, 2, 0) == 4


@pytest.mark.parametrize(("kind", "total", "wanted"), [("Value", 20_000, 8), ("AverageValue", 20_000, 4)])
def test_a_metric_of_another_object(kind: str, total: int, wanted: int) -> None:
    metric = ScalingMetric("External", "queue", kind, 5000)  # type: ignore[arg-type]
    assert recommend_by_total(settings_of(metric), metric, total, 2, 2) == wanted


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20))
def test_more_use_never_asks_for_fewer(percents: list[int]) -> None:
    more = [each + 30 for each in percents]
    assert (ask(more) or 0) >= (ask(percents) or 0)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.sampled_from(["unready", "missing"]))
def test_a_pod_that_is_not_known_never_widens_a_change(percents: list[int], kind: str) -> None:
    """With a pod of which nothing is known the count grows no farther than the known ones ask for.

    One more is allowed, because uses are cut to whole percent before the count is rounded up.
    """
    known = ask(percents)
    with_unknown = ask([*percents, kind])
    assert known is not None
    assert with_unknown is not None
    if with_unknown > len(percents) + 1:
        assert with_unknown <= known + 1
