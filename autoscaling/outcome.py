"""Whether an autoscaler kept its objectives, and if not, when and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from autoscaling.objectives import SCALE_UP, ScalingObjective
from autoscaling.twin import TwinRun
from reports.data.columns import Mask
from reports.data.quantities import format_count, format_duration, format_number
from shapes.stages import ProfileStage

Span = tuple[float, float]
"""From and to, in seconds."""
_MOST_TOLD: Final = 3


@dataclass(frozen=True)
class ScalingJudgement:
    """One objective: what came of it, in the unit of its limit, and the spans in which it was missed."""

    objective: ScalingObjective
    outcome: Literal["met", "missed"]
    observed: float
    message: str
    spans: tuple[Span, ...]

    @property
    def missed_s(self) -> float:
        """For how long it was missed, in seconds."""
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True)
class ScalingOutcome:
    """A run of the twin, judged; `capacity_per_s` is that of one replica."""

    run: TwinRun
    capacity_per_s: float
    stages: tuple[ProfileStage, ...] = ()
    objectives: tuple[ScalingObjective, ...] = ()

    @cached_property
    def under(self) -> Mask:
        """The steps in which more arrives than the ready replicas carry within the objectives."""
        mask: Mask = self.run.rate_per_s > self.run.ready * self.capacity_per_s * (1 + 1e-9)
        return mask

    @property
    def under_s(self) -> float:
        """For how long there were too few replicas, in seconds."""
        return float(self.under.sum() * self.run.step_s)

    @cached_property
    def judgements(self) -> tuple[ScalingJudgement, ...]:
        """Each objective, judged."""
        return tuple(map(self._judge, self.objectives))

    @property
    def missed(self) -> list[ScalingJudgement]:
        """The objectives that were missed."""
        return [each for each in self.judgements if each.outcome == "missed"]

    def list_spans(self, mask: Mask) -> tuple[Span, ...]:
        """The times in which a mask holds."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
        times = np.append(self.run.t_s, self.run.t_s[-1] + self.run.step_s)
        return tuple(
            (float(times[first]), float(times[last]))
            for first, last in zip(edges[::2], edges[1::2], strict=True)
        )

    def _judge(self, objective: ScalingObjective) -> ScalingJudgement:
        if objective.subject == "under-provisioned":
            return self._judge_under(objective)
        inside = self.mark(objective.during)
        if objective.subject == "error rate":
            return self._judge_errors(objective, inside)
        return self._judge_latency(objective, inside)

    def _judge_under(self, objective: ScalingObjective) -> ScalingJudgement:
        spans = self.list_spans(self.under)
        met = objective.allows(self.under_s)
        told = f"{format_duration(self.under_s)} in all" if self.under_s else "never"
        return ScalingJudgement(
            objective, "met" if met else "missed", self.under_s, told, () if met else spans
        )

    def _judge_errors(self, objective: ScalingObjective, inside: Mask) -> ScalingJudgement:
        arrived = float((self.run.rate_per_s * inside).sum() * self.run.step_s)
        failed = float((self.run.failed * inside).sum())
        share = failed / arrived if arrived else 0.0
        met = objective.allows(share)
        spans = self.list_spans(inside & (self.run.failed > 0))
        told = f"{format_number(100 * share)} %"
        return ScalingJudgement(objective, "met" if met else "missed", share, told, () if met else spans)

    def _judge_latency(self, objective: ScalingObjective, inside: Mask) -> ScalingJudgement:
        """Met if no more requests than the percentile leaves out arrive while it is above the limit."""
        late = inside & ~np.array([objective.allows(each) for each in self.run.latency_ms.tolist()])
        arrived = float((self.run.rate_per_s * inside).sum())
        share = float((self.run.rate_per_s * late).sum()) / arrived if arrived else 0.0
        worst = float(self.run.latency_ms[inside].max()) if inside.any() else 0.0
        met = share <= 1 - (objective.quantile or 0) + 1e-12
        spans = self.list_spans(late)
        told = f"at most {_format_latency(worst)}"
        if spans:
            lasted = format_duration(sum(end - start for start, end in spans))
            told += f"; above the limit for {lasted}, in which {_format_share(share)} of the requests arrived"
        return ScalingJudgement(objective, "met" if met else "missed", worst, told, () if met else spans)

    def mark(self, during: str | None) -> Mask:
        """The steps that belong to a stage of the load, or to the scale-up; all of them without a name."""
        run = self.run
        if during is None:
            return np.ones(len(run.t_s), dtype=np.bool_)
        if during == SCALE_UP:
            mask: Mask = self.under | (run.replicas > run.ready)
            return mask
        inside = np.zeros(len(run.t_s), dtype=np.bool_)
        for name, start_s, end_s in self.stages:
            if name == during:
                inside |= (run.t_s >= start_s) & (run.t_s < end_s)
        return inside


def describe_spans(spans: Sequence[Span]) -> str:
    """`from 40 s to 75 s`; of many spans the first, and how many more."""
    told = [f"from {_format_moment(start)} to {_format_moment(end)}" for start, end in spans[:_MOST_TOLD]]
    if len(spans) > _MOST_TOLD:
        told.append(format_count(len(spans) - _MOST_TOLD, "more time", "more times"))
    return ", ".join(told)


def _format_moment(t_s: float) -> str:
    return format_duration(t_s) if t_s else "the start"


def _format_latency(value_ms: float) -> str:
    if not np.isfinite(value_ms):
        return "no answer at all"
    return f"{format_number(value_ms)} ms" if value_ms < 10_000 else format_duration(value_ms / 1000)


def _format_share(share: float) -> str:
    return f"{format_number(100 * share)} %"
