"""The pictures of a run, each drawn from the same scene: what is seen in it, its figures, its SVG."""

from __future__ import annotations

from collections.abc import Callable

from reports.charts.breakdown import where_the_time_goes
from reports.charts.chart_data import Chart, Scene
from reports.charts.failures import failures_over_time
from reports.charts.generator import generator_health
from reports.charts.heatmap import latency_heat_map
from reports.charts.latency import latency_over_time
from reports.charts.load import load_over_time
from reports.charts.percentiles import latency_by_percentile
from reports.charts.pods import pods_beside_load
from reports.charts.service import service_beside_load
from reports.data.run import Run
from reports.figures.summary import Summary
from reports.judging.verdict import Verdict

__all__ = ["PLOTS", "Chart", "Scene", "draw"]

PLOTS: tuple[Callable[[Scene], Chart | None], ...] = (
    latency_over_time,
    service_beside_load,
    pods_beside_load,
    where_the_time_goes,
    load_over_time,
    generator_health,
    latency_by_percentile,
    latency_heat_map,
    failures_over_time,
)
"""In the order in which one would ask; a new plot is one function here.

A plot of what was not observed is None.
"""


def draw(run: Run, summary: Summary, verdict: Verdict) -> tuple[Chart, ...]:
    """All plots of a run, of what was observed in it."""
    scene = Scene(run, summary, verdict)
    drawn = (plot(scene) for plot in PLOTS)
    return tuple(chart for chart in drawn if chart is not None)
