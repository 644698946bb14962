"""Plots whether the generator of the load was well enough to be believed."""

from __future__ import annotations

import numpy as np

from reports.charts.canvas import picture
from reports.charts.chart_data import Chart, Scene
from reports.charts.formatting import listing, ms
from reports.charts.small_multiples import Marked, Panel, Series, paint_panels
from reports.data.quantities import counted, duration
from reports.data.run import Run
from reports.data.telemetry import MACHINE, OBSERVED
from reports.judging.generator_health import Limits, described, faults, health
from reports.judging.interference import disturbance

_MOST = 4
"""Measures and processes that are put into words."""


def generator_health(scene: Scene) -> Chart | None:
    """Processor use, waiting and event-loop lag of each generator process, each with its limit."""
    run = scene.run
    limits = Limits.of(run.facts.generator)
    panels = [
        Panel(caption, series, limit=limit)
        for name, caption, limit in (
            ("cpu_percent", "CPU, % of a core", 100 * limits.busy),
            ("waiting_percent", "waiting for a core, % of the time", 100 * limits.starved),
            ("loop_lag_ms", "event loop still, ms", limits.lag_ms),
        )
        if (series := _series(run, scene.axis.end_s, name))
    ]
    if not panels:
        return None
    others = Series.observed(run, "others_percent", MACHINE, "users", scene.axis.end_s)
    panels += [Panel("other programs on this machine, % of a core", (others,), 100.0)] if len(others) else []
    processes = len(panels[0].series)
    busy = disturbance(run)
    spans = zip(busy.start_s.tolist(), np.minimum(busy.end_s, scene.axis.end_s).tolist(), strict=True)
    marked = Marked("too busy", [span for span in spans if span[0] < span[1]])
    told = "; ".join(_shortened(described(health(run)))) or "Observed in the warm-up alone"
    return Chart(
        "generator",
        "The generator's health",
        _title(run, limits),
        f"{told[0].upper()}{told[1:]}.",
        picture("generator", lambda figure, page: paint_panels(figure, page, scene.axis, panels, marked)),
        "Dashed are its limits"
        + (f"; {processes:,} processes, a line each." if processes > 1 else ".")
        + (" Shaded is when the machine was too busy to tell the service by." if marked.spans else ""),
    )


def _shortened(told: list[str]) -> list[str]:
    """The first few; the facts of the run hold all."""
    if len(told) <= _MOST:
        return told
    return [*told[: _MOST - 1], counted(len(told) - _MOST + 1, "more process", "more processes")]


def _series(run: Run, end_s: float, name: str) -> tuple[Series, ...]:
    """One a process, in the order of their names."""
    sources = sorted(set(run.telemetry.source.names) - OBSERVED)
    found = (Series.observed(run, name, source, "load", end_s) for source in sources)
    return tuple(series for series in found if len(series))


def _title(run: Run, limits: Limits) -> str:
    """What went beyond a limit and for how long, or how far from its limits it stayed."""
    found = health(run)
    if not found.processes:
        return "The generator was not observed while the run was judged"
    told = []
    for words, values, limit in (
        ("had its core full", [process.busy for process in found.processes], limits.busy),
        ("waited for a core", [process.starved for process in found.processes], limits.starved),
        (f"stood still for over {ms(limits.lag_ms)}", [p.lag_ms for p in found.processes], limits.lag_ms),
    ):
        over, of = max((int(np.count_nonzero(each > limit)), len(each)) for each in values)
        if over:
            told.append(f"{words} in {over:,} of {counted(of, 'second')}")
    if found.lateness and found.lateness.p99_ms > limits.lateness_ms:
        told.append(f"sent {ms(found.lateness.p99_ms)} late at p99")
    if told:
        return f"The generator {listing(told)}" + ("" if faults(run) else ", which is tolerated")
    if busy_s := disturbance(run).length_s:
        return f"Other programs filled the machine for {duration(busy_s)}"
    busiest = max(float(process.busy.max()) for process in found.processes)
    longest_ms = max((float(p.lag_ms.max()) for p in found.processes if len(p.lag_ms)), default=None)
    text = f"The generator kept its limits: {100 * busiest:.0f} % of a core at most"
    return text if longest_ms is None else f"{text}, its event loop still for {ms(longest_ms)} at most"
