"""The rows that stats.csv and timeline.csv hold: plain values, a column a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import TypeAlias

import numpy as np

from reports.figures.figures import Figures
from reports.figures.summary import Summary
from reports.figures.timeline import Timeline
from reports.judging.stages import worst
from reports.judging.verdict import Verdict

Value: TypeAlias = str | int | float | None
Row: TypeAlias = Sequence[Value]

ALL = "all"
"""Stands where a row is not of one endpoint or not of one stage."""

FIGURES = tuple(field.name for field in fields(Figures))
STATS = ("endpoint", "stage", "judged", "outcome", *FIGURES)
TIMELINE = tuple(field.name for field in fields(Timeline))


def stats_rows(summary: Summary, verdict: Verdict) -> Iterator[Row]:
    """A row for each endpoint in each stage, then each stage, each endpoint and everything that is judged.

    How the objectives stand is told of stages and of everything; objectives need not be about one endpoint.
    """
    for cell in summary.cells:
        yield cell.endpoint, cell.stage, _yes(cell.judged), None, *_values(cell.figures)
    for stage in verdict.stages:
        told = stage.stage
        yield ALL, told.name, _yes(told.judged), stage.outcome, *_values(told.figures)
    for endpoint in summary.endpoints:
        yield endpoint.endpoint, ALL, "yes", None, *_values(endpoint.figures)
    yield ALL, ALL, "yes", worst(verdict.objectives), *_values(summary.total)


def timeline_rows(timeline: Timeline) -> Iterator[Row]:
    """A row a second."""
    columns = [getattr(timeline, name).tolist() for name in TIMELINE]
    for values in zip(*columns, strict=True):
        yield tuple(None if isinstance(value, float) and np.isnan(value) else value for value in values)


def _values(figures: Figures) -> tuple[Value, ...]:
    return tuple(asdict(figures).values())


def _yes(judged: bool) -> str:
    return "yes" if judged else "no"
