"""`model-loadtest capacity`: what can't be searched is told before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtests.searching.command import main

SCENARIO = {
    "description": "A scenario.",
    "load": {"users": [{"constant": 1, "for": "5s", "stage": "steady"}]},
    "traffic": {"endpoints": [{"name": "work", "path": "/work", "method": "GET", "reply": None}]},
}


def write(folder: Path, *objectives: str) -> str:
    file = folder / "asked.yaml"
    file.write_text(json.dumps({**SCENARIO, "objectives": list(objectives)}))
    return str(file)


@pytest.mark.parametrize(
    ("objectives", "why"),
    [
        (("p99 latency <= 1 s during steady",), "asks of a stage: p99 latency <= 1 s during steady"),
        (("p99 latency <= 110 % of baseline",), "compares with a baseline: p99 latency <= 110 % of baseline"),
    ],
)
def test_objectives_that_no_single_rate_can_meet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], objectives: tuple[str, ...], why: str
) -> None:
    assert main(["--scenario", write(tmp_path, *objectives), "--out", str(tmp_path / "out")]) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--precision", "0"], "--precision"),
        (["--trial", "1"], "--trial"),
        (["--trials", "0"], "--trials"),
        (["--trials", "1"], "a bracket takes two"),
        (["--start", "none"], "--start"),
        (["--worker"], "--worker has no place in a search: leave it out"),
        (["--host", "nowhere"], "the host 'nowhere' is no URL"),
    ],
)
def test_what_is_typed_wrong_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    told = ["--scenario", write(tmp_path, "p99 latency <= 1 s"), "--out", str(tmp_path / "out"), *words]
    try:
        code: object = main(told)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert why in capsys.readouterr().err


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "p99 latency <= 1 s")
    assert main(["--scenario", file, "--out", str(tmp_path)]) == 2
    assert "holds something already" in capsys.readouterr().err
