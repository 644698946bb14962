"""Draws the charts of a run: each has a title that states the finding, its main figures and a picture."""

from __future__ import annotations

from collections.abc import Callable

from reports.charts.arrivals import draw_arrivals
from reports.charts.breakdown import draw_breakdown
from reports.charts.chart_data import Chart, ChartData
from reports.charts.failures import draw_failures
from reports.charts.generator import draw_generator_health
from reports.charts.heatmap import draw_heat_map
from reports.charts.latency import draw_latency
from reports.charts.load import draw_load
from reports.charts.percentiles import draw_percentiles
from reports.charts.pods import draw_pods
from reports.charts.service import draw_service
from reports.charts.sizes import draw_sizes
from reports.data.run import Run
from reports.figures.summary import Summary
from reports.judging.verdict import Verdict

__all__ = ["CHARTS", "Chart", "ChartData", "draw_charts"]

CHARTS: tuple[Callable[[ChartData], Chart | None], ...] = (
    draw_latency,
    draw_service,
    draw_pods,
    draw_breakdown,
    draw_load,
    draw_arrivals,
    draw_generator_health,
    draw_percentiles,
    draw_heat_map,
    draw_sizes,
    draw_failures,
)
"""In the order in which the page shows them; to add a chart, add its function.

A function returns None if what it shows was not observed.
"""


def draw_charts(run: Run, summary: Summary, verdict: Verdict) -> tuple[Chart, ...]:
    """All charts of what was observed in a run."""
    data = ChartData(run, summary, verdict)
    drawn = (draw(data) for draw in CHARTS)
    return tuple(chart for chart in drawn if chart is not None)
