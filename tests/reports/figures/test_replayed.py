"""How many records of replayed files were sent, all processes together."""

from __future__ import annotations

from collections.abc import Callable

from reports.data.run import Run
from reports.figures.replayed import count_replayed_records, list_unread_endpoints
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.page import render_report

Make = Callable[..., Run]

TELEMETRY = {
    (worker, name): [(0.5, first), (1.5, last)]
    for worker in ("worker 1", "worker 2")
    for name, first, last in (("records of a", 500.0, 500.0), ("records sent to a", 10.0, 400.0))
}


def test_the_last_counts_of_all_processes_are_added_up(make_run: Make) -> None:
    assert count_replayed_records(make_run(telemetry=TELEMETRY)) == [("a", 1_000, 800)]
    assert count_replayed_records(make_run()) == []


def test_names_of_endpoints_may_begin_as_the_series_do(make_run: Make) -> None:
    odd = {("generator", f"{name} sent to b"): [(1.0, 5.0)] for name in ("records of", "records sent to")}
    assert count_replayed_records(make_run(telemetry=odd)) == [("sent to b", 5, 5)]


def test_verdict_and_page_say_how_many_were_sent(make_run: Make) -> None:
    run = make_run(telemetry=TELEMETRY, facts={"objectives": ("error rate <= 1 %",)})
    verdict = judge_run(run)
    assert verdict.sentence.endswith("; 800 of 1,000 records sent to a.")
    assert "<dt>Replayed</dt><dd>800 of 1,000 records sent to a</dd>" in render_report(
        run, summarise(run), verdict
    )


def test_a_file_that_could_not_be_read_on_makes_the_run_invalid(make_run: Make) -> None:
    run = make_run(telemetry={("generator", "unreadable records of a"): [(1.0, 1.0)]})
    assert list_unread_endpoints(run) == ["a"]
    verdict = judge_run(run)
    assert verdict.verdict == "invalid"
    assert "the payload file of a could not be read to its end" in verdict.sentence
