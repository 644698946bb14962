"""Finds the trend lines that charts draw: one for each objective about growth that has a slope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from reports.charts.canvas import PageFormat
from reports.charts.chart_data import ChartData
from reports.charts.palette import colour_for
from reports.charts.small_multiples import TimeSeries
from reports.charts.windows import PERCENTILE_NAMES
from reports.data.columns import Floats
from reports.data.quantities import add_unit, format_number
from reports.figures.scope import measure_objective
from reports.objectives.growth import Growth
from reports.objectives.metric import Metric
from reports.objectives.metrics import latency_drift
from reports.objectives.objective import Objective
from reports.objectives.parsing import parse_objective


class TrendLine(NamedTuple):
    """The line of an objective about growth: moments in s, and the figure that the slope makes of them."""

    objective: Objective
    t_s: Floats
    values: Floats
    slope: float
    """Per hour, in the unit of the objective."""

    @property
    def name(self) -> str:
        """p99 drift 1.2 %/h."""
        return f"{self.objective.metric} {add_unit(format_number(self.slope), self.objective.unit)}"

    def draw_in(self, role: str) -> TimeSeries:
        """The line as a dashed series of a panel."""
        return TimeSeries(self.t_s[[0, -1]], self.values[[0, -1]], role, dashed=True)


def name_slopes(lines: Sequence[TrendLine]) -> str:
    """Behind the caption of a panel: the slope of its trend; empty without one."""
    slopes = dict.fromkeys(add_unit(format_number(line.slope), line.objective.unit) for line in lines)
    return f"; trend {', '.join(slopes)}" if slopes else ""


def list_trend_lines(data: ChartData, definition: Metric) -> list[TrendLine]:
    """The lines of all objectives for a metric, about all endpoints; none where there is no slope."""
    found = []
    for text in data.run.facts.objectives:
        objective = parse_objective(text)
        if objective.definition is not definition or objective.on is not None:
            continue
        measured = measure_objective(objective, data.run)
        if isinstance(measured, Growth) and measured.value is not None:
            t_s, values = measured.compute_line()
            found.append(TrendLine(objective, t_s, values, objective.convert_to_unit(measured.value)))
    return found


def draw_latency_trends(axes: Axes, page: PageFormat, data: ChartData) -> None:
    """Draw the line of each drift objective, dashed in the colour of its percentile, with its slope."""
    for line in list_trend_lines(data, latency_drift):
        percentile = float(line.objective.argument or 0) / 100
        role = PERCENTILE_NAMES.get(percentile, "p95")
        axes.plot(line.t_s, line.values, color=colour_for(role), linewidth=2, dashes=(6, 3), zorder=5)
        axes.annotate(
            line.name,
            (float(line.t_s[0]), float(line.values[0])),
            xytext=(4, 6),
            textcoords="offset pixels",
            fontsize=page.font_px,
            color=colour_for(f"{role}-text"),
            zorder=6,
        )
