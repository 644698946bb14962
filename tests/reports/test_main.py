"""`python -m reports`: what follows from a folder can be computed again from it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from reports.__main__ import main
from reports.data.run import Run

MakeRun = Callable[..., Run]
MakeTable = Callable[..., pa.Table]

WRITTEN = {"verdict.json", "stats.csv", "timeline.csv", "junit.xml", "summary.md", "report.html"}


@pytest.fixture
def folder(tmp_path: Path, make_run: MakeRun, make_table: MakeTable) -> Path:
    """A run of 300 requests, the last three of which failed, as it was left on disk."""
    run = make_run(300, facts={"objectives": ("p90 latency <= 100 ms", "error rate <= 0 %")})
    (tmp_path / "run.json").write_text(json.dumps(run.facts.to_json()), encoding="utf-8")
    table = make_table(300, outcome=["ok"] * 297 + ["http_5xx"] * 3, status=[200] * 297 + [500] * 3)
    with (
        pa.OSFile(str(tmp_path / "samples.arrows"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as writer,
    ):
        writer.write_table(table)
    return tmp_path


def test_write_leaves_all_that_follows_beside_what_was_recorded(folder: Path) -> None:
    assert main(["write", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == WRITTEN | {"run.json", "samples.parquet"}
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["sentence"] == "Failed: error rate was 1 %, limit 0 %."
    with (folder / "stats.csv").open(encoding="utf-8", newline="") as file:
        total = list(csv.DictReader(file))[-1]
    assert (total["requests"], total["errors"]) == ("300", "3")
    assert "Failed" in (folder / "report.html").read_text(encoding="utf-8")


def test_writing_again_gives_the_same(folder: Path) -> None:
    main(["write", str(folder)])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    main(["write", str(folder)])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_show_prints_verdict_and_stages_and_exits_0_whatever_they_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("✗ Failed: error rate was 1 %, limit 0 %.\n")
    assert "\nstage   planned users  requests" in shown
    assert "Report:" not in shown
    assert not (folder / "verdict.json").exists()


def test_a_run_without_a_request_is_judged_but_not_drawn(folder: Path, make_table: MakeTable) -> None:
    table = make_table(0)
    with pa.OSFile(str(folder / "samples.arrows"), "wb") as file, pa.ipc.new_stream(file, table.schema):
        pass
    assert main(["write", str(folder)]) == 0
    assert json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["verdict"] == "invalid"
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("command", ["show", "write"])
def test_bad_input_is_a_sentence_and_exit_2(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports", command, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"{tmp_path} holds no run.json, so it is no run's folder.\n"
    assert done.stdout == ""


def test_an_objective_that_is_none_is_told_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**facts, "objectives": ["be fast"]}), encoding="utf-8")
    assert main(["show", str(folder)]) == 2
    assert capsys.readouterr().err.startswith("'be fast': expected a metric")


def test_a_folder_that_cannot_be_written_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, _: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("reports.__main__.write_text", full)
    assert main(["write", str(folder)]) == 2
    assert "No space left on device" in capsys.readouterr().err


def test_a_verdict_that_has_room_is_written_without_what_has_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The samples stay as the stream that they were recorded in."""

    def write_small(path: Path, text: str) -> None:
        if path.name == "report.html":
            raise OSError(28, "No space left on device", str(path))
        path.write_text(text, encoding="utf-8")

    def rewrite(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reports.__main__.write_text", write_small)
    monkeypatch.setattr("reports.data.folder._rewrite", rewrite)
    assert main(["write", str(folder)]) == 0
    assert capsys.readouterr().err == f"left out {folder / 'report.html'}: No space left on device\n"
    left = (WRITTEN - {"report.html"}) | {"run.json", "samples.arrows"}
    assert {path.name for path in folder.iterdir()} == left
