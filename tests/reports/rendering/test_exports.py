"""Exports: what other programs read says the same as the verdict, and runs nothing that a service said."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from reports.data.facts import Plan, Stage
from reports.data.run import Run
from reports.figures.summary import summarise
from reports.judging.verdict import judge_run
from reports.rendering.exports import (
    format_junit_xml,
    format_stats_csv,
    format_summary_md,
    format_timeline_csv,
)
from reports.rendering.verdict_json import encode_verdict

MakeRun = Callable[..., Run]

MIXED = (
    "p95 latency <= 100 ms",
    "p50 latency <= 5 ms",
    "p99.9 latency <= 100 ms",
    "peak throughput >= 5 requests/s",
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def stats(run: Run) -> list[dict[str, str]]:
    return rows(format_stats_csv(summarise(run), judge_run(run)))


def mixed(make_run: MakeRun, **facts: object) -> Run:
    stages = (Stage("warm-up", 0.0, 10.0, judged=False), Stage("steady", 10.0, 40.0))
    return make_run(
        400,
        stage=["warm-up"] * 100 + ["steady"] * 300,
        endpoint=["batch" if i % 4 == 0 else "single" for i in range(400)],
        facts={"objectives": MIXED, "stages": stages, **facts},
    )


def test_verdict_json_holds_what_was_judged(make_run: MakeRun) -> None:
    told = json.loads(json.dumps(encode_verdict(judge_run(mixed(make_run))), allow_nan=False))
    assert (told["verdict"], told["exit_code"]) == ("fail", 1)
    assert told["sentence"] == "Failed: p50 latency was 10 ms, limit 5 ms."
    assert told["reasons"] == ["p50 latency was 10 ms, limit 5 ms."]
    assert [objective["outcome"] for objective in told["objectives"]] == ["met", "missed", "unproven", "met"]
    assert told["objectives"][1] == {
        "text": "p50 latency <= 5 ms",
        "metric": "p50 latency",
        "observed": 10.0,
        "limit": 5.0,
        "unit": "ms",
        "samples": 300,
        "interval": [10.0, 10.0],
        "confidence": 0.95,
        "outcome": "missed",
        "needed": None,
        "message": "p50 latency was 10 ms, limit 5 ms.",
        "at_s": None,
        "provable": True,
        "needed_s": None,
        "doubted_by": None,
        "decided_s": None,
    }
    assert [(s["name"], s["judged"], s["requests"]) for s in told["stages"]] == [
        ("warm-up", False, 100),
        ("steady", True, 300),
    ]
    assert [(s["outcome"], len(s["objectives"])) for s in told["stages"]] == [
        ("not judged", 0),
        ("missed", 3),
    ]
    assert told["stages"][1]["objectives"][0] == told["objectives"][0]


def test_stats_csv_has_a_row_for_each_endpoint_in_each_stage_and_the_totals(make_run: MakeRun) -> None:
    told = stats(mixed(make_run))
    assert [(row["endpoint"], row["stage"], row["judged"], row["requests"]) for row in told] == [
        ("batch", "warm-up", "no", "25"),
        ("single", "warm-up", "no", "75"),
        ("batch", "steady", "yes", "75"),
        ("single", "steady", "yes", "225"),
        ("all", "warm-up", "no", "100"),
        ("all", "steady", "yes", "300"),
        ("batch", "all", "yes", "75"),
        ("single", "all", "yes", "225"),
        ("all", "all", "yes", "300"),
    ]
    assert {row["p99_ms"] for row in told} == {"10.0"}
    assert [row["outcome"] for row in told[4:]] == ["not judged", "missed", "", "", "missed"]


def test_timeline_csv_has_a_row_a_second_and_empty_cells_for_the_unknown(make_run: MakeRun) -> None:
    told = rows(format_timeline_csv(summarise(make_run(25, facts={"plan": Plan()}))))
    assert [row["requests"] for row in told] == ["10", "10", "5"]
    assert told[0]["users"] == ""
    assert told[0]["p99_ms"] == "10.0"


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx"])
def test_a_name_that_begins_like_a_formula_stays_text_in_a_spreadsheet(make_run: MakeRun, name: str) -> None:
    told = stats(make_run(5, endpoint=name))
    assert told[0]["endpoint"] == f"'{name}"


@pytest.mark.parametrize(("name", "read"), [('a,"b"\nc', 'a,"b"\nc'), ("a\rb", "a b"), ("\r=x", "' =x")])
def test_names_with_commas_quotes_and_line_ends_come_back_from_csv(
    make_run: MakeRun, name: str, read: str
) -> None:
    told = stats(make_run(5, endpoint=name))
    assert told[0]["endpoint"] == read


def suite(run: Run) -> ElementTree.Element:
    text = format_junit_xml(judge_run(run), run.facts, summarise(run).duration_s)
    found = ElementTree.fromstring(text.partition("\n")[2]).find("testsuite")
    assert found is not None
    return found


def test_junit_has_a_case_an_objective(make_run: MakeRun) -> None:
    told = suite(mixed(make_run))
    assert [(case.get("name"), [child.tag for child in case]) for case in told] == [
        ("p95 latency <= 100 ms", ["system-out"]),
        ("p50 latency <= 5 ms", ["failure", "system-out"]),
        ("p99.9 latency <= 100 ms", ["skipped", "system-out"]),
        ("peak throughput >= 5 requests/s", ["system-out"]),
    ]
    assert (told.get("tests"), told.get("failures"), told.get("skipped"), told.get("errors")) == (
        "4",
        "1",
        "1",
        "0",
    )
    assert told.get("time") == "30.000"
    assert told[0][0].text == "observed 10 ms, 95 % interval 10 to 10 ms, limit 100 ms, 300 samples"
    assert told[3][0].text == "observed 10 requests/s, limit 5 requests/s, 300 samples"
    assert told[2][0].get("message") == (
        "p99.9 latency was 10 ms, limit 100 ms: met, not proven; 2,695 more samples "
        "(about 4 min 30 s more) would prove it at 95 %."
    )


def test_junit_fails_what_is_not_proven_where_proof_is_required(make_run: MakeRun) -> None:
    told = suite(mixed(make_run, require_proof=True))
    assert told[2][0].tag == "failure"


def test_junit_makes_an_error_of_each_case_of_an_invalid_run_and_one_more_of_the_run(
    make_run: MakeRun,
) -> None:
    told = suite(mixed(make_run, faults=("One of 2 workers was lost.",)))
    assert [case[0].tag for case in told] == ["error"] * 5
    assert told[4].get("name") == "the run is valid"
    assert told[4][0].text == "One of 2 workers was lost."


def test_junit_of_an_invalid_run_without_objectives_is_not_empty(make_run: MakeRun) -> None:
    assert suite(make_run(0, facts={"objectives": ()})).get("errors") == "1"


def test_junit_escapes_and_drops_what_xml_cannot_hold(make_run: MakeRun) -> None:
    told = suite(make_run(5, facts={"scenario": "<b>\x00\x1b&", "objectives": ("p50 latency <= 1 ms",)}))
    assert told.get("name") == "load test <b>��&"


def test_summary_md_tells_verdict_objectives_and_stages(make_run: MakeRun) -> None:
    run = mixed(make_run)
    text = format_summary_md(judge_run(run), summarise(run), run.facts)
    lines = text.splitlines()
    assert lines[0] == "## ❌ Load test steady"
    assert lines[2] == "Failed: p50 latency was 10 ms, limit 5 ms."
    assert "| peak throughput &gt;= 5 requests/s | 10 requests/s | as observed | 5 requests/s |" in text
    assert "| p50 latency &lt;= 5 ms | 10 ms | 10 to 10 ms | 5 ms | 300 | ❌ missed |" in lines
    assert "| warm-up | 10 | 100 | 0 | 10 | 10 | 10 | 10 | – not judged |" in lines
    assert "| steady | 10 | 300 | 0 | 10 | 10 | 10 | 10 | ✗ missed: p50 latency |" in lines
    assert lines[-1] == (
        "300 requests to http://127.0.0.1:8000 in 30 s. The whole story is in [report.html](report.html)."
    )


def test_failures_are_told_by_reason(make_run: MakeRun) -> None:
    run = make_run(100, outcome=["http_5xx"] * 3 + ["ok"] * 97, status=[502] * 3 + [200] * 97)
    verdict = judge_run(run)
    assert encode_verdict(verdict)["failures"] == [{"reason": "HTTP 502", "count": 3, "examples": ()}]
    assert "\n\nFailed requests:\n\n- 3 HTTP 502\n\n" in format_summary_md(verdict, summarise(run), run.facts)
    assert "Failed requests" not in format_summary_md(
        judge_run(make_run(5)), summarise(make_run(5)), run.facts
    )


def test_summary_md_of_an_invalid_run_lists_every_reason(make_run: MakeRun) -> None:
    run = mixed(make_run, faults=("First.", "Second."))
    text = format_summary_md(judge_run(run), summarise(run), run.facts)
    assert "- First.\n- Second." in text


def test_summary_md_shows_names_as_they_are(make_run: MakeRun) -> None:
    stage = "a|b <img src=x> `c` [d](e)\nf"
    run = make_run(5, stage=stage, facts={"stages": (Stage(stage, 0.0, 1.0),)})
    text = format_summary_md(judge_run(run), summarise(run), run.facts)
    assert "| a\\|b &lt;img src=x&gt; \\`c\\` \\[d\\](e) f |" in text
