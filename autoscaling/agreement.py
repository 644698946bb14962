"""Compares a rehearsal with the twin of the same load: replicas over time, and what the requests met.

A rehearsal may run in scaled time: all its times are `factor` times as long as those that were asked about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from autoscaling.objectives import ScalingObjective
from autoscaling.outcome import ScalingOutcome
from reports.data.columns import Floats, Mask
from reports.data.quantities import format_duration, format_number


@dataclass(frozen=True)
class MeasuredRequests:
    """The requests of a rehearsal: intended start in s, latency in ms, and whether each was answered well."""

    intended_s: Floats
    latency_ms: Floats
    ok: Mask


@dataclass(frozen=True)
class RehearsedJudgement:
    """An objective in the rehearsal, and what was measured of it."""

    objective: ScalingObjective
    outcome: Literal["met", "missed"]
    message: str


@dataclass(frozen=True)
class Agreement:
    """A rehearsal beside the twin, both on the same steps of time, in the rehearsal's seconds."""

    twin: ScalingOutcome
    rehearsed: ScalingOutcome
    requests: MeasuredRequests
    factor: float

    @property
    def same_share(self) -> float:
        """The share of the time in which both had equally many ready replicas."""
        return float((self.twin.run.ready == self.rehearsed.run.ready).mean())

    @property
    def mean_difference(self) -> float:
        """How many ready replicas the two were apart, in the mean over time."""
        return float(np.abs(self.twin.run.ready - self.rehearsed.run.ready).mean())

    @property
    def judgements(self) -> tuple[RehearsedJudgement, ...]:
        """Each objective, by what was measured."""
        return tuple(map(self._judge, self.rehearsed.objectives))

    @property
    def unasked(self) -> tuple[ScalingObjective, ...]:
        """The objectives of which nothing can be said: their time came, but no request was due in it."""
        return tuple(
            each
            for each in self.rehearsed.objectives
            if each.subject != "under-provisioned"
            and self.rehearsed.mark(each.during).any()
            and not self._select(each).any()
        )

    @property
    def sentence(self) -> str:
        """How far twin and rehearsal agree."""
        twin, rehearsed = self.twin, self.rehearsed
        paid = f"{format_number(rehearsed.run.replica_hours / self.factor)} replica-hours"
        return (
            f"With real processes there were as many ready replicas as in the twin for "
            f"{format_number(100 * self.same_share)} % of the time, {format_number(self.mean_difference, 2)} "
            f"apart in the mean; too few for {_write(rehearsed.under_s / self.factor)} (twin: "
            f"{_write(twin.under_s / self.factor)}), at {paid} (twin: "
            f"{format_number(twin.run.replica_hours / self.factor)})."
        )

    def _judge(self, objective: ScalingObjective) -> RehearsedJudgement:
        if objective.subject == "under-provisioned":
            lasted_s = self.rehearsed.under_s / self.factor
            told = f"{_write(lasted_s)} in all"
            return RehearsedJudgement(objective, _say(objective.allows(lasted_s)), told)
        inside = self._select(objective)
        count = int(inside.sum())
        if not count:
            return RehearsedJudgement(objective, "met", "there was no such time")
        failed = int((~self.requests.ok[inside]).sum())
        if objective.subject == "error rate":
            share = failed / count
            told = f"{format_number(100 * share)} % of {count:,} requests"
            return RehearsedJudgement(objective, _say(objective.allows(share)), told)
        return self._judge_latency(objective, inside, failed)

    def _judge_latency(self, objective: ScalingObjective, inside: Mask, failed: int) -> RehearsedJudgement:
        """Failed requests count as infinitely slow."""
        latency_ms = np.sort(np.where(self.requests.ok, self.requests.latency_ms, math.inf)[inside])
        count, quantile = len(latency_ms), objective.quantile or 0.0
        value_ms = float(latency_ms[max(0, math.ceil(quantile * count - 1e-9) - 1)])
        of = f"of {format_number(value_ms)} ms" if math.isfinite(value_ms) else "of requests that failed"
        told = f"p{100 * quantile:g} {of} over {count:,} requests"
        told += f", {failed:,} of them failed" if failed else ""
        return RehearsedJudgement(objective, _say(objective.allows(value_ms)), told)

    def _select(self, objective: ScalingObjective) -> Mask:
        """The requests that were due in the steps that an objective is about."""
        inside = self.rehearsed.mark(objective.during)
        steps = np.floor(self.requests.intended_s / self.rehearsed.run.step_s).astype(np.int64)
        chosen: Mask = inside[np.clip(steps, 0, len(inside) - 1)]
        return chosen


def _say(met: bool) -> Literal["met", "missed"]:
    return "met" if met else "missed"


def _write(seconds: float) -> str:
    return format_duration(seconds) if seconds else "0 s"
