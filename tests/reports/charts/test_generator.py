"""What was observed of the load generator is drawn beside its limits, and told in a title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reports.charts.__init__ import draw_charts
from reports.charts.chart_data import Chart
from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run

Make = Callable[..., Run]


def each_second(values: Any, count: int = 60) -> list[tuple[float, float]]:
    return [(second + 0.5, float(value)) for second, value in enumerate(np.broadcast_to(values, count))]


def observed(make_run: Make, **values: Any) -> Run:
    """A minute in which `values` were observed once a second at the generator."""
    telemetry = {("generator", name): each_second(value) for name, value in values.items()}
    return make_run(600, telemetry=telemetry)


def charts(run: Run) -> dict[str, Chart]:
    return {chart.key: chart for chart in draw_charts(run, summarise(run), judge_run(run))}


def test_of_many_generator_processes_a_few_are_put_into_words(make_run: Make) -> None:
    telemetry = {(f"worker {i}", "cpu_percent"): each_second(10.0) for i in range(1, 10)}
    figures = charts(make_run(600, telemetry=telemetry))["generator"].figures
    assert figures.count("% of a core") == 3
    assert figures.endswith("; 6 more processes.")


def healthy(**values: Any) -> dict[str, Any]:
    return {"cpu_percent": 20.0, "waiting_percent": 3.0, "loop_lag_ms": 4.0, **values}


def test_a_healthy_generator_is_told_with_how_far_from_its_limits_it_stayed(make_run: Make) -> None:
    chart = charts(observed(make_run, **healthy()))["generator"]
    assert chart.title == (
        "The generator kept its limits: 20 % of a core at most, its event loop still for 4 ms at most"
    )
    assert chart.figures.startswith("Generator: 20 % of a core")


def test_a_sick_generator_is_told_with_what_it_suffered_from_and_how_long(make_run: Make) -> None:
    values = healthy(waiting_percent=[60.0] * 24 + [2.0] * 36, loop_lag_ms=[5.0] * 59 + [266.0])
    assert charts(observed(make_run, **values))["generator"].title == (
        "The generator waited for a core in 24 of 60 seconds and stood still for over 100 ms "
        "in 1 of 60 seconds"
    )


def test_a_second_beyond_a_limit_that_invalidates_nothing_is_called_tolerated(make_run: Make) -> None:
    run = observed(make_run, **healthy(cpu_percent=[99.0] + [20.0] * 59))
    assert judge_run(run).verdict != "invalid"
    assert charts(run)["generator"].title == (
        "The generator had its core full in 1 of 60 seconds, which is tolerated"
    )


def test_the_generator_is_judged_by_the_judged_stages(make_run: Make) -> None:
    stages = (Stage("warm-up", 0, 30, judged=False), Stage("steady", 30, 60))
    telemetry = {
        ("generator", name): each_second(value)
        for name, value in healthy(cpu_percent=[100.0] * 30 + [20.0] * 30).items()
    }
    run = make_run(600, telemetry=telemetry, facts={"stages": stages})
    assert charts(run)["generator"].title.startswith("The generator kept its limits: 20 % of a core")


def test_each_generator_process_has_its_line_and_the_service_none(make_run: Make) -> None:
    telemetry = {
        (source, "cpu_percent"): each_second(value)
        for source, value in (("worker 1", 30.0), ("worker 2", 50.0), ("service", 100.0))
    }
    chart = charts(make_run(600, telemetry=telemetry))["generator"]
    assert chart.title == "The generator kept its limits: 50 % of a core at most"
    assert "2 processes, a line each" in chart.reading
