"""The capacity that a calibration found is told wherever a verdict is, for the load is in multiples of it."""

from __future__ import annotations

from collections.abc import Callable

from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.exports import format_summary_md
from reports.rendering.page import render_report
from reports.rendering.terminal import format_verdict
from reports.rendering.verdict_json import encode_verdict

SENTENCE = "The calibration found a capacity of 3,008 requests/s; the load is in multiples of it."


def test_it_is_in_terminal_report_summary_and_verdict_json(make_run: Callable[..., Run]) -> None:
    run = make_run(200, facts={"capacity_per_s": 3008.0})
    verdict, summary = judge_run(run), summarise(run)
    assert encode_verdict(verdict)["capacity_per_s"] == 3008
    assert SENTENCE in format_verdict(encode_verdict(verdict), color=False, width=100)
    assert SENTENCE in format_summary_md(verdict, summary, run.facts)
    assert "3,008 requests/s, by the calibration" in render_report(run, summary, verdict).replace("\xa0", " ")


def test_nothing_is_told_of_a_load_without_calibration(make_run: Callable[..., Run]) -> None:
    run = make_run(200)
    verdict = judge_run(run)
    assert encode_verdict(verdict)["capacity_per_s"] is None
    assert "calibration" not in format_verdict(verdict, color=False, width=100)
