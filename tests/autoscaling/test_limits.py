"""What windows and policies make of recommendations: known answers, and bounds that always hold."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaling.limits import ScalingHistory
from autoscaling.rules import AutoscalerSettings, ScalingMetric, ScalingPolicy, ScalingRules

CPU = ScalingMetric("Resource", "cpu", "Utilization", 50)
HOUR = 3600


def make(up: ScalingRules, down: ScalingRules, least: int = 1, most: int = 100) -> AutoscalerSettings:
    return AutoscalerSettings("autoscaler", "deployment", least, most, (CPU,), up, down, has_behavior=True)


def follow(
    settings: AutoscalerSettings, recommended: list[int], start: int, period_s: float = 15
) -> list[int]:
    """The replicas after each look."""
    history = ScalingHistory(settings)
    history.begin(-HOUR, start)
    counts, current = [], start
    for number, each in enumerate(recommended):
        current = history.limit(number * period_s, current, each)
        counts.append(current)
    return counts


FREE = ScalingRules((ScalingPolicy("Percent", 100_000, 15),), 0)


@pytest.mark.parametrize(
    ("policies", "choice", "expected", "why"),
    [
        ([("Pods", 4, 60)], "Max", [5, 5, 5, 5, 9], "four a minute"),
        ([("Percent", 100, 60)], "Max", [2, 2, 2, 2, 4], "twice as many a minute"),
        ([("Percent", 100, 60), ("Pods", 4, 60)], "Max", [5, 5, 5, 5, 10], "whichever is larger"),
        ([("Percent", 100, 60), ("Pods", 4, 60)], "Min", [2, 2, 2, 2, 4], "whichever is smaller"),
        ([("Percent", 10, 60)], "Max", [2, 2, 2, 2, 3], "rounded up, so that one pod may become two"),
        ([("Pods", 4, 60)], "Disabled", [1, 1, 1, 1, 1], "none"),
    ],
)
def test_growth_follows_its_policies(
    policies: list[tuple[str, int, int]], choice: str, expected: list[int], why: str
) -> None:
    rules = ScalingRules(tuple(ScalingPolicy(*each) for each in policies), 0, choice)  # type: ignore[arg-type]
    assert follow(make(rules, FREE), [50] * 5, 1) == expected, why


@pytest.mark.parametrize(
    ("start", "percent", "recommended", "expected"),
    [(25, 12, 50, 29), (10, 90, 0, 1), (20, 80, 0, 3)],
)
def test_shares_are_rounded_as_kubernetes_does(
    start: int, percent: int, recommended: int, expected: int
) -> None:
    """`25 * (1 + 12/100)` is a little above 28 in float64, `20 * (1 - 80/100)` a little below 4."""
    rules = ScalingRules((ScalingPolicy("Percent", percent, 60),), 0)
    assert follow(make(rules, rules), [recommended], start) == [expected]


def test_a_window_waits_for_agreement() -> None:
    """Pods go only when none of the last minute's recommendations asked for more."""
    down = ScalingRules((ScalingPolicy("Percent", 100, 15),), 60)
    assert follow(make(FREE, down), [10, 4, 5, 4, 4, 4], 10) == [10, 10, 10, 10, 5, 5]


def test_growth_may_wait_too() -> None:
    up = ScalingRules((ScalingPolicy("Pods", 50, 15),), 30)
    assert follow(make(up, FREE), [2, 8, 8, 8], 2) == [2, 2, 8, 8]


def test_without_behaviour_a_look_doubles_at_most() -> None:
    settings = AutoscalerSettings("autoscaler", "deployment", 1, 100, (CPU,))
    assert follow(settings, [50] * 4, 1) == [4, 8, 16, 32]


def test_without_behaviour_pods_stay_for_five_minutes() -> None:
    settings = AutoscalerSettings("autoscaler", "deployment", 1, 100, (CPU,))
    counts = follow(settings, [8] + [1] * 30, 8)
    assert counts[:22] == [8] * 21 + [1], "a recommendation that is 300 s old still counts"
    assert counts[-1] == 1


def test_a_count_outside_the_bounds_is_brought_back() -> None:
    assert follow(make(FREE, FREE, least=3, most=5), [9], 9) == [5]
    assert follow(make(FREE, FREE, least=3, most=5), [1], 1) == [3]


policies = st.builds(
    ScalingPolicy,
    st.sampled_from(["Pods", "Percent"]),
    st.integers(1, 200),
    st.sampled_from([15, 30, 60, 120]),
)
rules = st.builds(
    ScalingRules,
    st.lists(policies, min_size=1, max_size=3).map(tuple),
    st.sampled_from([0, 15, 60, 300]),
    st.sampled_from(["Max", "Min", "Disabled"]),
)


@given(rules, rules, st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(2, 20))
def test_bounds_and_policies_always_hold(
    up: ScalingRules, down: ScalingRules, recommended: list[int], start: int
) -> None:
    settings = make(up, down, least=2, most=20)
    counts = [start, *follow(settings, recommended, start)]
    assert all(2 <= count <= 20 for count in counts)
    if up.choice == "Disabled":
        assert all(after <= before for before, after in pairwise(counts))
    if down.choice == "Disabled":
        assert all(after >= before for before, after in pairwise(counts))


def list_changes(counts: list[int], policy: ScalingPolicy) -> list[tuple[int, int, int]]:
    """For each look: the replicas when the policy's period began, those before the look, those after it."""
    looks = round(policy.period_s / 15)
    return [(counts[max(0, last - looks)], counts[last - 1], counts[last]) for last in range(1, len(counts))]


@given(policies, policies, st.lists(st.integers(0, 200), min_size=1, max_size=60), st.sampled_from([0, 60]))
def test_replicas_never_change_faster_than_a_policy_allows(
    up: ScalingPolicy, down: ScalingPolicy, recommended: list[int], window_s: float
) -> None:
    settings = make(ScalingRules((up,), window_s), ScalingRules((down,), window_s), least=1, most=200)
    counts = [20, *follow(settings, recommended, 20)]
    for start, before, after in list_changes(counts, up):
        if after > before:
            most = start + up.value if up.kind == "Pods" else math.ceil(start * (1 + up.value / 100))
            assert after <= most
    for start, before, after in list_changes(counts, down):
        if after < before:
            least = start - down.value if down.kind == "Pods" else int(start * (1 - down.value / 100))
            assert after >= least


@given(rules, st.integers(2, 20), st.integers(2, 20))
def test_it_settles_under_a_constant_recommendation(up: ScalingRules, wanted: int, start: int) -> None:
    """With rules that forbid nothing it ends at what is recommended."""
    if up.choice != "Disabled":
        assert follow(make(up, up, 2, 20), [wanted] * 400, start)[-1] == wanted
