"""What a HorizontalPodAutoscaler was told, with the defaults of `autoscaling/v2` filled in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Direction = Literal["up", "down"]
PolicyKind = Literal["Pods", "Percent"]
PolicyChoice = Literal["Max", "Min", "Disabled"]
TargetKind = Literal["Utilization", "AverageValue", "Value"]

DEFAULT_TOLERANCE: Final = 0.1
"""`--horizontal-pod-autoscaler-tolerance` of the controller manager."""
DEFAULT_SCALE_DOWN_WINDOW_S: Final = 300
"""`--horizontal-pod-autoscaler-downscale-stabilization`."""


@dataclass(frozen=True)
class ScalingPolicy:
    """How much may change within a period: so many pods, or a share of those there were at its start."""

    kind: PolicyKind
    value: int
    period_s: float


@dataclass(frozen=True)
class ScalingRules:
    """How fast replicas may change in one direction.

    Of several policies the one that allows the larger change counts (`Max`), or the smaller (`Min`);
    `Disabled` allows none. A proposal counts only as far as all of the last `window_s` agree with it.
    """

    policies: tuple[ScalingPolicy, ...]
    window_s: float
    choice: PolicyChoice = "Max"
    tolerance: float = DEFAULT_TOLERANCE


DEFAULT_UP: Final = ScalingRules((ScalingPolicy("Percent", 100, 15), ScalingPolicy("Pods", 4, 15)), 0)
DEFAULT_DOWN: Final = ScalingRules((ScalingPolicy("Percent", 100, 15),), DEFAULT_SCALE_DOWN_WINDOW_S)


@dataclass(frozen=True)
class ScalingMetric:
    """One metric and its target.

    The target is in percent of the request (`Utilization`), or in thousandths of the metric's unit: of the
    average over the pods (`AverageValue`), or of the whole (`Value`).
    """

    source: str
    """Resource, ContainerResource, Pods, Object or External."""
    name: str
    kind: TargetKind
    target: int
    container: str | None = None
    """Whose request a ContainerResource is measured by."""

    @property
    def title(self) -> str:
        """As in `cpu at 60 % of its request`."""
        if self.kind == "Utilization":
            return f"{self.name} at {self.target} % of its request"
        of = "a pod" if self.kind == "AverageValue" else "in all"
        return f"{self.name} at {self.target / 1000:g} {of}"


DEFAULT_METRIC: Final = ScalingMetric("Resource", "cpu", "Utilization", 80)


@dataclass(frozen=True)
class AutoscalerSettings:
    """A HorizontalPodAutoscaler: its bounds, its metrics, and how fast it may act.

    `has_behavior` is false where the manifest says nothing of behaviour: the controller then follows an older
    rule, at most twice as many replicas, or four, at each look.
    """

    name: str
    target: str
    least: int
    most: int
    metrics: tuple[ScalingMetric, ...]
    up: ScalingRules = DEFAULT_UP
    down: ScalingRules = DEFAULT_DOWN
    has_behavior: bool = False
    default_window_s: float = DEFAULT_SCALE_DOWN_WINDOW_S
    """For how long pods stay where nothing is said of behaviour."""
    notes: tuple[str, ...] = ()
    """What of the manifest is taken differently from what it says, in sentences."""

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(
                f"{self.least} to {self.most} replicas: expected at least 1, and no fewer at most"
            )
        if not self.metrics:
            raise ValueError("no metric: expected one at least")

    def scale_time(self, factor: float) -> AutoscalerSettings:
        """The same with every window and period `factor` times as long, behaviour stated or not."""
        return replace(
            self,
            up=_scale_rules(self.up, factor),
            down=_scale_rules(self.down, factor),
            default_window_s=self.default_window_s * factor,
        )


def _scale_rules(rules: ScalingRules, factor: float) -> ScalingRules:
    policies = tuple(replace(policy, period_s=policy.period_s * factor) for policy in rules.policies)
    return replace(rules, policies=policies, window_s=rules.window_s * factor)
