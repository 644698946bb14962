"""`history` as it is typed: tables, a page, JSON, and sentences for what can't be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from loadtests.cli.main import main as run_word
from reports.__main__ import main as run_reports

RecordRun = Callable[..., Path]
STEP = [9.0] * 8 + [14.0] * 8


def test_the_page_shows_each_series_and_leads_to_each_report(
    tmp_path: Path, record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, value in enumerate(STEP):
        record_run(day, p99_ms=value, note="<script>alert(1)</script>" if day == 3 else "")
    record_run(20, scenario="so ak", verdict="fail")
    (tmp_path / "so ak-020" / "report.html").unlink()
    assert run_word(["history", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text()
    assert "17 runs: 16 passed, 1 failed" in page
    assert "p99 rose from 9 to 14\N{NO-BREAK SPACE}ms (+56\N{NO-BREAK SPACE}%)" in page
    links = re.findall(r'<a href="([^#"]+)"', page)
    assert sorted(links) == [f"steady-{day:03}/report.html" for day in range(16)]
    assert "<script" not in page
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")
    told = capsys.readouterr().out
    assert "p99 rose from 9 to 14 ms (+56 %) with the run of 2026-01-09 10:00:00 UTC." in told
    assert told.rstrip().endswith(f"History: {tmp_path}/index.html")


def test_each_dot_stands_where_its_figure_is(
    tmp_path: Path, record_latencies: Callable[[Sequence[float]], None]
) -> None:
    """The highest at the top line, half of it half-way to the base."""
    record_latencies([4.0, 8.0])
    assert run_reports(["history", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text()
    plot = page[page.index("p99, ms") : page.index("errors, %")]
    assert re.findall(r'cx="([\d.]+)%" cy="([\d.]+)"', plot) == [("25.0", "52.0"), ("75.0", "18.0")]


def test_json_holds_everything_and_writes_no_page(
    tmp_path: Path, record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, value in enumerate(STEP):
        record_run(day, p99_ms=value, error_rate="")
    (tmp_path / "odd").mkdir()
    assert run_reports(["history", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (series,) = told["series"]
    assert (series["scenario"], series["service"]) == ("steady", "this machine")
    assert [run["p99_ms"] for run in series["runs"]] == STEP
    assert {run["error_rate"] for run in series["runs"]} == {None}
    (change,) = series["changes"]
    assert change.pop("p_value") <= 0.01
    assert change == {"figure": "p99_ms", "run": "steady-008", "before": 9, "after": 14, "is_worse": True}
    assert [each["name"] for each in told["unreadable"]] == ["odd"]
    assert not (tmp_path / "index.html").exists()


def test_what_cannot_be_shown_is_listed(
    tmp_path: Path, record_run: RecordRun, capsys: pytest.CaptureFixture[str]
) -> None:
    (record_run(0) / "verdict.json").unlink()
    assert run_reports(["history", str(tmp_path)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "1 folder is not shown: steady-000:" in told
    assert f"To judge it: python -m reports write {tmp_path}/steady-000" in told
    assert "the run was not judged" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("width", [40, 70, 200])
def test_tables_fit_the_terminal(
    tmp_path: Path,
    record_latencies: Callable[[Sequence[float]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    record_latencies(STEP)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(tmp_path)
    assert run_reports(["history", "."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert ("replies/s" in "".join(lines)) == (width > 70)
    assert "  and 6 earlier runs" in lines


@pytest.mark.parametrize(("name", "words"), [("nowhere", "There is no folder"), ("", "holds no run")])
def test_without_a_run_there_is_a_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert run_word(["history", str(tmp_path / name)]) == 2
    assert run_reports(["history", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.count(words) == 2
