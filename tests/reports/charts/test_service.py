"""What was observed of the service and of the generator is drawn beside the load, and told in a title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.charts import Chart, draw
from reports.charts.service import Probes
from reports.charts.small_multiples import Series, _joined
from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge

Make = Callable[..., Run]
SERVICE = {"readiness": 1.0, "probe_ms": 0.8, "cpu_percent": 25.0, "memory_mib": 240.0}


def each_second(values: Any, count: int = 60) -> list[tuple[float, float]]:
    return [(second + 0.5, float(value)) for second, value in enumerate(np.broadcast_to(values, count))]


def observed(make_run: Make, source: str = "service", **values: Any) -> Run:
    """A minute beside which `values` were observed once a second at `source`."""
    telemetry = {(source, name): each_second(value) for name, value in values.items()}
    return make_run(600, telemetry=telemetry)


def charts(run: Run) -> dict[str, Chart]:
    return {chart.key: chart for chart in draw(run, summarise(run), judge(run))}


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
    assert Probes(t_s, np.array([1, 0, 0, 1, 1, 0, 1, 1.0])).unready_spans(9.0) == [(1.0, 3.0), (5.0, 6.0)]
    assert Probes(t_s, np.array([0, 1, 1, 1, 1, 1, 0, 0.0])).unready_spans(9.0) == [(0.0, 1.0), (6.0, 9.0)]
    assert Probes(t_s - 2, np.array([0, 0, 1, 1, 0, 1, 1, 0.0])).unready_spans(5.0) == [(2.0, 3.0)]
    assert Probes(t_s, np.ones(8)).unready_spans(9.0) == []


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


def test_what_was_observed_before_the_start_or_after_the_end_is_left_out(make_run: Make) -> None:
    """Workers of a distributed run observe themselves before the load begins."""
    telemetry = {("generator", "cpu_percent"): [(-0.9, 99.0), (0.5, 1.0), (1.5, 2.0), (99.0, 98.0)]}
    series = Series.observed(make_run(100, telemetry=telemetry), "cpu_percent", "generator", "load", 10.0)
    assert series.t_s.tolist() == [0.5, 1.5]
    assert series.value.tolist() == [1.0, 2.0]


def test_of_many_generator_processes_a_few_are_put_into_words(make_run: Make) -> None:
    telemetry = {(f"worker {i}", "cpu_percent"): each_second(10.0) for i in range(1, 10)}
    figures = charts(make_run(600, telemetry=telemetry))["generator"].figures
    assert figures.count("% of a core") == 3
    assert figures.endswith("; 6 more processes.")


def test_missing_observations_are_not_joined_by_a_line() -> None:
    t_s = np.concatenate((np.arange(10.0), np.arange(20.0, 30.0)))
    drawn_t, drawn = _joined(Series(t_s, np.ones(20), "service"))
    (gap,) = np.flatnonzero(np.isnan(drawn))
    assert (drawn_t[gap - 1], drawn_t[gap + 1]) == (9.0, 20.0)
    assert np.count_nonzero(np.isfinite(drawn)) == 20


def test_ten_hours_are_thinned_to_what_can_be_seen_with_their_peak() -> None:
    value = np.ones(36_000)
    value[17_003] = 99.0
    _, drawn = _joined(Series(np.arange(36_000.0), value, "service"))
    assert len(drawn) < 1000
    assert np.nanmax(drawn) == 99.0


def healthy(**values: Any) -> dict[str, Any]:
    return {"cpu_percent": 20.0, "waiting_percent": 3.0, "loop_lag_ms": 4.0, **values}


def test_a_healthy_generator_is_told_with_how_far_from_its_limits_it_stayed(make_run: Make) -> None:
    chart = charts(observed(make_run, "generator", **healthy()))["generator"]
    assert chart.title == (
        "The generator kept its limits: 20 % of a core at most, its event loop still for 4 ms at most"
    )
    assert chart.figures.startswith("Generator: 20 % of a core")


def test_a_sick_generator_is_told_with_what_it_suffered_from_and_how_long(make_run: Make) -> None:
    values = healthy(waiting_percent=[60.0] * 24 + [2.0] * 36, loop_lag_ms=[5.0] * 59 + [266.0])
    assert charts(observed(make_run, "generator", **values))["generator"].title == (
        "The generator waited for a core in 24 of 60 seconds and stood still for over 100 ms "
        "in 1 of 60 seconds"
    )


def test_a_second_beyond_a_limit_that_invalidates_nothing_is_called_tolerated(make_run: Make) -> None:
    run = observed(make_run, "generator", **healthy(cpu_percent=[99.0] + [20.0] * 59))
    assert judge(run).verdict != "invalid"
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
