"""Draws whether the load generator was fast enough for its measurements to be valid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms, join_list
from reports.charts.small_multiples import ShadedSpans, SmallMultiple, TimeSeries, draw_small_multiples
from reports.charts.trend_lines import TrendLine, list_trend_lines, name_slopes
from reports.data.quantities import format_count, format_duration
from reports.data.run import Run
from reports.data.telemetry import MACHINE, OBSERVED, list_generators, sum_memory_mib
from reports.figures.generator import describe_generator_health, measure_generator_health
from reports.judging.generator_health import GeneratorLimits, find_generator_faults
from reports.judging.interference import find_disturbance
from reports.objectives.metrics import generator_memory_growth

_MOST = 4
"""The largest number of processes that are put into words."""


def draw_generator_health(data: ChartData) -> Chart | None:
    """Processor use, waiting time and event-loop lag of each generator process, with their limits."""
    run = data.run
    limits = GeneratorLimits.from_json(run.facts.generator)
    panels = [
        SmallMultiple(caption, series, limit=limit)
        for name, caption, limit in (
            ("cpu_percent", "CPU, % of a core", 100 * limits.busy),
            ("waiting_percent", "waiting for a core, % of the time", 100 * limits.starved),
            ("loop_lag_ms", "event loop still, ms", limits.lag_ms),
        )
        if (series := _list_series(run, data.axis.end_s, name))
    ]
    if not panels:
        return None
    others = TimeSeries.read(run, "others_percent", MACHINE, "users", data.axis.end_s)
    panels += (
        [SmallMultiple("other programs on this machine, % of a core", (others,), 100.0)]
        if len(others)
        else []
    )
    growths = list_trend_lines(data, generator_memory_growth)
    panels += _draw_memory(run, growths)
    processes = len(panels[0].series)
    busy = find_disturbance(run)
    spans = zip(busy.start_s.tolist(), np.minimum(busy.end_s, data.axis.end_s).tolist(), strict=True)
    shaded = ShadedSpans("too busy", [span for span in spans if span[0] < span[1]])
    told = (
        "; ".join(_shorten(describe_generator_health(measure_generator_health(run))))
        or "Observed in the warm-up alone"
    )
    return Chart(
        "generator",
        "The generator's health",
        _compose_title(run, limits),
        f"{told[0].upper()}{told[1:]}.",
        draw_picture(
            "generator", lambda figure, page: draw_small_multiples(figure, page, data.axis, panels, shaded)
        ),
        ("Dashed are its limits, and the trend of its memory" if growths else "Dashed are its limits")
        + (f"; {processes:,} processes, a line each." if processes > 1 else ".")
        + (" Shaded is when the machine was too busy to tell the service by." if shaded.spans else ""),
    )


def _draw_memory(run: Run, growths: Sequence[TrendLine]) -> list[SmallMultiple]:
    """A panel with the memory of all processes, where an objective is about it."""
    if not growths:
        return []
    t_s, memory_mib = sum_memory_mib(run.telemetry, list_generators(run.telemetry))
    inside = t_s >= 0
    held = TimeSeries(t_s[inside], memory_mib[inside], "load")
    return [
        SmallMultiple(
            f"memory, MiB{name_slopes(growths)}", (held, *(line.draw_in("p99") for line in growths))
        )
    ]


def _shorten(told: list[str]) -> list[str]:
    """The first few; the page's facts of the run hold all."""
    if len(told) <= _MOST:
        return told
    return [*told[: _MOST - 1], format_count(len(told) - _MOST + 1, "more process", "more processes")]


def _list_series(run: Run, end_s: float, name: str) -> tuple[TimeSeries, ...]:
    """A series for each process, in the order of their names."""
    sources = sorted(set(run.telemetry.source.names) - OBSERVED)
    found = (TimeSeries.read(run, name, source, "load", end_s) for source in sources)
    return tuple(series for series in found if len(series))


def _compose_title(run: Run, limits: GeneratorLimits) -> str:
    """Which limits were exceeded and for how long, or else the highest values."""
    found = measure_generator_health(run)
    if not found.processes:
        return "The generator was not observed while the run was judged"
    told = []
    for words, values, limit in (
        ("had its core full", [process.busy for process in found.processes], limits.busy),
        ("waited for a core", [process.starved for process in found.processes], limits.starved),
        (
            f"stood still for over {format_ms(limits.lag_ms)}",
            [p.lag_ms for p in found.processes],
            limits.lag_ms,
        ),
    ):
        over, of = max((int(np.count_nonzero(each > limit)), len(each)) for each in values)
        if over:
            told.append(f"{words} in {over:,} of {format_count(of, 'second')}")
    if found.lateness and found.lateness.p99_ms > limits.lateness_ms:
        told.append(f"sent {format_ms(found.lateness.p99_ms)} late at p99")
    if told:
        return f"The generator {join_list(told)}" + (
            "" if find_generator_faults(run) else ", which is tolerated"
        )
    if busy_s := find_disturbance(run).length_s:
        return f"Other programs filled the machine for {format_duration(busy_s)}"
    busiest = max(float(process.busy.max()) for process in found.processes)
    longest_ms = max((float(p.lag_ms.max()) for p in found.processes if len(p.lag_ms)), default=None)
    text = f"The generator kept its limits: {100 * busiest:.0f} % of a core at most"
    return text if longest_ms is None else f"{text}, its event loop still for {format_ms(longest_ms)} at most"
