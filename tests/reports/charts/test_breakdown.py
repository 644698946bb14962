"""The plot of where the time goes says what took most of it, and is drawn only if the service tells."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.charts.__init__ import draw_charts
from reports.charts.breakdown_components import select_shares
from reports.charts.chart_data import Chart
from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.breakdown_table import build_breakdown_table

Make = Callable[..., Run]


def where_chart(run: Run) -> Chart | None:
    charts = draw_charts(run, summarise(run), judge_run(run))
    return next((chart for chart in charts if chart.key == "where"), None)


def title(run: Run) -> str:
    chart = where_chart(run)
    assert chart is not None
    return chart.title


def test_it_is_not_drawn_where_the_service_does_not_tell(make_run: Make) -> None:
    assert where_chart(make_run(100)) is None
    assert build_breakdown_table(summarise(make_run(100))) is None


def test_the_title_tells_what_took_most_of_the_p99_request(make_run: Make) -> None:
    assert title(make_run(1000, latency_ms=38.0, queue_ms=19.0, inference_ms=1.0)) == (
        "Half of the p99 request's 38 ms was queueing"
    )


def test_the_title_tells_what_took_most_of_the_p50_request_if_that_is_something_else(make_run: Make) -> None:
    slow = np.arange(1000) % 50 == 0
    run = make_run(
        1000,
        latency_ms=np.where(slow, 40.0, 2.0),
        queue_ms=np.where(slow, 39.0, 0.2),
        inference_ms=np.where(slow, 0.5, 0.5),
    )
    assert title(run) == (
        "Nearly all of the p99 request's 40 ms was queueing; "
        "at p50, two thirds of 2 ms was outside queue and inference"
    )


@pytest.mark.parametrize(
    ("queue_ms", "words"),
    [(6.2, "62 % of"), (5.1, "Half of"), (7.5, "Three quarters of"), (6.7, "Two thirds of")],
)
def test_shares_that_have_a_name_are_called_by_it(make_run: Make, queue_ms: float, words: str) -> None:
    told = title(make_run(100, latency_ms=10.0, queue_ms=queue_ms, inference_ms=0.5))
    assert told == f"{words} the p99 request's 10 ms was queueing"


def test_waiting_to_be_sent_is_told_in_the_open_model_only(make_run: Make) -> None:
    late = make_run(100, latency_ms=10.0, service_ms=2.0, queue_ms=0.5, inference_ms=0.5)
    chart = where_chart(late)
    assert chart is not None
    assert chart.picture is not None
    assert chart.title == "80 % of the p99 request's 10 ms was waiting to be sent"
    assert "not yet sent" in chart.picture.wide
    punctual = where_chart(make_run(100, latency_ms=10.0, queue_ms=0.5, inference_ms=0.5))
    assert punctual is not None
    assert punctual.picture is not None
    assert "not yet sent" not in punctual.picture.wide + punctual.figures


def test_the_text_alternative_holds_the_parts_and_the_floor(make_run: Make) -> None:
    run = make_run(
        1000,
        latency_ms=38.0,
        queue_ms=19.0,
        inference_ms=1.0,
        telemetry={("service", "probe_ms"): [(float(second), 0.8) for second in range(100)]},
    )
    chart = where_chart(run)
    assert chart is not None
    assert chart.figures == (
        "The p50 request took 38 ms: queue 19 ms, inference 1 ms, rest 18 ms. "
        "The p99 request took 38 ms: queue 19 ms, inference 1 ms, rest 18 ms. "
        "A readiness probe's median round trip took 0.8 ms: about what network and proxies cost any request."
    )


def test_answers_that_do_not_tell_are_counted(make_run: Make) -> None:
    chart = where_chart(make_run(100, queue_ms=[1.0] * 80 + [None] * 20, inference_ms=1.0))
    assert chart is not None
    assert "Only 80 of 100 answers say it" in chart.reading


def many_stages(make_run: Make, count: int) -> Run:
    names = [f"s{place}" for place in range(count) for _ in range(10)]
    latency_ms = [10.0 + place for place in range(count) for _ in range(10)]
    return make_run(
        10 * count,
        stage=names,
        latency_ms=latency_ms,
        queue_ms=1.0,
        inference_ms=1.0,
        facts={"stages": tuple(Stage(f"s{place}", place, place + 1.0) for place in range(count))},
    )


def test_of_many_stages_the_slowest_are_shown_in_their_order(make_run: Make) -> None:
    run = many_stages(make_run, 30)
    found = summarise(run).latency_breakdown
    assert found is not None
    assert [share.name for share in select_shares(found)] == [
        "all that is judged",
        *(f"s{i}" for i in range(22, 30)),
    ]
    chart = where_chart(run)
    assert chart is not None
    assert "Of 30 stages, the 8 with the highest p99 are shown." in chart.reading


def test_a_single_stage_is_the_whole(make_run: Make) -> None:
    found = summarise(many_stages(make_run, 1)).latency_breakdown
    assert found is not None
    assert [share.name for share in select_shares(found)] == ["all that is judged"]


@pytest.mark.parametrize("latency_ms", [0.0, 1e-4, 1e7])
def test_very_short_and_very_long_requests_are_drawn(make_run: Make, latency_ms: float) -> None:
    run = make_run(50, latency_ms=latency_ms, queue_ms=0.0, inference_ms=latency_ms / 4)
    chart = where_chart(run)
    assert chart is not None
    assert chart.picture is not None
    for svg in (chart.picture.narrow, chart.picture.wide):
        ET.fromstring(svg)
        assert "nan" not in svg


def test_the_table_holds_the_parts_of_each_stage_in_columns_of_the_same_decimals(make_run: Make) -> None:
    table = build_breakdown_table(summarise(many_stages(make_run, 2)))
    assert table is not None
    assert [column.heading for column in table.columns] == [
        "Stage",
        "Request",
        "Latency, ms",
        "Queue, ms",
        "Inference, ms",
        "Rest, ms",
        "Probe, ms",
        "Replies",
    ]
    assert [row.cells for row in table.rows][2:4] == [
        ("s0", "p50", "10.00", "1.00", "1.00", "8.00", "–", "10"),
        ("s0", "p99", "10.00", "1.00", "1.00", "8.00", "–", "10"),
    ]
