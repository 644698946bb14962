"""What is read of each run in a folder of runs, and what is said of a folder that holds none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.data.folder import FolderError
from reports.data.recorded_runs import read_recorded_runs
from reports.data.run import Run

RecordRun = Callable[..., Path]


@pytest.fixture
def record_run(tmp_path: Path, make_run: Callable[..., Run]) -> RecordRun:
    """`record_run(name, started_at)`: a judged run, without samples."""

    def record(name: str, started_at: str = "2026-01-05T10:00:00+00:00") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        facts = make_run(1, facts={"started_at": started_at}).facts
        (folder / "run.json").write_text(json.dumps(facts.to_json()))
        (folder / "verdict.json").write_text('{"verdict": "pass", "sentence": "Passed."}')
        rows = ["endpoint,stage,requests,p99_ms,outcome", "all,steady,90,5.0,met", "all,all,100,7.5,met"]
        (folder / "stats.csv").write_text("\n".join(rows))
        return folder

    return record


def test_runs_come_in_the_order_in_which_they_began(tmp_path: Path, record_run: RecordRun) -> None:
    record_run("a", "2026-02-01T00:00:00+00:00")
    record_run("b", "2026-01-01T00:00:00+00:00")
    assert [run.name for run in read_recorded_runs(tmp_path).runs] == ["b", "a"]


def test_totals_are_the_numbers_about_the_whole_run(tmp_path: Path, record_run: RecordRun) -> None:
    record_run("a")
    (run,) = read_recorded_runs(tmp_path).runs
    assert run.totals == {"requests": 100.0, "p99_ms": 7.5}
    assert (run.verdict, run.sentence, run.has_report) == ("pass", "Passed.", False)


def test_a_link_to_a_run_beside_it_is_no_run_of_its_own(tmp_path: Path, record_run: RecordRun) -> None:
    (tmp_path / "latest").symlink_to(record_run("a").name)
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "index.html").touch()
    (tmp_path / ".hidden").mkdir()
    found = read_recorded_runs(tmp_path)
    assert [run.name for run in found.runs] == ["a"]
    assert found.unreadable == ()


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("run.json", None, "holds no run.json"),
        ("run.json", "{", "no valid JSON"),
        ("verdict.json", None, "the run was not judged. To judge it: python -m reports write"),
        ("verdict.json", "[]", "holds no verdict"),
        ("verdict.json", '{"verdict": "fine", "sentence": ""}', "expected one of pass, fail, invalid"),
        ("stats.csv", None, "is missing. To write it: python -m reports write"),
        ("stats.csv", "p99_ms\n3\n", "can't be read"),
        ("stats.csv", "endpoint,stage\nall,steady\n", "no row about the whole run"),
    ],
)
def test_a_folder_that_cannot_be_told_is_listed_with_the_reason(
    tmp_path: Path, record_run: RecordRun, file: str, text: str | None, words: str
) -> None:
    record_run("whole")
    broken = record_run("broken") / file
    broken.unlink() if text is None else broken.write_text(text)
    found = read_recorded_runs(tmp_path)
    assert [run.name for run in found.runs] == ["whole"]
    ((name, reason),) = found.unreadable
    assert name == "broken"
    assert words in reason


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="There is no folder"):
        read_recorded_runs(tmp_path / "nowhere")
