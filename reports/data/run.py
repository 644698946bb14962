"""A run is one execution of a scenario: its facts, its samples and its telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from reports.data.facts import Facts, Stage
from reports.data.labels import Labels
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

_AFTERMATH_S = 0.5
"""Requests that begin or end so little after the plan belong to its last second."""


@dataclass(frozen=True)
class Run:
    """Everything that was observed in one execution; figures, verdict and report follow from it."""

    folder: Path
    facts: Facts
    samples: Samples
    telemetry: Telemetry

    def settle(self) -> Run:
        """The run as it is judged: see `_close_open_stages` and `_reassign_late_warm_up`."""
        return self._close_open_stages()._reassign_late_warm_up()

    def _close_open_stages(self) -> Run:
        """With the end that it had for an end that no plan set: of the load, and so of its stages."""
        if self.facts.planned_s is not None:
            return self
        stages = (
            replace(stage, end_s=min(stage.end_s, max(stage.start_s, self.elapsed_s)))
            for stage in self.facts.stages
        )
        return replace(self, facts=replace(self.facts, stages=tuple(stages)))

    def _reassign_late_warm_up(self) -> Run:
        """With the requests of a warm-up that were still under way after it as those of the stage they met.

        A stall that begins in the warm-up shows in no other request of users who wait for their replies.
        """
        stages = self.facts.stages
        judged = next((stage for stage in stages if stage.judged), None)
        if judged is None or judged is stages[0]:
            return self
        samples = self.samples
        before = int(np.searchsorted(samples.intended_s, judged.start_s))
        reaching = np.flatnonzero(samples[:before].end_s > judged.start_s)
        if not len(reaching):
            return self
        names = samples.stage.names
        names = names if judged.name in names else (*names, judged.name)
        codes = samples.stage.codes.copy()
        codes[reaching] = names.index(judged.name)
        return replace(self, samples=replace(samples, stage=Labels(codes, names)))

    @cached_property
    def judged(self) -> Samples:
        """The requests that count: those that began and ended in warm-up stages are left out."""
        return select_judged(self.samples, self.facts.stages)

    @property
    def cut_short(self) -> bool:
        """Whether the run stopped before its plan did, or was killed before it could say when it stopped."""
        facts = self.facts
        early = facts.interrupted is not None or facts.decided or facts.given_up is not None
        return early or facts.ended_s is None

    @property
    def elapsed_s(self) -> float:
        """How long the load lasted; where the run was killed, until the last request it recorded."""
        if self.facts.ended_s is not None:
            return self.facts.ended_s
        return float(self.samples.intended_s[-1]) if len(self.samples) else 0.0

    def compute_shown_end_s(self, last_s: float) -> float:
        """Where a run is cut that went on until `last_s`: at the end of its plan, if that was just before."""
        planned_s = max((stage.end_s for stage in self.facts.stages), default=self.facts.planned_s or 0.0)
        return planned_s if planned_s < last_s < planned_s + _AFTERMATH_S else last_s

    def compute_length_s(self, stage: Stage) -> float:
        """The planned duration of a stage, or of as much of it as was run before the run was cut short."""
        end_s = min(stage.end_s, self.elapsed_s) if self.cut_short else stage.end_s
        return max(0.0, end_s - stage.start_s)

    def list_spans(self, stage: str | None = None) -> tuple[tuple[float, float], ...]:
        """Start and end of all that is judged, or of one judged stage; neighbours are joined."""
        if not self.facts.stages and stage is None:
            planned_s = self.facts.planned_s
            return ((0.0, self.elapsed_s if planned_s is None or self.cut_short else planned_s),)
        joined: list[tuple[float, float]] = []
        for judged in self.facts.judged_stages:
            if stage not in (None, judged.name):
                continue
            start_s, end_s = judged.start_s, judged.start_s + self.compute_length_s(judged)
            if joined and joined[-1][1] == start_s:
                start_s = joined.pop()[0]
            joined.append((start_s, end_s))
        return tuple(joined)

    @property
    def judged_s(self) -> float:
        """The planned duration of all that is judged, of as much of it as was run."""
        return sum(end_s - start_s for start_s, end_s in self.list_spans())


def select_judged(samples: Samples, stages: Sequence[Stage]) -> Samples:
    """The requests of stages that are judged."""
    return samples.select(~samples.stage.isin(stage.name for stage in stages if not stage.judged))
