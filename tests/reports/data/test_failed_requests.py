"""Kept failed requests are part of a run and of its verdict, by their reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from reports.data.failed_requests import FailedRequest, FailedRequests
from reports.data.folder import FolderError, read_run
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.exports import format_junit_xml, format_summary_md
from reports.rendering.page import render_report
from reports.rendering.terminal import format_verdict

MakeRun = Callable[..., Run]
KEPT = FailedRequests(
    (
        FailedRequest("prediction", "realistic", "http_5xx", 502, "POST", "/p", "record 1", 0.1, (), "<up?>"),
        FailedRequest(
            "batch",
            "realistic",
            "http_5xx",
            502,
            "POST",
            "/b",
            at_s=0.2,
            explanation="expected a 2xx status, got 502",
        ),
        FailedRequest("prediction", "realistic", "refused", 0, "POST", "/p", at_s=0.3),
    ),
    reasons_left_out=2,
)


@pytest.fixture
def failed_run(make_run: MakeRun) -> Run:
    """A tenth of the requests failed with 502; that one was refused is known from the kept ones alone."""
    outcomes, statuses = ["http_5xx", *["ok"] * 9] * 10, [502, *[200] * 9] * 10
    facts = {"objectives": ("error rate <= 1 %", "error rate <= 1 % on prediction")}
    return replace(make_run(100, outcome=outcomes, status=statuses, facts=facts), failed=KEPT)


def test_a_folder_gives_them_back(tmp_path: Path, failed_run: Run, make_table: Any) -> None:
    (tmp_path / "run.json").write_text(json.dumps(failed_run.facts.to_json()))
    pq.write_table(make_table(100), tmp_path / "samples.parquet")
    assert read_run(tmp_path).failed == FailedRequests()
    (tmp_path / "failures.json").write_text(json.dumps(KEPT.to_json() | {"newer": 1}))
    assert read_run(tmp_path).failed == KEPT
    (tmp_path / "failures.json").write_text("[1]")
    with pytest.raises(FolderError, match="does not hold failed requests"):
        read_run(tmp_path)


def test_they_are_examples_of_the_reasons_that_were_counted(failed_run: Run) -> None:
    (failure,) = judge_run(failed_run).failures
    assert (failure.reason, failure.count) == ("HTTP 502", 10)
    assert failure.examples == KEPT.kept[:2]


def test_terminal_and_summary_show_the_first(failed_run: Run) -> None:
    verdict = judge_run(failed_run)
    sentence = "such as POST /p, record 1: 502: <up?>"
    assert sentence in format_verdict(verdict, color=False, width=100)
    summary = format_summary_md(verdict, summarise(failed_run), failed_run.facts)
    assert "\n  - such as POST /p, record 1: 502: &lt;up?&gt;\n" in summary
    assert "/b" not in summary


def test_a_long_reply_takes_few_lines_of_a_terminal(failed_run: Run) -> None:
    long = replace(KEPT.kept[0], body=50 * "words ")
    verdict = judge_run(replace(failed_run, failed=FailedRequests((long,))))
    told = format_verdict(verdict, color=False, width=60).partition("Failed requests:")[2]
    shown = told.partition("\n\n")[0].splitlines()
    assert len(shown) == 5
    assert shown[-1].endswith(" …")
    assert max(map(len, shown)) <= 60


def test_junit_has_them_in_the_case_they_belong_to_and_in_the_suite(failed_run: Run) -> None:
    xml = format_junit_xml(judge_run(failed_run), failed_run.facts, 10.0)
    suite = ElementTree.fromstring(xml).find("testsuite")
    assert suite is not None
    every, one = (case.findtext("system-out", "") for case in suite.findall("testcase"))
    assert "HTTP 502: POST /b: expected a 2xx status, got 502; 502" in every
    assert "POST /p" in one
    assert "POST /b" not in one
    assert "POST /b" in suite.findtext("system-out", "")


def test_the_report_lists_all_of_them(failed_run: Run) -> None:
    page = render_report(failed_run, summarise(failed_run), judge_run(failed_run))
    for told in ("POST /p, record 1", "&lt;up?&gt;", "connection refused", "Of 2 more reasons none was kept"):
        assert told in page
