"""Latency by size says whether, and by how much, larger requests take longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reports.charts import Chart, ChartData
from reports.charts.sizes import draw_sizes
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.page import render_report
from reports.rendering.size_table import build_size_table

MakeRun = Callable[..., Run]


def drawn(run: Run) -> Chart | None:
    return draw_sizes(ChartData(run, summarise(run), judge_run(run)))


def sized(make_run: MakeRun, *latencies_ms: float, repeat: int = 50, **more: Any) -> Run:
    """Requests of 1, 11, 21... rows, with a latency for each size."""
    sizes = 1 + 10 * np.arange(len(latencies_ms))
    more.setdefault("rows", np.tile(sizes, repeat))
    return make_run(repeat * len(sizes), latency_ms=np.tile(latencies_ms, repeat), **more)


def test_where_sizes_are_equal_there_is_no_chart(make_run: MakeRun) -> None:
    assert drawn(make_run(100)) is None


@pytest.mark.parametrize(
    ("latencies_ms", "title"),
    [
        ((10.0, 14.0, 30.0), "p95 rose from 10 ms at 1 row to 30 ms at 21 rows"),
        ((30.0, 14.0, 10.0), "p95 fell from 30 ms at 1 row to 10 ms at 21 rows"),
        ((10.0, 14.0, 11.0), "p95 hardly depended on the size: 10 ms at 1 row, 11 ms at 21 rows"),
    ],
)
def test_the_title_says_what_size_does(
    make_run: MakeRun, latencies_ms: tuple[float, ...], title: str
) -> None:
    chart = drawn(sized(make_run, *latencies_ms))
    assert chart is not None
    assert chart.title == title


def test_the_cost_of_a_further_row_is_told(make_run: MakeRun) -> None:
    chart = drawn(sized(make_run, 10.0, 14.0, 30.0))
    assert chart is not None
    assert chart.figures == (
        "150 requests; between the smallest and the largest, each further row took 1 ms longer at the median."
    )
    assert chart.picture is not None
    assert "rows of a request" in chart.picture.wide


def test_few_requests_of_a_size_have_no_95th_percentile(make_run: MakeRun) -> None:
    chart = drawn(sized(make_run, 10.0, 30.0, repeat=5))
    assert chart is not None
    assert chart.title == "p50 rose from 10 ms at 1 row to 30 ms at 11 rows"


def test_sizes_that_were_never_answered_are_told_and_in_the_table(make_run: MakeRun) -> None:
    run = sized(make_run, 10.0, 30.0, outcome=np.tile(["ok", "http_5xx"], 50))
    chart = drawn(run)
    assert chart is not None
    assert chart.title == "Requests of 1 row were answered, and no others"
    table = build_size_table(summarise(run))
    assert table is not None
    assert [row.cells[0] for row in table.rows] == ["1 row", "11 rows"]


def test_a_wide_range_of_sizes_is_drawn_on_a_logarithmic_axis(make_run: MakeRun) -> None:
    rng = np.random.default_rng(1)
    rows = np.maximum(rng.lognormal(3, 2, 3_000), 1).astype(int)
    chart = drawn(make_run(3_000, rows=rows, latency_ms=5.0 + rows))
    assert chart is not None
    assert chart.picture is not None
    assert chart.title.startswith("p95 rose from ")


def test_the_page_shows_the_table_below_the_plot_with_its_endpoints(make_run: MakeRun) -> None:
    endpoint = np.tile(["single", "single", "batch", "batch"], 50)
    run = make_run(200, endpoint=endpoint, rows=np.tile([1, 1, 10, 90], 50), latency_ms=20.0)
    summary = summarise(run)
    table = build_size_table(summary)
    assert table is not None
    assert [column.heading for column in table.columns][:3] == ["Size", "Endpoint", "Replies/s"]
    page = render_report(run, summary, judge_run(run))
    assert 'id="sizes"' in page
    assert "on “batch”" in page
    assert "90 rows" in page
