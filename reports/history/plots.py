"""Lays out the small plot of a key figure over the runs of a series: a dot a run, a line for each level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from reports.data.quantities import add_unit, format_number, format_start
from reports.history.series import MOST_RUNS, FigureHistory, RunSeries
from reports.history.wording import WORDS, describe_change

HEIGHT_PX: Final = 92
_TOP_PX: Final = 18
_BASE_PX: Final = 86


class PlotDot(NamedTuple):
    """A run: its place in % of the width and in px from the top, its verdict, and its figure in words."""

    x: float
    y: float
    verdict: str
    words: str


class PlotLevel(NamedTuple):
    """The mean between two changes of level: from and to in % of the width, and px from the top."""

    start: float
    end: float
    y: float


class PlotChange(NamedTuple):
    """A change of level, in % of the width."""

    x: float
    is_worse: bool


class SmallPlot(NamedTuple):
    """The plot of a key figure; its axis starts at zero and ends at `highest`."""

    title: str
    latest: str
    highest: str
    words: str
    dots: tuple[PlotDot, ...]
    lines: tuple[tuple[PlotDot, PlotDot], ...]
    levels: tuple[PlotLevel, ...]
    changes: tuple[PlotChange, ...]
    height: int = HEIGHT_PX
    top: int = _TOP_PX
    base: int = _BASE_PX


def lay_out_plots(series: RunSeries) -> tuple[SmallPlot, ...]:
    """A plot for each key figure, over the newest runs."""
    first = max(0, len(series.runs) - MOST_RUNS)
    return tuple(_lay_out(history, series, first) for history in series.figures)


def _lay_out(history: FigureHistory, series: RunSeries, first: int) -> SmallPlot:
    figure, runs = history.figure, series.runs[first:]
    values = history.values[first:]
    highest = max((value for value in values if math.isfinite(value)), default=0.0)
    scale = (_BASE_PX - _TOP_PX) / highest if highest > 0 else 0.0
    dots = tuple(
        PlotDot(
            100 * (place + 0.5) / len(runs),
            _BASE_PX - value * scale,
            run.verdict,
            f"{format_start(run.facts.started_at)}: {add_unit(format_number(value), figure.unit)}, "
            f"{WORDS[run.verdict]}",
        )
        for place, (run, value) in enumerate(zip(runs, values, strict=True))
        if math.isfinite(value)
    )
    places = {run.name: place for place, run in enumerate(runs)}
    changes = [change for change in history.changes if change.run.name in places]
    marks = [100 * places[change.run.name] / len(runs) for change in changes]
    means = [changes[0].before, *(change.after for change in changes)] if changes else []
    known = [value for value in values if math.isfinite(value)]
    return SmallPlot(
        figure.heading,
        add_unit(format_number(known[-1]), figure.unit) if known else "",
        format_number(highest),
        _describe(history, known),
        dots,
        tuple(pairwise(dots)),
        tuple(
            PlotLevel(start, end, _BASE_PX - mean * scale)
            for (start, end), mean in zip(pairwise([0.0, *marks, 100.0]), means, strict=False)
        ),
        tuple(PlotChange(x, change.is_worse) for x, change in zip(marks, changes, strict=True)),
    )


def _describe(history: FigureHistory, known: Sequence[float]) -> str:
    """The plot in words, for those who can't see it."""
    if not known:
        return f"{history.figure.title}: no valid run."
    low, high = format_number(min(known)), add_unit(format_number(max(known)), history.figure.unit)
    told = [f"{history.figure.title} over {len(known)} valid runs, between {low} and {high}"]
    told += [describe_change(history.figure, change) for change in history.changes]
    return f"{'; '.join(told)}."
