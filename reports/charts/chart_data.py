"""What the charts of a run share: its requests, its time axis, and the limits of its latency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reports.charts.canvas import Picture
from reports.charts.formatting import format_ms
from reports.charts.time_axis import TimeAxis
from reports.charts.windows import LatencyWindows, choose_window_s, compute_latency_windows
from reports.data.columns import Floats
from reports.data.quantities import format_duration
from reports.data.run import Run
from reports.data.samples import Samples
from reports.figures.summary import Summary
from reports.judging.verdict import Verdict
from reports.objectives.objective import Objective
from reports.objectives.parsing import parse_objective

MAX_POINTS = 300
"""The largest number of windows along the time axis: one every three pixels of a wide page."""


@dataclass(frozen=True)
class Chart:
    """A chart of the page: its question, the answer as its title, its main figures and its picture."""

    key: str
    question: str
    title: str
    figures: str
    """The main figures in words: the caption of the picture, and its text alternative."""
    picture: Picture | None = None
    """None if the title says everything."""
    reading: str = ""
    """How to read the picture, if that needs an explanation."""


@dataclass(frozen=True)
class LatencyLimit:
    """The limit of a latency objective; `quantile` is NaN for the mean and the maximum."""

    text: str
    quantile: float
    limit_ms: float
    start_s: float
    end_s: float
    everywhere: bool
    """Whether it applies to all requests, not only to those of a stage, an endpoint or a window."""


@dataclass(frozen=True)
class WorstWindow:
    """The worst window of a latency objective about any window."""

    name: str
    """The metric: p99, max."""
    start_s: float
    end_s: float
    value_ms: float
    limit_ms: float
    kept: bool


@dataclass(frozen=True)
class AnsweredRequests:
    """The intended start and the latency of each request that counts in the latency figures."""

    intended_s: Floats
    latency_ms: Floats
    service_ms: Floats

    @classmethod
    def select(cls, samples: Samples) -> AnsweredRequests:
        """The answered requests among `samples`; without a copy if all were answered."""
        rows = samples.answered
        columns = (samples.intended_s, samples.latency_ms, samples.service_ms)
        return cls(*columns) if rows.all() else cls(*(column[rows] for column in columns))

    def __len__(self) -> int:
        return len(self.intended_s)

    @cached_property
    def ordered_ms(self) -> Floats:
        """The latencies in ascending order."""
        return np.sort(self.latency_ms)

    @cached_property
    def ordered_service_ms(self) -> Floats:
        """The known service times in ascending order."""
        if np.array_equal(self.service_ms, self.latency_ms):
            return self.ordered_ms
        return np.sort(self.service_ms[np.isfinite(self.service_ms)])


@dataclass(frozen=True)
class ChartData:
    """A run, its summary and its verdict, and what several charts derive from them."""

    run: Run
    summary: Summary
    verdict: Verdict

    @cached_property
    def axis(self) -> TimeAxis:
        """From the start of the load to its end, or to the last request if that started much later."""
        starts_s = self.run.samples.intended_s
        last_s = float(starts_s[-1]) if len(starts_s) else 0.0
        planned_s = max((stage.end_s for stage in self.run.facts.stages), default=0.0)
        known_s = self.run.elapsed_s or (0.0 if self.run.cut_short else planned_s)
        return TimeAxis(self.run.compute_shown_end_s(max(known_s, last_s)) or 1.0, self.run.facts.stages)

    @cached_property
    def answered(self) -> AnsweredRequests:
        """The requests that count in the latency figures, including the warm-up."""
        return AnsweredRequests.select(self.run.samples)

    @cached_property
    def judged_answers(self) -> AnsweredRequests:
        """The requests that the percentiles of the run are computed from."""
        judged = self.run.judged
        return self.answered if judged is self.run.samples else AnsweredRequests.select(judged)

    @cached_property
    def window_s(self) -> float:
        """The length of the windows along the run."""
        return choose_window_s(self.axis.end_s, len(self.answered), MAX_POINTS)

    @cached_property
    def windows(self) -> LatencyWindows:
        """The latency percentiles of each window along the run."""
        return compute_latency_windows(
            self.answered.intended_s, self.answered.latency_ms, self.axis.end_s, self.window_s
        )

    @cached_property
    def limits(self) -> tuple[LatencyLimit, ...]:
        """The limits that can be drawn as a line, in the order of the scenario."""
        parsed = (parse_objective(text) for text in self.run.facts.objectives)
        limits = (limit for limit in map(self._limit, parsed) if limit is not None)
        return tuple(limit for limit in limits if limit.start_s < limit.end_s)

    @cached_property
    def worst_windows(self) -> tuple[WorstWindow, ...]:
        """The worst window of each latency objective about any window."""
        found = []
        for judged in self.verdict.objectives:
            objective = parse_objective(judged.text)
            if not objective.metric.endswith(" latency") or judged.at_s is None or judged.observed is None:
                continue
            found.append(
                WorstWindow(
                    name=objective.metric.removesuffix(" latency"),
                    start_s=judged.at_s,
                    end_s=judged.at_s + (objective.window_s or 0.0),
                    value_ms=judged.observed * objective.scale,
                    limit_ms=objective.limit,
                    kept=judged.outcome != "missed",
                )
            )
        return tuple(found)

    def _limit(self, objective: Objective) -> LatencyLimit | None:
        if not objective.metric.endswith(" latency"):
            return None
        name = objective.metric.removesuffix(" latency")
        spans = [stage for stage in self.run.facts.stages if stage.name == objective.during]
        start_s, end_s = (spans[0].start_s, spans[-1].end_s) if spans else (0.0, self.axis.end_s)
        return LatencyLimit(
            f"{name} limit {format_ms(objective.limit)}"
            + (f" on {objective.on}" if objective.on else "")
            + (f" in any {format_duration(objective.window_s)}" if objective.window_s else ""),
            np.nan if objective.quantile is None else float(objective.quantile),
            objective.limit,
            start_s,
            min(end_s, self.axis.end_s),
            everywhere=not (objective.on or objective.during or objective.window_s),
        )
