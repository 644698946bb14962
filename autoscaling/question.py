"""What an autoscaler is asked: a load, a deployment, a cluster's delays, and the objectives to keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from autoscaling.deployment import Deployment
from autoscaling.objectives import ScalingObjective
from autoscaling.outcome import ScalingOutcome
from autoscaling.pods import ClusterTiming
from autoscaling.rules import AutoscalerSettings
from autoscaling.twin import STEP_S, simulate
from shapes.composition import Profile

PHASES: Final = 3
"""At so many moments within a period the autoscaler may have its first look; the worst of them counts."""
LONGEST_S: Final = 7 * 86_400.0


@dataclass(frozen=True)
class ScalingQuestion:
    """Everything but the autoscaler's settings; `signals` and `initial` are those of `simulate`."""

    deployment: Deployment
    timing: ClusterTiming
    load: Profile
    objectives: tuple[ScalingObjective, ...]
    signals: Mapping[str, str]
    initial: int | None = None
    step_s: float = STEP_S

    def __post_init__(self) -> None:
        if not 0 < self.load.duration_s <= LONGEST_S:
            length = "endless" if self.load.duration_s == math.inf else f"{self.load.duration_s:g} s long"
            raise ValueError(f"the load is {length}: expected one that ends within 7 days")
        for told, period_s in (
            ("autoscaler looks", self.timing.sync_s),
            ("use is measured", self.timing.scrape_s),
        ):
            if period_s < self.step_s:
                raise ValueError(
                    f"the {told} every {period_s:g} s, but time goes on in steps of {self.step_s:g} s: "
                    "state a period that is no shorter (--sync, --metrics-period), or a larger --time-scale"
                )

    def answer(self, settings: AutoscalerSettings) -> ScalingOutcome:
        """What comes of these settings at the worst moment for the first look."""
        period_s = self.timing.sync_s
        outcomes = [self.run(settings, period_s * phase / PHASES) for phase in range(PHASES)]
        return max(outcomes, key=_rank)

    def run(self, settings: AutoscalerSettings, phase_s: float) -> ScalingOutcome:
        """What comes of these settings with the first look `phase_s` after the load's start."""
        run = simulate(
            settings,
            self.deployment,
            replace(self.timing, sync_phase_s=phase_s),
            self.load,
            self.load.duration_s,
            self.signals,
            self.initial,
            self.step_s,
        )
        capacity = self.deployment.limited_replica.capacity_per_s
        return ScalingOutcome(run, capacity, self.load.stages, self.objectives)


def _rank(outcome: ScalingOutcome) -> tuple[float, ...]:
    """The worse, the higher."""
    missed_s = sum(each.missed_s for each in outcome.missed)
    return len(outcome.missed), missed_s, outcome.under_s, float(outcome.run.latency_ms.max())
