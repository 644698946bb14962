"""What a cluster said of the service's pods is drawn beside the load, and told in a title."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.charts.__init__ import draw_charts
from reports.charts.chart_data import Chart
from reports.charts.pods import _extend_steps
from reports.charts.small_multiples import TimeSeries
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run

Make = Callable[..., Run]
USED = {"pods_cpu_cores": [0.05, 0.2, 0.41, 0.3, 0.1], "pods_memory_mib": [160, 162, 330, 480, 482]}


def observed(make_run: Make, **values: Sequence[float]) -> Run:
    """A minute beside which `values` were observed every 15 s, from the first second on."""
    telemetry = {
        ("kubernetes", name): [(0.5 + 15 * place, float(value)) for place, value in enumerate(each)]
        for name, each in values.items()
    }
    return make_run(700, telemetry=telemetry)


def chart_of(run: Run) -> Chart:
    found = {chart.key: chart for chart in draw_charts(run, summarise(run), judge_run(run))}
    return found["pods"]


def test_without_a_cluster_there_is_no_plot(make_run: Make) -> None:
    run = make_run(100)
    assert "pods" not in {chart.key for chart in draw_charts(run, summarise(run), judge_run(run))}


def test_a_service_that_grew_is_told_with_what_its_pods_used(make_run: Make) -> None:
    chart = chart_of(
        observed(make_run, replicas_ready=[1, 1, 2, 4, 4], replicas_desired=[1, 4, 4, 4, 4], **USED)
    )
    assert chart.title == (
        "The service grew from 1 to 4 ready replicas; its pods used up to 0.41 cores and 482 MiB of memory"
    )
    assert chart.figures == (
        "Ready replicas 1 to 4; wanted 1 to 4; more were first wanted 16 s into the run, and one more was "
        "ready 15 s later; CPU of all pods 0.2 cores in the median, 0.41 at most; memory of all pods 330 MiB "
        "in the median, 482 at most."
    )


@pytest.mark.parametrize(
    ("ready", "title"),
    [
        ([1, 1, 1], "1 replica was ready throughout"),
        ([3, 3, 3], "3 replicas were ready throughout"),
        ([1, 3, 2], "The service grew from 1 to 3 ready replicas and ended with 2"),
        ([5, 2, 2], "The service shrank from 5 to 2 ready replicas"),
        ([2, 0, 2], "The service shrank from 2 to 0 ready replicas and ended with 2"),
        ([2, 1, 2], "The service shrank from 2 to 1 ready replica and ended with 2"),
    ],
)
def test_the_title_tells_how_replicas_went(make_run: Make, ready: list[int], title: str) -> None:
    assert chart_of(observed(make_run, replicas_ready=ready)).title == title


def test_replicas_that_were_wanted_and_never_came_are_told(make_run: Make) -> None:
    run = observed(make_run, replicas_ready=[1, 1, 1], replicas_desired=[1, 3, 3], replicas_max=[10, 10, 10])
    figures = chart_of(run).figures
    assert (
        "the autoscaler's limit is 10; more were first wanted 16 s into the run, and none was ready"
        in figures
    )


def test_replicas_are_steps_that_hold_until_the_end(make_run: Make) -> None:
    """Drawn as wanted (dashed) below ready; what was not observed has no panel."""
    held = _extend_steps(TimeSeries(np.array([0.5, 15.5]), np.array([1.0, 2.0]), "service"), 40.0)
    assert (held.t_s.tolist(), held.value.tolist()) == ([0.5, 15.5, 40.0], [1.0, 2.0, 2.0])
    assert held.steps
    picture = chart_of(observed(make_run, replicas_ready=[1, 2, 3], replicas_desired=[2, 3, 3])).picture
    assert picture is not None
    assert picture.wide.count("stroke-dasharray") == 1
    assert "cores" not in picture.wide
    ET.fromstring(picture.narrow)


def test_a_single_sample_of_a_short_run_is_drawn(make_run: Make) -> None:
    picture = chart_of(observed(make_run, replicas_ready=[1], pods_cpu_cores=[0.1])).picture
    assert picture is not None
    assert "nan" not in picture.wide


def test_the_cluster_is_no_generator(make_run: Make) -> None:
    """Whatever is observed of it makes no run invalid."""
    run = observed(make_run, replicas_ready=[1, 1], cpu_percent=[99.0] * 5)
    assert judge_run(run).verdict == "pass"
    assert "generator" not in {chart.key for chart in draw_charts(run, summarise(run), judge_run(run))}
