"""The comparison for other programs and for readers: JSON, JUnit, Markdown, terminal, page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from reports.comparison.differences import Margins
from reports.comparison.exports import encode_comparison, format_comparison_junit, format_comparison_md
from reports.comparison.page import render_comparison
from reports.comparison.table import format_comparison_text
from reports.comparison.verdict import ComparisonSettings, VersionComparison, compare_versions
from reports.data.run import Run
from reports.data.run_sets import RunSet


@pytest.fixture(scope="module")
def worse(make_version: Callable[..., Run]) -> VersionComparison:
    """A slower version, in which the rate of failures stays undecided."""
    sides = RunSet("main", (make_version(1),)), RunSet("<b>&", (make_version(2, factor=1.5),))
    return compare_versions(*sides, ComparisonSettings(Margins(0.05, 0.0005)))


def test_json_holds_what_was_decided_and_by_how_much(worse: VersionComparison) -> None:
    told = json.loads(json.dumps(encode_comparison(worse), allow_nan=False))
    assert (told["verdict"], told["exit_code"], told["blocks"]) == ("worse", 1, "time")
    p50 = next(each for each in told["figures"] if each["text"] == "p50 latency")
    assert p50["worse_by"] == pytest.approx(0.5, abs=0.05)
    assert p50["bounds"][0] < p50["worse_by"] < p50["bounds"][1]
    assert p50["margin"] == pytest.approx(0.05)
    assert p50["candidate"] / p50["baseline"] == pytest.approx(1 + p50["worse_by"])


def test_junit_has_a_case_a_figure(worse: VersionComparison) -> None:
    suite = ElementTree.fromstring(format_comparison_junit(worse).encode()).find("testsuite")
    assert suite is not None
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["p50 latency is not worse"].find("failure") is not None
    assert cases["error rate is not worse"].find("skipped") is not None
    assert next(iter(cases["throughput is not worse"])).tag == "system-out"
    assert suite.get("tests") == str(len(cases))
    strict = replace(worse, settings=replace(worse.settings, require_proof=True))
    assert 'skipped="0"' in format_comparison_junit(strict)


def test_an_invalid_comparison_is_an_error_in_junit(make_version: Callable[..., Run]) -> None:
    other = make_version(2, facts={"workers": 2})
    found = compare_versions(RunSet("a", (make_version(1),)), RunSet("b", (other,)), ComparisonSettings())
    text = format_comparison_junit(found)
    assert 'name="the runs can be compared"' in text
    assert "generator processes is 1 and 2" in text
    assert "they are no basis for a decision" in render_comparison(found)


def test_markdown_shows_the_table_and_escapes_names(worse: VersionComparison) -> None:
    text = format_comparison_md(worse)
    assert text.startswith("## ❌ &lt;b&gt;&amp; against main\n")
    assert "| ❌ worse |" in text
    assert "| ❔ undecided |" in text


def test_the_terminal_table_fits(worse: VersionComparison) -> None:
    wide, narrow = (format_comparison_text(worse, False, width) for width in (160, 60))
    assert "margin" in wide
    assert "candidate" in wide.splitlines()[2]
    assert max(map(len, narrow.splitlines())) <= 60
    assert "what changed on the machine between them is not covered" in " ".join(narrow.split())
    assert "\x1b[" in format_comparison_text(worse, True, 100)


def test_the_page_says_it_all_without_scripts(worse: VersionComparison) -> None:
    page = render_comparison(worse)
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert page.count("<svg") >= 4
    assert "nothing of what differs between runs" in page


def test_bounds_of_throughput_are_told_as_changes_of_throughput(make_version: Callable[..., Run]) -> None:
    """Half the requests fail: throughput falls by half, and the table says minus."""
    sides = RunSet("a", (make_version(1),)), RunSet("b", (make_version(2, errors=0.5),))
    found = compare_versions(*sides, ComparisonSettings(Margins(0.1, 0.01)))
    line = next(
        each
        for each in format_comparison_text(found, False, 160).splitlines()
        if each.startswith("throughput")
    )
    assert "-50" in line or "-49" in line or "-51" in line
    assert "✗ worse" in line
