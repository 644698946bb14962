"""What was observed of the service is drawn beside the load, and told in a title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.charts.__init__ import draw_charts
from reports.charts.chart_data import Chart
from reports.charts.service import ReadinessProbes
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run

Make = Callable[..., Run]
SERVICE = {"readiness": 1.0, "probe_ms": 0.8, "cpu_percent": 25.0, "memory_mib": 240.0}


def each_second(values: Any, count: int = 60) -> list[tuple[float, float]]:
    return [(second + 0.5, float(value)) for second, value in enumerate(np.broadcast_to(values, count))]


def observed(make_run: Make, **values: Any) -> Run:
    """A minute in which `values` were observed once a second at the service."""
    telemetry = {("service", name): each_second(value) for name, value in values.items()}
    return make_run(600, telemetry=telemetry)


def charts(run: Run) -> dict[str, Chart]:
    return {chart.key: chart for chart in draw_charts(run, summarise(run), judge_run(run))}


def test_nothing_is_drawn_of_what_was_not_observed(make_run: Make) -> None:
    assert not {"beside", "generator"} & set(charts(make_run(100)))
    picture = charts(observed(make_run, cpu_percent=20.0))["beside"].picture
    assert picture is not None
    assert "CPU, % of a core" in picture.wide
    for absent in ("readiness", "memory", "queue", "batch"):
        assert absent not in picture.wide


def test_a_service_that_stayed_ready_is_told_with_what_it_reached(make_run: Make) -> None:
    cpu = np.full(60, 25.0)
    cpu[30] = 87.4
    beside = charts(observed(make_run, **{**SERVICE, "cpu_percent": cpu}, queue_depth=[0.0] * 59 + [16.0]))
    assert beside["beside"].title == (
        "The service was ready throughout; it reached 87 % of a core, 16 waiting requests "
        "and 240 MiB of memory"
    )


def test_a_service_that_was_not_ready_is_told_and_marked(make_run: Make) -> None:
    ready = np.ones(60)
    ready[[20, 21, 40]] = 0.0
    run = observed(make_run, **{**SERVICE, "readiness": ready})
    chart = charts(run)["beside"]
    assert chart.title.startswith(
        "The service was not ready in 3 of 60 probes, first 20 s into the run; it reached"
    )
    assert chart.figures.startswith("Ready in 57 of 60 probes; ")
    assert chart.picture is not None
    assert chart.picture.wide.count(">not ready</text>") == 1
    assert "not ready" not in (charts(observed(make_run, **SERVICE))["beside"].picture or chart.picture).wide


def test_batches_alone_are_told_by_their_size(make_run: Make) -> None:
    title = charts(observed(make_run, batch_size=4.0))["beside"].title
    assert title == "Batches of 4 rows in the median, 4 at most"


def test_unready_spans_reach_from_the_first_missed_probe_to_the_next_that_found_it_ready() -> None:
    t_s = np.arange(8.0)
    assert ReadinessProbes(t_s, np.array([1, 0, 0, 1, 1, 0, 1, 1.0])).find_unready_spans(9.0) == [
        (1.0, 3.0),
        (5.0, 6.0),
    ]
    assert ReadinessProbes(t_s, np.array([0, 1, 1, 1, 1, 1, 0, 0.0])).find_unready_spans(9.0) == [
        (0.0, 1.0),
        (6.0, 9.0),
    ]
    assert ReadinessProbes(t_s - 2, np.array([0, 0, 1, 1, 0, 1, 1, 0.0])).find_unready_spans(5.0) == [
        (2.0, 3.0)
    ]
    assert ReadinessProbes(t_s, np.ones(8)).find_unready_spans(9.0) == []


def test_a_service_that_was_never_ready_is_told_without_a_plot(make_run: Make) -> None:
    chart = charts(observed(make_run, readiness=0.0))["beside"]
    assert chart.picture is None
    assert chart.title == "The service was not ready in 60 of 60 probes, first in the first second"


def test_the_text_alternative_holds_the_usual_and_the_highest_value(make_run: Make) -> None:
    memory = np.linspace(200.0, 300.0, 60)
    run = observed(make_run, queue_depth=[0.0] * 40 + [8.0] * 20, batch_size=4.0, memory_mib=memory)
    assert charts(run)["beside"].figures == (
        "Queue 0 waiting in the median, 8 at most; batches of 4 rows in the median, 4 at most; "
        "memory 300 MiB, 200 at the beginning."
    )


@pytest.mark.parametrize("count", [1, 2])
def test_a_single_observation_is_drawn(make_run: Make, count: int) -> None:
    telemetry = {
        (source, name): each_second(1.0, count)
        for source in ("service", "generator")
        for name in ("readiness", "probe_ms", "cpu_percent", "loop_lag_ms", "memory_mib")
    }
    for chart in charts(make_run(100, telemetry=telemetry)).values():
        if chart.picture is not None:
            for svg in (chart.picture.narrow, chart.picture.wide):
                ET.fromstring(svg)
                assert "nan" not in svg
