"""`compare` as it is typed: runs, folders of runs, baselines, rounds, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadtests.cli.main import main as run_command
from reports.__main__ import main as run_reports
from reports.comparison.command import main
from reports.data.folder import write_text
from reports.data.run import Run
from reports.data.run_sets import write_rounds


@pytest.fixture
def save(
    tmp_path: Path, make_table: Callable[..., object], make_run: Callable[..., Run]
) -> Callable[..., Path]:
    """`save("name", latency_ms=...)`: a run of 3,000 requests in a folder."""

    def keep(name: str, latency_ms: float = 10.0) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        count = 3000
        columns = {
            "intended_s": [place / 200 for place in range(count)],
            "latency_ms": [latency_ms + place % 7 for place in range(count)],
        }
        run = make_run(count, **columns)
        write_text(folder / "run.json", json.dumps(run.facts.to_json()))
        pq.write_table(make_table(count, **columns), folder / "samples.parquet")
        return folder

    return keep


def test_two_runs_are_compared_and_written_down(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [str(save("a")), str(save("b", 20.0)), "--out", str(out)]
    assert main(words) == 1
    assert "✗ Worse: " in capsys.readouterr().out
    names = {"comparison.html", "comparison.json", "junit.xml", "summary.md"}
    assert {path.name for path in out.iterdir()} == names
    assert json.loads((out / "comparison.json").read_text())["verdict"] == "worse"
    assert run_reports(["compare", *words]) == 1
    assert run_command(["compare", *words]) == 1


def test_a_baseline_is_kept_and_named(
    save: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what was observed is kept, so the folder it came from may go; a new one takes its place."""
    kept = ["--baselines", str(tmp_path / "kept"), "--out", str(tmp_path / "out"), "--error-margin", "1"]
    (tmp_path / "runs").mkdir()
    save("runs/one")
    (save("runs/two") / "report.html").write_text("drawn from the rest")
    (tmp_path / "runs/latest").symlink_to("two")
    assert main([str(tmp_path / "runs"), "--save-baseline", "main", *kept]) == 0
    assert sorted(path.name for path in (tmp_path / "kept/main").iterdir()) == ["one", "two"]
    assert not list((tmp_path / "kept").rglob("report.html"))
    assert main(["main", str(tmp_path / "runs/latest"), *kept]) == 0
    assert main([str(tmp_path / "runs/two"), "--save-baseline", "main", *kept]) == 0
    assert [path.name for path in (tmp_path / "kept/main").iterdir()] == ["two"]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["main"]
    capsys.readouterr()
    assert main(["mian", str(tmp_path / "runs/two"), *kept]) == 2
    assert "no baseline of this name" in capsys.readouterr().err


def test_rounds_are_compared_again_from_their_folder(save: Callable[..., Path], tmp_path: Path) -> None:
    made = [(side, number) for number in range(1, 6) for side in ("baseline", "candidate")]
    runs = [
        (side, number, save(f"ab/{side}/{number}", 10.0 + 10.0 * (side == "candidate")))
        for side, number in made
    ]
    write_rounds(tmp_path / "ab", ("one", "other"), runs)
    assert main([str(tmp_path / "ab"), "--error-margin", "1"]) == 1
    told = json.loads((tmp_path / "ab/comparison.json").read_text())
    assert told["blocks"] == "rounds"
    assert told["candidate"]["rounds"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{a}", "{a}", "{a}"], "3 sides are named; name two: the baseline and the candidate."),
        (["{a}"], "holds no rounds.json, so model-loadtest ab did not make it; name two runs to compare."),
        (["{a}", "{a}", "--save-baseline", "x"], "--save-baseline keeps one side, and 2 are named"),
        (["{a}", "--save-baseline", "../x"], "'../x' can't name a baseline"),
        (["{a}", "--save-baseline", ""], "'' can't name a baseline"),
        (["{a}", "--save-baseline", ".x"], "'.x' can't name a baseline"),
        (["{a}", "{empty}"], "holds no run, and no folder of a run."),
        (["{a}", "nowhere"], "There is no folder nowhere, and no baseline of this name"),
    ],
)
def test_what_can_not_be_compared_is_told_in_a_sentence(
    save: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"a": str(save("a")), "empty": str(tmp_path / "empty")}
    kept = ["--baselines", str(tmp_path / "kept"), "--out", str(tmp_path / "out")]
    assert main([*(word.format(**places) for word in words), *kept]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--margin", "0"], ["--margin", "much"], ["--accept", "anything"]])
def test_impossible_options_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["a", "b", *words])
    assert ended.value.code == 2
