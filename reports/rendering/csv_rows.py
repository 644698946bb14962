"""Lists the rows of stats.csv and timeline.csv: plain values in named columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

from reports.data.csv_cells import CsvValue
from reports.data.recorded_runs import ALL
from reports.figures.figures import Figures
from reports.figures.summary import Summary
from reports.figures.timeline import Timeline
from reports.judging.outcomes import find_worst
from reports.judging.verdict import Verdict


@dataclass(frozen=True)
class StatsRow:
    """The figures of an endpoint in a stage; only stages and the whole run have an outcome."""

    figures: Figures
    endpoint: str = ALL
    stage: str = ALL
    judged: bool = True
    outcome: str | None = None


@dataclass(frozen=True)
class CsvColumn:
    """A column of stats.csv; `value` returns its cell in a row."""

    name: str
    value: Callable[[StatsRow], CsvValue]


STATS_COLUMNS = (
    CsvColumn("endpoint", lambda row: row.endpoint),
    CsvColumn("stage", lambda row: row.stage),
    CsvColumn("judged", lambda row: "yes" if row.judged else "no"),
    CsvColumn("outcome", lambda row: row.outcome),
    *(CsvColumn(field.name, attrgetter(f"figures.{field.name}")) for field in fields(Figures)),
)
TIMELINE_NAMES = tuple(field.name for field in fields(Timeline))


def list_stats_rows(summary: Summary, verdict: Verdict) -> Iterator[StatsRow]:
    """A row for each endpoint in each stage, then for each stage, each endpoint and the whole run.

    Endpoints have no outcome, because an objective may be about all of them.
    """
    for cell in summary.endpoint_stages:
        yield StatsRow(cell.figures, cell.endpoint, cell.stage, cell.judged)
    for judged in verdict.stages:
        stage = judged.stage
        yield StatsRow(stage.figures, stage=stage.name, judged=stage.judged, outcome=judged.outcome)
    for endpoint in summary.endpoints:
        yield StatsRow(endpoint.figures, endpoint.endpoint)
    yield StatsRow(summary.total, outcome=find_worst(judged.outcome for judged in verdict.objectives))


def list_timeline_rows(timeline: Timeline) -> Iterator[Sequence[CsvValue]]:
    """A row for each second, with values in the order of `TIMELINE_NAMES`; None for an unknown value."""
    columns = [getattr(timeline, name).tolist() for name in TIMELINE_NAMES]
    for values in zip(*columns, strict=True):
        yield [None if isinstance(value, float) and np.isnan(value) else value for value in values]
