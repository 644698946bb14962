"""What every plot of a run is drawn from: its requests, its time axis and the limits set for its latency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reports.charts.canvas import Picture
from reports.charts.formatting import ms
from reports.charts.time_axis import TimeAxis
from reports.charts.windows import Windows, latency_windows, window_s
from reports.data.quantities import duration
from reports.data.run import Run
from reports.data.samples import Floats, Samples
from reports.figures.summary import Summary
from reports.judging.objectives import Objective, parse_objective
from reports.judging.verdict import Verdict

POINTS = 300
"""Windows along the time axis: about one every three pixels of a wide page."""


@dataclass(frozen=True)
class Chart:
    """A plot as the page shows it: its question, the answer seen in it, its main figures, and the picture."""

    key: str
    question: str
    title: str
    figures: str
    """The main figures in words: the text alternative of the picture, and its caption."""
    picture: Picture | None = None
    """None where a sentence says it all."""
    reading: str = ""
    """How to read the picture, where that is not plain."""


@dataclass(frozen=True)
class Limit:
    """A latency objective of the form 'at most': `quantile` is NaN for the mean or the maximum."""

    text: str
    quantile: float
    limit_ms: float
    start_s: float
    end_s: float
    everywhere: bool
    """Whether it holds for all requests, not only for those of a stage, an endpoint or any window."""


@dataclass(frozen=True)
class WorstWindow:
    """Where a latency objective about any window came out worst, and what was observed there."""

    name: str
    """Of the metric: p99, max."""
    start_s: float
    end_s: float
    value_ms: float
    limit_ms: float
    kept: bool


@dataclass(frozen=True)
class Answers:
    """Of each request that counts in the latency figures: when it was due, and how long it took."""

    intended_s: Floats
    latency_ms: Floats
    service_ms: Floats

    @classmethod
    def of(cls, samples: Samples) -> Answers:
        """Those among `samples`; views of the columns where all of them are."""
        rows = samples.answered
        columns = (samples.intended_s, samples.latency_ms, samples.service_ms)
        return cls(*columns) if rows.all() else cls(*(column[rows] for column in columns))

    def __len__(self) -> int:
        return len(self.intended_s)

    @cached_property
    def ordered_ms(self) -> Floats:
        """The latencies in rising order."""
        return np.sort(self.latency_ms)

    @cached_property
    def ordered_service_ms(self) -> Floats:
        """The service times in rising order, those that are known."""
        if np.array_equal(self.service_ms, self.latency_ms):
            return self.ordered_ms
        return np.sort(self.service_ms[np.isfinite(self.service_ms)])


@dataclass(frozen=True)
class Scene:
    """A run, what was made of it, and what several plots need of both."""

    run: Run
    summary: Summary
    verdict: Verdict

    @cached_property
    def axis(self) -> TimeAxis:
        """From the start to the end of the load, or to the last request if that started much later."""
        starts_s = self.run.samples.intended_s
        last_s = float(starts_s[-1]) if len(starts_s) else 0.0
        planned_s = max((stage.end_s for stage in self.run.facts.stages), default=0.0)
        known_s = self.run.elapsed_s or (0.0 if self.run.cut_short else planned_s)
        return TimeAxis(self.run.shown_until_s(max(known_s, last_s)) or 1.0, self.run.facts.stages)

    @cached_property
    def answered(self) -> Answers:
        """The requests that count in the latency figures, warm-up included."""
        return Answers.of(self.run.samples)

    @cached_property
    def judged_answers(self) -> Answers:
        """The requests that the run's percentiles are computed of."""
        judged = self.run.judged
        return self.answered if judged is self.run.samples else Answers.of(judged)

    @cached_property
    def width_s(self) -> float:
        """Length of the windows in which requests are put together along the run."""
        return window_s(self.axis.end_s, len(self.answered), POINTS)

    @cached_property
    def windows(self) -> Windows:
        """Latency percentiles along the run."""
        return latency_windows(
            self.answered.intended_s, self.answered.latency_ms, self.axis.end_s, self.width_s
        )

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The latency objectives that can be drawn as a line, in the order of the scenario."""
        parsed = (parse_objective(text) for text in self.run.facts.objectives)
        limits = (limit for limit in map(self._limit, parsed) if limit is not None)
        return tuple(limit for limit in limits if limit.start_s < limit.end_s)

    @cached_property
    def worst_windows(self) -> tuple[WorstWindow, ...]:
        """Of each latency objective about any window, the worst one."""
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

    def _limit(self, objective: Objective) -> Limit | None:
        if not objective.metric.endswith(" latency"):
            return None
        name = objective.metric.removesuffix(" latency")
        spans = [stage for stage in self.run.facts.stages if stage.name == objective.during]
        start_s, end_s = (spans[0].start_s, spans[-1].end_s) if spans else (0.0, self.axis.end_s)
        return Limit(
            f"{name} limit {ms(objective.limit)}"
            + (f" on {objective.on}" if objective.on else "")
            + (f" in any {duration(objective.window_s)}" if objective.window_s else ""),
            float(objective.argument / 100) if name.startswith("p") else np.nan,
            objective.limit,
            start_s,
            min(end_s, self.axis.end_s),
            everywhere=not (objective.on or objective.during or objective.window_s),
        )
