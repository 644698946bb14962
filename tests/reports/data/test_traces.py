"""Slow requests link to their traces, wherever those are kept, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from reports.data.run import Run
from reports.data.traces import build_link, check_template
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.page import render_report
from reports.rendering.slowest_table import build_slowest_table

STORE = "http://127.0.0.1:16686/trace/{trace_id}"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Make = Callable[..., Run]


def links(run: Run) -> list[str]:
    """The targets of the links that leave the page."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            target = dict(attrs).get("href") or "#"
            if tag == "a" and not target.startswith("#"):
                found.append(target)

    Reader().feed(page(run))
    return found


def page(run: Run) -> str:
    summary = summarise(run)
    return render_report(run, summary, judge_run(run))


def test_the_slowest_requests_lead_to_their_traces(make_run: Make) -> None:
    """Of twenty requests the traced ones among the ten slowest: those with an even number."""
    ids = [f"{number:032x}" if number % 2 == 0 else None for number in range(20)]
    run = make_run(20, latency_ms=[10.0 + n for n in range(20)], trace_id=ids, facts={"trace_link": STORE})
    slowest = [f"{number:032x}" for number in (18, 16, 14, 12, 10)]
    assert links(run) == [f"http://127.0.0.1:16686/trace/{each}" for each in slowest]


def test_of_few_traces_the_slowest_are_told_too(make_run: Make) -> None:
    """Of a hundred requests every tenth is traced, so one of the ten slowest; the next two follow."""
    ids = [f"{number:032x}" if number % 10 == 5 else None for number in range(100)]
    run = make_run(100, latency_ms=[10.0 + n for n in range(100)], trace_id=ids)
    table = build_slowest_table(summarise(run))
    assert table is not None
    cells = [
        dict(zip([each.heading for each in table.columns], row.cells, strict=True)) for row in table.rows
    ]
    assert [float(each["Latency, ms"]) for each in cells] == [*range(109, 99, -1), 95, 85]
    assert [each["Trace"] for each in cells[-2:]] == [f"{85:032x}", f"{75:032x}"]
    assert (
        "Traces were kept of 10 of 100 requests; the last 2 rows are the slowest of these." in table.caption
    )


def test_where_enough_of_the_slowest_are_traced_no_others_follow(make_run: Make) -> None:
    table = build_slowest_table(summarise(make_run(100, trace_id=[TRACE] * 100)))
    assert table is not None
    assert len(table.rows) == 10
    assert "Traces were kept" not in table.caption


@pytest.mark.parametrize("template", ["", "javascript:alert('{trace_id}')"])
def test_without_a_store_the_id_is_told_and_leads_nowhere(make_run: Make, template: str) -> None:
    run = make_run(20, trace_id=[TRACE] * 20, facts={"trace_link": template})
    assert links(run) == []
    assert TRACE in page(run)


@pytest.mark.parametrize("trace_id", [None, "", "../../admin", TRACE.upper()])
def test_what_is_no_trace_has_no_address(trace_id: str | None) -> None:
    assert build_link(STORE, trace_id) == ""


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:16686/", "127.0.0.1/{trace_id}", "javascript:{trace_id}", "http://[{trace_id}"]
)
def test_an_address_without_a_place_for_the_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no address with \{trace_id\} in it; give one like http://"):
        check_template(text)
