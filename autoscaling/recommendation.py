"""How many replicas one metric asks for, from what is known of each pod.

The rules are those of Kubernetes' `pkg/controller/podautoscaler/replica_calculator.go`, with its whole
numbers: uses are thousandths (of a core, of the metric's unit), utilisation is cut to whole percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from autoscaling.rules import AutoscalerSettings, ScalingMetric

ReadingKind = Literal["counted", "unready", "missing"]


@dataclass(frozen=True)
class PodReading:
    """What a metric says of one pod: its use in thousandths, if it counts.

    A pod that is `unready` has started and can't be judged yet; of a `missing` one nothing is known.
    """

    kind: ReadingKind
    usage: int = 0


def recommend_replicas(
    settings: AutoscalerSettings,
    metric: ScalingMetric,
    readings: Sequence[PodReading],
    current: int,
    request: int,
) -> int | None:
    """The replicas that a metric of pods asks for, before any limit; None if no pod is known.

    `request` is a pod's request of the resource in thousandths, of use only to targets of utilisation.
    """
    counted = [reading.usage for reading in readings if reading.kind == "counted"]
    if not counted:
        return None
    calculator = _RatioCalculator(metric, request)
    ratio = calculator.compute(counted)
    unready = sum(reading.kind == "unready" for reading in readings) if ratio > 1 else 0
    missing = sum(reading.kind == "missing" for reading in readings)
    if not unready and not missing:
        return current if _is_near(settings, ratio) else math.ceil(ratio * len(counted))
    # What isn't known counts as what changes less: as fully used before pods go, as idle before they come.
    assumed = counted + [0] * unready
    if ratio != 1 or metric.kind != "Utilization":
        assumed += [calculator.full if ratio < 1 else 0] * missing
    cautious = calculator.compute(assumed)
    if _is_near(settings, cautious) or (ratio < 1 < cautious) or (cautious < 1 < ratio):
        return current
    proposed = math.ceil(cautious * len(assumed))
    if (cautious < 1 and proposed > current) or (cautious > 1 and proposed < current):
        return current
    return proposed


def recommend_by_total(
    settings: AutoscalerSettings, metric: ScalingMetric, total: int, current: int, ready: int
) -> int:
    """The replicas that a metric of another object asks for; `total` is its value in thousandths."""
    if metric.kind == "Value":
        ratio = total / metric.target
        return current if _is_near(settings, ratio) else math.ceil(ratio * ready)
    ratio = total / (metric.target * current)
    return current if _is_near(settings, ratio) else math.ceil(total / metric.target)


@dataclass(frozen=True)
class _RatioCalculator:
    """Use against target: 2 where pods use twice what they should."""

    metric: ScalingMetric
    request: int

    @property
    def full(self) -> int:
        """What a pod of which nothing is known is taken to use where pods would go, in thousandths."""
        if self.metric.kind == "Utilization":
            return self.request * max(100, self.metric.target) // 100
        return self.metric.target

    def compute(self, usages: Sequence[int]) -> float:
        if self.metric.kind == "Utilization":
            percent = sum(usages) * 100 // (self.request * len(usages))
            return percent / self.metric.target
        return sum(usages) // len(usages) / self.metric.target


def _is_near(settings: AutoscalerSettings, ratio: float) -> bool:
    return 1 - settings.down.tolerance <= ratio <= 1 + settings.up.tolerance
