"""Looks for the cheapest settings of an autoscaler that keep the objectives, among a stated grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from autoscaling.outcome import ScalingOutcome
from autoscaling.rules import (
    DEFAULT_DOWN,
    DEFAULT_UP,
    AutoscalerSettings,
    ScalingMetric,
    ScalingPolicy,
    ScalingRules,
)
from reports.data.quantities import format_duration, format_number

TARGET_FACTORS: Final = (0.5, 0.75, 1.0, 1.25)
LEAST_STEPS: Final = (0, 1, 2, 4)
"""More replicas at least than the manifest has."""
UP_WINDOWS_S: Final = (0.0, 30.0)
DOWN_WINDOWS_S: Final = (60.0, 300.0)
HIGHEST_PERCENT: Final = 95


@dataclass(frozen=True)
class TuningCandidate:
    """Settings, and what came of them; `words` are what differs from the manifest."""

    settings: AutoscalerSettings
    outcome: ScalingOutcome
    words: tuple[str, ...]

    @property
    def keeps(self) -> bool:
        """Whether every objective is met."""
        return not self.outcome.missed

    @property
    def replica_hours(self) -> float:
        """What is paid for."""
        return self.outcome.run.replica_hours


@dataclass(frozen=True)
class Tuning:
    """All settings that were tried, those of the manifest first, and the grid in words."""

    candidates: tuple[TuningCandidate, ...]
    grid: tuple[str, ...]

    @property
    def kept(self) -> list[TuningCandidate]:
        """Those that keep the objectives, the cheapest first; of equal ones that with the fewest changes."""
        keeping = [each for each in self.candidates if each.keeps]
        return sorted(keeping, key=lambda each: (round(each.replica_hours, 6), len(each.words)))

    @property
    def cheapest(self) -> TuningCandidate | None:
        """The cheapest settings that keep the objectives; None if none do."""
        return next(iter(self.kept), None)


def tune(settings: AutoscalerSettings, run: Callable[[AutoscalerSettings], ScalingOutcome]) -> Tuning:
    """Run the manifest's settings and all of the grid."""
    tried = dict.fromkeys([settings, *list_settings(settings)])
    candidates = (TuningCandidate(each, run(each), tuple(_list_changes(settings, each))) for each in tried)
    return Tuning(tuple(candidates), tuple(describe_grid(settings)))


def list_settings(settings: AutoscalerSettings) -> Iterator[AutoscalerSettings]:
    """The grid around the settings of a manifest: targets, minReplicas, windows and policies."""
    policies = list(dict.fromkeys([(settings.up, settings.down), (DEFAULT_UP, DEFAULT_DOWN)]))
    for factor, least, up_s, down_s, (up, down) in product(
        TARGET_FACTORS, _list_least(settings), UP_WINDOWS_S, DOWN_WINDOWS_S, policies
    ):
        yield replace(
            settings,
            least=least,
            metrics=tuple(_scale_target(metric, factor) for metric in settings.metrics),
            up=replace(up, window_s=up_s),
            down=replace(down, window_s=down_s),
            has_behavior=True,
        )


def describe_grid(settings: AutoscalerSettings) -> Iterator[str]:
    """What is tried, a line for each dimension."""
    for metric in settings.metrics:
        scaled = dict.fromkeys(_scale_target(metric, factor).target for factor in TARGET_FACTORS)
        told = ", ".join(_write_target(metric, target) for target in scaled)
        yield f"target of {metric.name}: {told}"
    yield f"minReplicas: {', '.join(map(str, _list_least(settings)))}"
    yield f"window before growing: {', '.join(map(_write_seconds, UP_WINDOWS_S))}"
    yield f"window before shrinking: {', '.join(map(_write_seconds, DOWN_WINDOWS_S))}"
    yield "policies: those of the manifest, and the defaults of Kubernetes"


def _list_least(settings: AutoscalerSettings) -> list[int]:
    return [settings.least + more for more in LEAST_STEPS if settings.least + more <= settings.most]


def _scale_target(metric: ScalingMetric, factor: float) -> ScalingMetric:
    target = max(1, round(metric.target * factor))
    if metric.kind == "Utilization" and factor > 1:
        target = max(metric.target, min(target, HIGHEST_PERCENT))
    return replace(metric, target=target)


def _list_changes(before: AutoscalerSettings, after: AutoscalerSettings) -> Iterator[str]:
    for old, new in zip(before.metrics, after.metrics, strict=True):
        if old.target != new.target:
            yield f"target of {new.name} {_write_target(new, new.target)}"
    if before.least != after.least:
        yield f"minReplicas {after.least}"
    if (
        not before.has_behavior
        and after.has_behavior
        and after.up == DEFAULT_UP
        and after.down == DEFAULT_DOWN
    ):
        yield "behavior stated, with the defaults of Kubernetes"
        return
    for word, old_rules, new_rules in (("up", before.up, after.up), ("down", before.down, after.down)):
        yield from _list_rule_changes(word, old_rules, new_rules)


def _list_rule_changes(word: str, before: ScalingRules, after: ScalingRules) -> Iterator[str]:
    if before.window_s != after.window_s:
        yield f"window {word} {_write_seconds(after.window_s)}"
    if (before.policies, before.choice) != (after.policies, after.choice):
        yield f"policies {word}: {' or '.join(map(_write_policy, after.policies))}"


def _write_policy(policy: ScalingPolicy) -> str:
    unit = "%" if policy.kind == "Percent" else "pods"
    return f"{policy.value} {unit} in {_write_seconds(policy.period_s)}"


def _write_target(metric: ScalingMetric, target: int) -> str:
    return f"{target} %" if metric.kind == "Utilization" else format_number(target / 1000)


def _write_seconds(seconds: float) -> str:
    return format_duration(seconds) if seconds else "0 s"


def write_settings(settings: AutoscalerSettings) -> dict[str, Any]:
    """What the grid changes: `minReplicas` and `behavior` as in a manifest, and the target of each metric."""
    return {
        "minReplicas": settings.least,
        "targets": {metric.name: _write_target(metric, metric.target) for metric in settings.metrics},
        "behavior": {"scaleUp": _write_rules(settings.up), "scaleDown": _write_rules(settings.down)},
    }


def _write_rules(rules: ScalingRules) -> dict[str, Any]:
    return {
        "stabilizationWindowSeconds": round(rules.window_s),
        "selectPolicy": rules.choice,
        "policies": [
            {"type": policy.kind, "value": policy.value, "periodSeconds": round(policy.period_s)}
            for policy in rules.policies
        ],
    }


def list_shown(tuning: Tuning, most: int) -> Sequence[TuningCandidate]:
    """The manifest's settings and the cheapest that keep the objectives, at most so many."""
    first = tuning.candidates[0]
    return [first, *[each for each in tuning.kept if each is not first][:most]]
