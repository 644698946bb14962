"""The autoscaler, its pods and a load in virtual time: what has to happen, and what never may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from autoscaling.controller import ScalingStep, find_signal
from autoscaling.deployment import Deployment
from autoscaling.manifest import read_autoscaler, read_requests
from autoscaling.pods import ClusterTiming
from autoscaling.question import ScalingQuestion
from autoscaling.replica import ReplicaModel, ReplicaStatement
from autoscaling.rules import AutoscalerSettings, ScalingMetric, ScalingPolicy, ScalingRules
from autoscaling.twin import TwinRun, simulate
from shapes.profiles import Constant, Ramp

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
REPLICA = ReplicaModel((10, 50, 80, 95), (5, 6, 12, 40), 80, 100, cpu_s_per_request=0.001)
DEPLOYED = Deployment(REPLICA, cpu_request_cores=0.1)
TIMING = ClusterTiming(start_s=20)
HALF = AutoscalerSettings("hpa", "deployment", 1, 10, (ScalingMetric("Resource", "cpu", "Utilization", 50),))


def run(
    load: float, settings: AutoscalerSettings = HALF, duration_s: float = 1800, **changes: object
) -> TwinRun:
    return simulate(settings, replace(DEPLOYED, **changes), TIMING, Constant(load, duration_s), duration_s)  # type: ignore[arg-type]


def test_a_constant_load_ends_at_the_target() -> None:
    """300 requests a second cost 0.3 cores: six pods at half of their 100m."""
    assert run(300).replicas[-1] == 6


def test_pods_serve_only_once_they_are_ready() -> None:
    seen = run(300)
    first = seen.steps[0]
    at = np.searchsorted(seen.t_s, first.t_s)
    assert (first.before, first.after) == (1, 2)
    assert seen.ready[at + 19] == 1
    assert seen.ready[at + 20] == 2


def test_what_waits_adds_to_the_latency() -> None:
    """One pod that answers 100 a second and is sent 300 is two seconds further behind each second."""
    seen = run(300)
    assert seen.queued[0] == pytest.approx(200)
    assert seen.latency_ms[0] == pytest.approx(40 + 2000)
    assert seen.queued[-1] == 0
    assert seen.latency_ms[-1] == pytest.approx(6)


def test_what_has_waited_too_long_fails() -> None:
    seen = run(300, timeout_s=1.0)
    assert seen.failed.sum() > 0
    assert seen.queued.max() <= 100 * seen.ready.max()


def test_a_limit_of_processor_time_holds_a_pod_back() -> None:
    """It answers half as much, within the objectives and at each latency, too."""
    limited = replace(DEPLOYED, cpu_limit_cores=0.05)
    assert limited.saturation_per_s == pytest.approx(50)
    assert limited.limited_replica.capacity_per_s == pytest.approx(40)
    assert limited.limited_replica.find_latency_ms(np.array([40.0]))[0] == pytest.approx(12)
    question = ScalingQuestion(limited, TIMING, Constant(45, 60), (), {})
    assert question.run(HALF, 0).under.all()
    assert replace(DEPLOYED, cpu_limit_cores=0.2).limited_replica == REPLICA


@pytest.mark.parametrize("limit", [0.05, 0.02])
def test_a_limit_of_no_more_than_the_idle_use_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=f"the limit leaves nothing for requests: {limit} cores"):
        Deployment(replace(REPLICA, idle_cores=0.05), cpu_limit_cores=limit)


def test_bursts_shorter_than_a_step_count() -> None:
    """400 a second in the last tenth of each second are 40 a second."""
    load = Constant(0, 0.9) + Constant(400, 0.1)
    seen = simulate(HALF, DEPLOYED, TIMING, load + load, 2)
    assert seen.rate_per_s == pytest.approx([40, 40])


@pytest.mark.parametrize("name", ["sync_s", "scrape_s"])
def test_a_period_shorter_than_a_step_is_refused(name: str) -> None:
    timing = replace(TIMING, **{name: 1e-300})
    with pytest.raises(ValueError, match="every 1e-300 s, but time goes on in steps of 1 s"):
        ScalingQuestion(DEPLOYED, timing, Constant(5, 60), (), {})


def test_fewer_requests_bring_fewer_pods_after_the_window() -> None:
    load = Constant(300, 900) + Constant(30, 1200)
    seen = simulate(HALF, DEPLOYED, TIMING, load, 2100)
    assert seen.replicas[899] == 6
    assert seen.replicas[900 + 290] == 6
    assert seen.replicas[-1] == 1


def test_the_shipped_manifests_are_followed() -> None:
    settings = read_autoscaler(KUBERNETES / "overlays/cpu-memory/autoscaler.yaml")
    requests = read_requests(KUBERNETES / "base/deployment.yaml", settings.target)
    assert requests is not None
    deployed = Deployment(
        replace(REPLICA, memory_bytes=150 * 2**20, cpu_s_per_request=0.004),
        cpu_request_cores=requests.cpu_cores,
        memory_request_bytes=requests.memory_bytes,
    )
    seen = simulate(settings, deployed, TIMING, Ramp(10, 180, 600) + Constant(180, 600), 1200)
    assert seen.replicas[0] == 2
    assert seen.replicas[-1] == 3  # 0.72 cores at 60 % of 500m
    assert {step.metric for step in seen.steps} == {"cpu at 60 % of its request"}


def test_a_service_that_saturates_below_the_target_is_never_scaled() -> None:
    """Two pods that answer all they can with 20 % of their request: the autoscaler sees no need."""
    seen = run(900, replace(HALF, least=2), cpu_request_cores=0.5)
    assert seen.steps == ()
    assert seen.queued[-1] > 1000


def test_memory_scales_out_and_rarely_in() -> None:
    settings = read_autoscaler(KUBERNETES / "overlays/cpu-memory/autoscaler.yaml")
    deployed = Deployment(
        replace(REPLICA, memory_bytes=360 * 2**20), cpu_request_cores=0.5, memory_request_bytes=384 * 2**20
    )
    seen = simulate(settings, deployed, TIMING, Constant(10, 600), 600)
    assert seen.steps[0].metric == "memory at 70 % of its request"
    assert seen.replicas[-1] > 2


def test_a_metric_without_a_meaning_is_refused() -> None:
    queue = AutoscalerSettings(
        "hpa", "deployment", 1, 5, (ScalingMetric("Pods", "depth", "AverageValue", 5000),)
    )
    with pytest.raises(ValueError, match="what the metric depth measures is not known"):
        run(10, queue)


def test_a_queue_can_be_the_metric() -> None:
    queue = AutoscalerSettings(
        "hpa", "deployment", 1, 5, (ScalingMetric("Pods", "depth", "AverageValue", 5000),)
    )
    seen = simulate(queue, DEPLOYED, TIMING, Constant(250, 900), 900, {"depth": "queued"})
    assert seen.replicas[-1] >= 3


def test_a_request_that_is_not_known_is_told() -> None:
    with pytest.raises(ValueError, match="the pods' request of cpu is not known"):
        run(10, cpu_request_cores=None)


policies = st.builds(
    ScalingPolicy, st.sampled_from(["Pods", "Percent"]), st.integers(1, 100), st.sampled_from([15, 30, 60])
)
rules = st.builds(ScalingRules, st.tuples(policies), st.sampled_from([0, 30, 120]))


@hypothesis_settings(max_examples=30, deadline=None)
@given(rules, rules, st.floats(1, 900), st.floats(1, 900), st.integers(1, 3), st.integers(3, 12))
def test_bounds_hold_and_it_settles(
    up: ScalingRules, down: ScalingRules, before: float, after: float, least: int, most: int
) -> None:
    settings = replace(HALF, least=least, most=most, up=up, down=down, has_behavior=True)
    seen = simulate(settings, DEPLOYED, TIMING, Constant(before, 600) + Constant(after, 3000), 3600)
    assert seen.replicas.min() >= least
    assert seen.replicas.max() <= most
    assert (seen.ready <= seen.replicas).all()
    assert not [step for step in seen.steps if step.t_s > 2700], (
        "still scaling after half an hour of one load"
    )


def test_the_run_of_the_tutorial() -> None:
    """Half of 100m at 94, then 190, then 300 thousandths of a core: two pods, four, six."""
    settings = read_autoscaler(KUBERNETES / "overlays/cpu/autoscaler.yaml")
    requests = read_requests(KUBERNETES / "overlays/cpu/resources.yaml", settings.target)
    assert requests is not None
    deployed = Deployment(
        ReplicaModel((10,), (5,), 400, 400, cpu_s_per_request=0.001), requests.cpu_cores, None, None
    )
    load = Constant(94, 300) + Constant(190, 300) + Constant(300, 300)
    seen = simulate(settings, deployed, TIMING, load, 900)
    assert [(step.before, step.after) for step in seen.steps] == [(1, 2), (2, 4), (4, 6)]


def test_the_policies_of_the_overlay() -> None:
    """In 30 s twice as many or three more, whichever is larger; half of them a minute on the way down."""
    settings = read_autoscaler(KUBERNETES / "overlays/cpu-memory/autoscaler.yaml")
    deployed = Deployment(
        replace(REPLICA, cpu_s_per_request=0.02, memory_bytes=2**20),
        cpu_request_cores=0.5,
        memory_request_bytes=2**29,
        timeout_s=1,
    )
    seen = simulate(settings, deployed, ClusterTiming(5), Constant(4000, 300) + Constant(5, 900), 1200)
    assert [(step.t_s, step.after) for step in seen.steps] == [
        *[(30, 5), (60, 10), (90, 15)],  # after a window of 30 s
        *[(420, 7), (480, 3), (540, 2)],  # after a window of 120 s
    ]


@pytest.mark.parametrize("lag_s", [0.0, 20.0, 45.0])
def test_what_is_measured_late_is_acted_on_late(lag_s: float) -> None:
    steps = [
        simulate(HALF, DEPLOYED, replace(TIMING, lag_s=each), Constant(40, 120) + Constant(200, 600), 720)
        for each in (0.0, lag_s)
    ]
    first, later = (seen.steps[0].t_s for seen in steps)
    assert lag_s <= later - first < lag_s + TIMING.sync_s


def test_a_replica_that_works_on_two_at_once_makes_others_wait() -> None:
    """What waits in an M/M/2 queue at a load of 0.8, by Erlang C: 2.84 requests."""
    model = ReplicaStatement(0.02, 2, cpu_s_per_request=0.01).model(0.99, 150)
    assert model.saturation_per_s == 100
    assert model.capacity_per_s == pytest.approx(66.3, abs=0.1)
    assert model.find_waiting(np.array([80.0]))[0] == pytest.approx(2.844, abs=0.01)
    assert model.find_in_flight(np.array([80.0]))[0] == pytest.approx(2.844 + 1.6, abs=0.01)


@pytest.mark.parametrize(
    ("statement", "limit_ms", "message"),
    [
        (ReplicaStatement(0.02), None, "no rate is known that a replica carries"),
        (ReplicaStatement(0.02), 50, "a request alone has a p99 of 92.1 ms, above the limit of 50 ms"),
        (ReplicaStatement(0.02, 2, 101), 150, "--capacity-per-replica 101/s is more than a replica answers"),
    ],
)
def test_a_replica_that_can_not_be_is_refused(
    statement: ReplicaStatement, limit_ms: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        statement.model(0.99, limit_ms)


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.floats(1, 900), st.floats(1, 900), st.floats(0.05, 5), st.sampled_from([0.25, 0.5, 1.0, 5.0]))
def test_every_request_is_answered_waits_or_fails(
    before: float, after: float, timeout_s: float, step_s: float
) -> None:
    deployed = replace(DEPLOYED, timeout_s=timeout_s)
    seen = simulate(HALF, deployed, TIMING, Constant(before, 300) + Constant(after, 300), 600, step_s=step_s)
    arrived = float(seen.rate_per_s.sum() * step_s)
    answered = float((seen.usage["rate"] * seen.ready).sum() * step_s)
    assert answered + float(seen.failed.sum()) + seen.queued[-1] == pytest.approx(arrived)


def test_near_saturation_latency_is_what_piles_up_and_no_endless_mean() -> None:
    """A second at a load of 1 makes nobody wait for as long as the steady queue of that load would."""
    model = ReplicaStatement(0.004, cpu_s_per_request=0.004).model(0.99, 100)
    seen = simulate(HALF, Deployment(model, cpu_request_cores=1.0), TIMING, Constant(250, 10), 10, initial=1)
    assert seen.latency_ms.max() < 400


@pytest.mark.parametrize(("initial", "bound", "after"), [(1, "minReplicas", 3), (12, "maxReplicas", 10)])
def test_a_count_outside_the_bounds_is_corrected_before_any_metric_is_read(
    initial: int, bound: str, after: int
) -> None:
    """At the first look nothing is known of any pod."""
    seen = simulate(replace(HALF, least=3), DEPLOYED, TIMING, Constant(5, 60), 60, initial=initial)
    assert seen.steps[0] == ScalingStep(0.0, initial, after, bound)


def test_a_metric_of_a_container_is_measured_by_its_request() -> None:
    metric = ScalingMetric("ContainerResource", "cpu", "Utilization", 50, "web")
    deployed = replace(DEPLOYED, container_requests={"web": {"cpu": 0.25}, "proxy": {"cpu": 0.05}})
    assert find_signal(metric, deployed, {}) == ("cores", 250)
    with pytest.raises(ValueError, match="no container named 'wev': expected one of web, proxy"):
        find_signal(replace(metric, container="wev"), deployed, {})


def test_a_request_is_rounded_up_to_thousandths_and_is_above_zero() -> None:
    (metric,) = HALF.metrics
    assert find_signal(metric, replace(DEPLOYED, cpu_request_cores=0.1 + 0.2), {}) == ("cores", 300)
    assert find_signal(metric, replace(DEPLOYED, cpu_request_cores=0.0004), {}) == ("cores", 1)
    with pytest.raises(ValueError, match="the pods' request of cpu is 0: state one above zero"):
        run(5, cpu_request_cores=0.0)
