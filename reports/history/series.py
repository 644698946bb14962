"""Groups runs into series whose figures can be compared, and finds where their figures changed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from reports.data.facts import Facts
from reports.data.recorded_runs import RecordedRun
from reports.history.change_points import find_change_points

MOST_RUNS: Final = 200
"""The newest runs of a series in which changes are searched; the time it takes grows with their square."""

THIS_MACHINE: Final = "this machine"


class KeyFigure(NamedTuple):
    """A figure that is followed from run to run: a column of stats.csv, shown as `scale` times its value."""

    column: str
    title: str
    unit: str
    better: Literal["lower", "higher"]
    scale: float = 1.0

    @property
    def heading(self) -> str:
        """The title with its unit, where the title doesn't say it."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


KEY_FIGURES: Final = (
    KeyFigure("p50_ms", "p50", "ms", "lower"),
    KeyFigure("p95_ms", "p95", "ms", "lower"),
    KeyFigure("p99_ms", "p99", "ms", "lower"),
    KeyFigure("error_rate", "errors", "%", "lower", 100.0),
    KeyFigure("throughput_rps", "replies/s", "", "higher"),
)


@dataclass(frozen=True)
class Conditions:
    """What has to be equal for the figures of two runs to be comparable."""

    scenario: str
    service: str
    """Its address; on this machine without the port, which may be another one in each run."""
    machine: str
    load: str
    traffic: str
    processes: str

    @classmethod
    def of(cls, facts: Facts) -> Conditions:
        """The conditions of a run."""
        return cls(
            facts.scenario,
            _name_service(facts.host),
            ", ".join(f"{name} {value}" for name, value in facts.machine.items()),
            _encode([facts.resolved.get("load"), facts.planned_s, facts.load_override]),
            _encode([facts.resolved.get("traffic"), dict(facts.seeds), *facts.contents.values()]),
            str(facts.workers),
        )

    def list_differences(self, other: Conditions) -> list[str]:
        """The names of the conditions that differ."""
        return [each.name for each in fields(self) if getattr(self, each.name) != getattr(other, each.name)]


class Change(NamedTuple):
    """A key figure changed its level with a run: means before and after it, up to the next changes."""

    run: RecordedRun
    before: float
    after: float
    p_value: float
    is_worse: bool


@dataclass(frozen=True)
class FigureHistory:
    """A key figure over the runs of a series, in order; NaN where a run is invalid or has no such figure."""

    figure: KeyFigure
    values: tuple[float, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class RunSeries:
    """Runs under the same conditions, the oldest first."""

    conditions: Conditions
    runs: tuple[RecordedRun, ...]

    @property
    def comparable(self) -> tuple[RecordedRun, ...]:
        """The runs whose figures say something of the service: those that are valid."""
        return tuple(run for run in self.runs if run.verdict != "invalid")

    @cached_property
    def figures(self) -> tuple[FigureHistory, ...]:
        """The key figures that were measured in any of the runs."""
        histories = (_follow(figure, self.runs) for figure in KEY_FIGURES)
        return tuple(each for each in histories if any(map(math.isfinite, each.values)))

    @property
    def changes(self) -> list[tuple[KeyFigure, Change]]:
        """All changes, the newest first; of the same run, in the order of the key figures."""
        found = [(history.figure, change) for history in self.figures for change in history.changes]
        places = {run.name: place for place, run in enumerate(self.runs)}
        return sorted(found, key=lambda each: -places[each[1].run.name])


def group_runs(runs: Iterable[RecordedRun]) -> tuple[RunSeries, ...]:
    """The runs by their conditions; the series with the newest run first."""
    grouped: dict[Conditions, list[RecordedRun]] = {}
    for run in runs:
        grouped.setdefault(Conditions.of(run.facts), []).append(run)
    series = (RunSeries(conditions, tuple(each)) for conditions, each in grouped.items())
    return tuple(
        sorted(series, key=lambda one: (one.runs[-1].facts.started_at, one.runs[-1].name), reverse=True)
    )


def _follow(figure: KeyFigure, runs: Sequence[RecordedRun]) -> FigureHistory:
    values = tuple(
        math.nan if run.verdict == "invalid" else run.totals.get(figure.column, math.nan) * figure.scale
        for run in runs
    )
    known = [place for place, value in enumerate(values) if math.isfinite(value)][-MOST_RUNS:]
    found = find_change_points(np.array([values[place] for place in known]))
    return FigureHistory(
        figure,
        values,
        tuple(
            Change(
                runs[known[change.place]],
                change.before,
                change.after,
                change.p_value,
                (change.after > change.before) == (figure.better == "lower"),
            )
            for change in found
        ),
    )


def _name_service(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    host = parts.hostname or ""
    return (
        THIS_MACHINE if host in ("localhost", "::1") or host.startswith("127.") else parts.netloc or address
    )


def _encode(value: Sequence[Any]) -> str:
    return json.dumps(value, sort_keys=True, default=str)
