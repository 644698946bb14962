"""Makes the question to an autoscaler of what was typed: its manifest, a load, a replica, objectives."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace

from autoscaling.deployment import Deployment
from autoscaling.manifest import PodRequests, read_autoscaler, read_requests
from autoscaling.measured import read_measured_replica
from autoscaling.objectives import (
    EXAMPLES,
    ScalingObjective,
    choose_scaling_objectives,
    find_quantile,
    parse_scaling_objective,
)
from autoscaling.pods import ClusterTiming
from autoscaling.question import ScalingQuestion
from autoscaling.replica import ReplicaModel, ReplicaStatement
from autoscaling.rules import AutoscalerSettings
from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from configuration.rates import read_rates
from configuration.scenario import Scenario
from shapes.composition import Profile


@dataclass(frozen=True)
class ScalingTask:
    """What was asked for; `load` names where it comes from, `left_out` which objectives are not asked."""

    settings: AutoscalerSettings
    question: ScalingQuestion
    load: str
    left_out: tuple[str, ...]
    scenario: Scenario | None


def read_task(options: argparse.Namespace) -> ScalingTask:
    """What was typed, read; ConfigurationError or ValueError says what is wrong with it."""
    settings = read_autoscaler(options.hpa)
    requests = _find_requests(options, settings)
    scenario = None if options.scenario is None else load_scenario(options.scenario)
    profile = read_rates(options.profile) if scenario is None else _find_profile(scenario)
    objectives, left_out = _find_objectives(options, scenario, profile)
    replica = _make_replica(options, objectives)
    if scenario is not None and scenario.load.unit == "multiple":
        profile = profile.scale_levels(replica.capacity_per_s)
    question = ScalingQuestion(
        deployment=Deployment(
            replica,
            cpu_request_cores=requests.cpu_cores,
            memory_request_bytes=requests.memory_bytes,
            cpu_limit_cores=requests.cpu_limit_cores,
            container_requests=requests.containers,
            timeout_s=math.inf if options.timeout is None else options.timeout,
        ),
        timing=ClusterTiming(
            start_s=options.start_up + options.readiness_delay,
            sync_s=options.sync,
            scrape_s=options.metrics_period,
            lag_s=options.metrics_lag,
        ),
        load=profile,
        objectives=tuple(objectives),
        signals=dict(options.metric),
        initial=_check_initial(options, settings),
    )
    return ScalingTask(settings, question, _name_load(scenario, replica), tuple(left_out), scenario)


def _find_requests(options: argparse.Namespace, settings: AutoscalerSettings) -> PodRequests:
    found = read_requests(options.deployment or options.hpa, settings.target)
    if found is None and options.deployment is not None:
        raise ConfigurationError(f"{options.deployment} holds no Deployment named {settings.target}")
    return found or PodRequests()


def _find_profile(scenario: Scenario) -> Profile:
    if scenario.load.profile is None or scenario.load.model == "closed":
        raise ConfigurationError(
            f"the scenario {scenario.name!r} follows the closed model: its users wait for replies, so there "
            "is no rate that more replicas would have to carry. Take a scenario with rates, or give --profile"
        )
    return scenario.load.profile


def _find_objectives(
    options: argparse.Namespace, scenario: Scenario | None, profile: Profile
) -> tuple[list[ScalingObjective], list[str]]:
    stages = [stage.name for stage in profile.stages]
    left_out: list[str] = []
    if options.objective or scenario is None:
        chosen = [parse_scaling_objective(text, stages) for text in options.objective]
    else:
        chosen, left_out = choose_scaling_objectives(scenario.objectives)
    if not chosen:
        raise ConfigurationError(f"there is nothing to judge by: give --objective, such as {EXAMPLES}")
    return chosen, left_out


def _make_replica(options: argparse.Namespace, objectives: list[ScalingObjective]) -> ReplicaModel:
    quantile, limit_ms = find_quantile(objectives)
    stated = {
        "capacity_per_s": options.capacity_per_replica,
        "cpu_s_per_request": options.cpu_per_request,
        "idle_cores": options.idle_cores,
        "memory_bytes": options.memory,
    }
    known = {name: value for name, value in stated.items() if value is not None}
    if options.capacity is None:
        return ReplicaStatement(options.service_time, options.concurrency or 1, **known).model(
            quantile, limit_ms
        )
    if options.concurrency is not None:
        raise ConfigurationError(
            "--concurrency belongs to --service-time: what was measured says itself how much it carries"
        )
    return replace(read_measured_replica(options.capacity, quantile), **known)


def _check_initial(options: argparse.Namespace, settings: AutoscalerSettings) -> int | None:
    if options.replicas is not None and options.replicas > settings.most:
        raise ConfigurationError(
            f"--replicas {options.replicas} is more than the manifest's maxReplicas, {settings.most}"
        )
    return options.replicas  # type: ignore[no-any-return]


def _name_load(scenario: Scenario | None, replica: ReplicaModel) -> str:
    if scenario is None:
        return "a profile of one's own"
    if scenario.load.unit == "multiple":
        return f"{scenario.name}, 1x = {replica.capacity_per_s:.4g}/s"
    return scenario.name
