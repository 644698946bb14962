"""The page of a search: no script, what was full first, each trial with its outcome, all text escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from capacity.findings import CapacityFindings
from capacity.page import render_capacity
from capacity.saturation import find_saturation
from capacity.summary import format_capacity_md
from capacity.trials import TrialFigures


def test_the_page_answers_at_its_head_and_needs_nothing_else(findings: CapacityFindings) -> None:
    page = render_capacity(replace(findings, scenario="<script>alert(1)</script>"))
    assert "<script" not in page
    assert "default-src 'none'" in page
    sentence = "the capacity is at least 100 and less than 112 requests/s (95 % sure)."
    assert sentence in page.replace("\N{NO-BREAK SPACE}", " ")
    assert page.count('<svg class="plot') == 6  # three charts, each for narrow and for wide pages
    for told in ("λ = ", "contention σ = ", "coherency κ = ", "the measurements differ from it by at most"):
        assert told in page
    for trial in findings.trials:
        assert f'href="{trial.folder}/report.html"' in page


def test_a_search_without_an_answer_says_so(
    findings: CapacityFindings,
    without_upper_bound: Callable[[CapacityFindings, str], CapacityFindings],
) -> None:
    found = without_upper_bound(findings, "the generator could not keep its schedule")
    page = render_capacity(replace(found, trials=(), concurrency=(), scalability=None))
    assert 'class="verdict invalid"' in page
    assert '<svg class="plot' not in page
    assert "⚠️" in format_capacity_md(found) or "invalid" in format_capacity_md(found).lower()


def change(found: CapacityFindings, **values: object) -> CapacityFindings:
    """The same with these values in each broken trial."""

    def put(trial: TrialFigures) -> TrialFigures:
        return replace(trial, **values) if trial.outcome == "broken" else trial  # type: ignore[arg-type]

    return replace(found, trials=tuple(map(put, found.trials)))


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"service_cores": 3.6}, "processors"),
        ({"service_cores": 0.98}, "one core"),
        ({"service_cores": 0.3}, "queue"),
        ({"service_cores": 0.3, "slow": None}, "unknown"),
        ({"service_cores": None, "slow": None}, "unknown"),
    ],
)
def test_what_was_full_first(findings: CapacityFindings, values: dict[str, object], part: str) -> None:
    assert find_saturation(change(findings, **values)).part == part


def test_the_generators_own_limit_is_named(
    findings: CapacityFindings,
    without_upper_bound: Callable[[CapacityFindings, str], CapacityFindings],
) -> None:
    found = without_upper_bound(findings, "it was late")
    trials = tuple(replace(trial, outcome="invalid", reason="it was late") for trial in found.trials)
    assert find_saturation(replace(found, trials=trials)).part == "generator"
    assert find_saturation(found).sentence == "Nothing was full: no rate broke the objectives."


def test_the_summary_tells_the_capacity_and_each_trial(findings: CapacityFindings) -> None:
    told = format_capacity_md(findings)
    assert "The capacity is at least 100 and less than 112 requests/s" in told.replace("\\", "")
    assert told.count("| broken |") == 2
    assert "(capacity.html)" in told
