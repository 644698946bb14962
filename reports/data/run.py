"""A run is one execution of a scenario: its facts, its samples and its telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from reports.data.facts import Facts, Stage
from reports.data.failed_requests import NO_FAILED_REQUESTS, FailedRequests
from reports.data.labels import Labels
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

_AFTERMATH_S = 0.5
"""Requests that begin or end at most so long after the planned end are shown in its last second."""


@dataclass(frozen=True)
class Run:
    """Everything that was recorded in one execution; figures, verdict and report follow from it."""

    folder: Path
    facts: Facts
    samples: Samples
    telemetry: Telemetry
    failed: FailedRequests = NO_FAILED_REQUESTS
    """The first requests of each reason that failed."""

    def prepare_for_judging(self) -> Run:
        """The run with its stages closed, and late requests of the warm-up assigned to a judged stage."""
        return self._close_open_stages()._reassign_late_warm_up()

    def _close_open_stages(self) -> Run:
        """Replaces unbounded stage ends with the observed end."""
        if self.facts.planned_s is not None:
            return self
        stages = (
            replace(stage, end_s=min(stage.end_s, max(stage.start_s, self.elapsed_s)))
            for stage in self.facts.stages
        )
        return replace(self, facts=replace(self.facts, stages=tuple(stages)))

    def _reassign_late_warm_up(self) -> Run:
        """Assigns warm-up requests that were still in flight when it ended to the first judged stage.

        Users who wait for their replies send nothing else meanwhile, so a stall that begins in the warm-up
        shows in these requests alone.
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
        """The requests of judged stages."""
        return select_judged(self.samples, self.facts.stages)

    @property
    def cut_short(self) -> bool:
        """Whether the run stopped before its planned end, or was killed."""
        facts = self.facts
        early = facts.interrupted is not None or facts.decided or facts.given_up is not None
        return early or facts.ended_s is None

    @property
    def was_decided_before_its_end(self) -> bool:
        """Whether it was ended early and requests were sent after those by which it was decided."""
        return self.facts.decided_s is not None and self.facts.decided_s < self.elapsed_s

    def cut_at(self, until_s: float) -> Run:
        """The run as it was when the requests with an intended start before `until_s` had ended."""
        return replace(
            self,
            samples=self.samples[: int(np.searchsorted(self.samples.intended_s, until_s))],
            facts=replace(self.facts, ended_s=until_s),
        )

    @property
    def elapsed_s(self) -> float:
        """How long the load lasted; in a run that was killed, until its last recorded request."""
        if self.facts.ended_s is not None:
            return self.facts.ended_s
        return float(self.samples.intended_s[-1]) if len(self.samples) else 0.0

    def compute_shown_end_s(self, last_s: float) -> float:
        """Where the time axis of a run ends that lasted until `last_s`: at a planned end just before that."""
        planned_s = max((stage.end_s for stage in self.facts.stages), default=self.facts.planned_s or 0.0)
        return planned_s if planned_s < last_s < planned_s + _AFTERMATH_S else last_s

    def compute_length_s(self, stage: Stage) -> float:
        """The planned duration of a stage; after an early end, of the part that was run."""
        end_s = min(stage.end_s, self.elapsed_s) if self.cut_short else stage.end_s
        return max(0.0, end_s - stage.start_s)

    def list_spans(self, stage: str | None = None) -> tuple[tuple[float, float], ...]:
        """Start and end of all judged time, or of one judged stage; adjacent stages are joined."""
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
        """The planned duration of all judged stages; after an early end, of the part that was run."""
        return sum(end_s - start_s for start_s, end_s in self.list_spans())


def select_judged(samples: Samples, stages: Sequence[Stage]) -> Samples:
    """The requests of judged stages."""
    return samples.select(~samples.stage.isin(stage.name for stage in stages if not stage.judged))
