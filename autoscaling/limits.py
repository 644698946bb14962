"""What a HorizontalPodAutoscaler makes of a recommendation: windows that steady it, policies that slow it.

The rules are those of Kubernetes' `pkg/controller/podautoscaler/horizontal.go`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from autoscaling.rules import AutoscalerSettings, ScalingPolicy, ScalingRules

OLD_FACTOR: Final = 2
OLD_LEAST: Final = 4
"""Without `behavior`, one look allows at most twice as many replicas, or four."""


@dataclass
class ScalingHistory:
    """What was recommended and done before, by which the next step is limited; times in seconds."""

    settings: AutoscalerSettings
    _recommended: list[tuple[float, int]] = field(default_factory=list)
    _changes: list[tuple[float, int]] = field(default_factory=list)

    def begin(self, t_s: float, replicas: int) -> None:
        """The replicas there are when the autoscaler first looks: the first recommendation."""
        self._recommended.append((t_s, replicas))

    def limit(self, t_s: float, current: int, recommended: int) -> int:
        """The replicas to have from `t_s` on, of `current` ones and what metrics recommend."""
        settings = self.settings
        if current > settings.most or current < settings.least:
            wanted = min(max(current, settings.least), settings.most)
        elif settings.has_behavior:
            wanted = self._slow(t_s, current, self._steady(t_s, current, recommended))
        else:
            wanted = self._limit_without_behavior(t_s, current, recommended)
        if wanted != current:
            self._changes.append((t_s, wanted - current))
        return wanted

    def _limit_without_behavior(self, t_s: float, current: int, recommended: int) -> int:
        window_s = self.settings.default_window_s
        kept = [replicas for at, replicas in self._recommended if at >= t_s - window_s]
        steady = max([recommended, *kept])  # unlike with `behavior`, one as old as the window still counts
        self._remember(t_s, recommended, window_s)
        ceiling = min(self.settings.most, max(OLD_FACTOR * current, OLD_LEAST))
        return min(max(steady, self.settings.least), ceiling)

    def _steady(self, t_s: float, current: int, recommended: int) -> int:
        """The current replicas, moved only as far as the whole of a window agrees."""
        up, down = self.settings.up.window_s, self.settings.down.window_s
        least = min([recommended, *self._list_recommended(t_s, up)])
        most = max([recommended, *self._list_recommended(t_s, down)])
        self._remember(t_s, recommended, max(up, down))
        return min(max(current, least), most)

    def _slow(self, t_s: float, current: int, wanted: int) -> int:
        if wanted > current:
            ceiling = max(current, self._find_bound(t_s, current, self.settings.up, 1))
            return min(wanted, self.settings.most, ceiling)
        if wanted < current:
            floor = min(current, self._find_bound(t_s, current, self.settings.down, -1))
            return max(wanted, self.settings.least, floor)
        return current

    def _find_bound(self, t_s: float, current: int, rules: ScalingRules, sign: int) -> int:
        if rules.choice == "Disabled":
            return current
        bounds = [
            _move(
                current - sum(change for at, change in self._changes if at > t_s - policy.period_s),
                policy,
                sign,
            )
            for policy in rules.policies
        ]
        takes_highest = (rules.choice == "Max") == (sign > 0)
        return max(bounds) if takes_highest else min(bounds)

    def _list_recommended(self, t_s: float, window_s: float) -> list[int]:
        return [replicas for at, replicas in self._recommended if at > t_s - window_s]

    def _remember(self, t_s: float, recommended: int, window_s: float) -> None:
        self._recommended = [(at, replicas) for at, replicas in self._recommended if at > t_s - window_s]
        self._recommended.append((t_s, recommended))
        longest_s = max(
            policy.period_s for rules in (self.settings.up, self.settings.down) for policy in rules.policies
        )
        self._changes = [(at, change) for at, change in self._changes if at > t_s - longest_s]


def _move(start: int, policy: ScalingPolicy, sign: int) -> int:
    """The replicas that a policy allows, of those at the start of its period: rounded up, or down."""
    if policy.kind == "Pods":
        return start + sign * policy.value
    moved = start * (1 + sign * policy.value / 100)  # in the order of Kubernetes, whose rounding this is
    return math.ceil(moved) if sign > 0 else int(moved)
