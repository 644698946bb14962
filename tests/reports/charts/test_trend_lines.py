"""Trend lines are drawn in the charts that exist, where an objective about growth is set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.charts.__init__ import draw_charts
from reports.charts.chart_data import Chart, ChartData
from reports.charts.trend_lines import list_trend_lines
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.objectives.metrics import latency_drift, service_memory_growth

MakeRun = Callable[..., Run]
SECONDS = 600


def make_growing(make_run: MakeRun, *objectives: str) -> Run:
    """Ten minutes in which latency rises from 9.5 to 10.5 ms and memory by 60 MiB an hour."""
    memory = [(second + 0.5, 200 + second / 60) for second in range(SECONDS)]
    lag = [(second + 0.5, 0.1) for second in range(SECONDS)]
    return make_run(
        6000,
        latency_ms=np.linspace(9.5, 10.5, 6000),
        telemetry={
            ("service", "memory_mib"): memory,
            ("generator", "memory_mib"): memory,
            ("generator", "cpu_percent"): lag,
            ("generator", "loop_lag_ms"): lag,
        },
        facts={"objectives": objectives},
    )


def draw(run: Run) -> dict[str, Chart]:
    """The charts by their key."""
    return {chart.key: chart for chart in draw_charts(run, summarise(run), judge_run(run))}


def count_dashed(chart: Chart) -> int:
    """How many dashed lines the wide picture of a chart holds."""
    assert chart.picture is not None
    return chart.picture.wide.count("stroke-dasharray")


def test_the_line_follows_the_figure(make_run: MakeRun) -> None:
    run = make_growing(make_run, "p50 drift <= 5 %/h", "service memory growth <= 1 MiB/h")
    data = ChartData(run, summarise(run), judge_run(run))
    (latency,), (memory,) = (list_trend_lines(data, each) for each in (latency_drift, service_memory_growth))
    np.testing.assert_allclose(latency.values, 9.5 + latency.t_s / SECONDS, atol=0.01)
    np.testing.assert_allclose(memory.values, 200 + memory.t_s / 60, atol=0.02)
    assert (latency.name, memory.name) == ("p50 drift 60 %/h", "service memory growth 60 MiB/h")


def test_each_chart_draws_the_lines_of_its_objectives(make_run: MakeRun) -> None:
    plain = draw(make_growing(make_run))
    growths = (
        "p99 drift <= 5 %/h",
        "service memory growth <= 1 MiB/h",
        "generator memory growth <= 1 MiB/h",
    )
    drawn = draw(make_growing(make_run, *growths))
    for key in ("latency", "beside", "generator"):
        assert count_dashed(drawn[key]) > count_dashed(plain[key]), key
    assert drawn["latency"].picture is not None
    assert "p99 drift 59.9 %/h" in drawn["latency"].picture.wide
    assert "Dashed is the trend" in drawn["beside"].reading
    assert drawn["generator"].picture is not None
    assert "memory, MiB; trend 60 MiB/h" in drawn["generator"].picture.wide
    assert drawn["beside"].picture is not None
    assert "memory, MiB; trend 60 MiB/h" in drawn["beside"].picture.wide


def test_a_drift_on_one_endpoint_has_no_line_in_the_chart_of_all(make_run: MakeRun) -> None:
    run = make_growing(make_run, "p50 drift <= 5 %/h on prediction")
    assert list_trend_lines(ChartData(run, summarise(run), judge_run(run)), latency_drift) == []
