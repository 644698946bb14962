"""Whoever says what is slow reads how many requests were, at that latency and at its doubles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.facts import Facts, Stage
from reports.data.run import Run
from reports.data.samples import Samples
from reports.figures.slow import MOST_THRESHOLDS, count_slow
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.page import render_report
from reports.rendering.page_table import PageTable
from reports.rendering.slow_table import build_slow_table

Make = Callable[..., Run]


def cells(table: PageTable | None) -> list[dict[str, str]]:
    """The rows of a table by its headings."""
    assert table is not None
    headings = [each.heading for each in table.columns]
    return [dict(zip(headings, row.cells, strict=True)) for row in table.rows]


def test_slow_requests_are_counted_at_the_threshold_and_at_its_doubles(make_run: Make) -> None:
    """Latencies of 1 to 10 times 100 ms; a failure and a timeout count, a dropped request does not."""
    run = make_run(
        11,
        latency_ms=[*(100.0 * n for n in range(1, 11)), None],
        outcome=["ok"] * 8 + ["http_5xx", "timeout", "dropped"],
        facts={"slow_ms": 250.0},
    )
    table = build_slow_table(run)
    assert table is not None
    assert table.title == "8 of 10 requests, 80 %, took 250 ms or more"
    names = ("Took at least", "Requests", "Share", "Failed", "First started", "Last started")
    assert cells(table) == [
        dict(zip(names, row, strict=True))
        for row in (
            ("250 ms", "8", "80 %", "2", "0:00.200", "0:00.900"),
            ("500 ms", "6", "60 %", "2", "0:00.400", "0:00.900"),
            ("1,000 ms", "1", "10 %", "1", "0:00.900", "0:00.900"),
        )
    ]


def test_the_stage_and_the_endpoint_with_most_of_them_are_told_where_there_are_several(
    make_run: Make,
) -> None:
    run = make_run(
        100,
        stage=["calm"] * 50 + ["busy"] * 50,
        endpoint=["prediction", "batch"] * 50,
        latency_ms=[10.0] * 50 + [10.0, 600.0] * 25,
        facts={"slow_ms": 500.0, "stages": (Stage("calm", 0, 5), Stage("busy", 5, 10))},
    )
    (row,) = cells(build_slow_table(run))
    assert (row["Most in stage"], row["Most to endpoint"]) == ("busy", "batch")


def test_where_no_request_was_slow_the_table_says_so(make_run: Make) -> None:
    run = make_run(100, facts={"slow_ms": 500.0})
    table = build_slow_table(run)
    assert table is not None
    assert table.title == "No request took 500 ms or more"
    assert cells(table)[0]["Requests"] == "0"


def test_nobody_asked_nothing_is_counted(make_run: Make) -> None:
    run = make_run(100)
    assert build_slow_table(run) is None
    assert 'id="slow"' not in render_report(run, summarise(run), judge_run(run))


def test_the_page_shows_the_table(make_run: Make) -> None:
    run = make_run(100, latency_ms=600.0, facts={"slow_ms": 500.0})
    page = render_report(run, summarise(run), judge_run(run)).replace("\N{NO-BREAK SPACE}", " ")
    assert '<a href="#slow">Slow requests</a>' in page
    assert "100 of 100 requests, 100 %, took 500 ms or more" in page


@pytest.mark.parametrize("slow_ms", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_that_nobody_can_have_asked_for_is_refused(make_run: Make, slow_ms: float) -> None:
    facts = replace(make_run(10).facts, slow_ms=slow_ms)
    with pytest.raises(ValueError, match="slow_ms"):
        Facts.from_json(facts.to_json())


@given(
    latencies_ms=st.lists(st.floats(0.1, 1e6), min_size=1, max_size=50),
    slow_ms=st.floats(1e-6, 1e6),
)
def test_counts_fall_and_are_those_of_the_samples(
    make_table: Callable[..., pa.Table], latencies_ms: list[float], slow_ms: float
) -> None:
    samples = Samples.from_table(make_table(len(latencies_ms), latency_ms=latencies_ms))
    counts = count_slow(samples, slow_ms)
    assert 1 <= len(counts) <= MOST_THRESHOLDS
    assert counts[0].threshold_ms == slow_ms
    for place, found in enumerate(counts):
        assert found.threshold_ms == slow_ms * 2**place
        assert found.count == sum(each >= found.threshold_ms for each in latencies_ms)
        assert found.count or not place
