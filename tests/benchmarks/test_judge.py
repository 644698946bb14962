"""The simulator of the judge draws what it says, and the judge errs in it as seldom as the docs say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.judge.__main__ import main
from benchmarks.judge.foretelling import NeedForetold, foretell_need
from benchmarks.judge.judging import Counts, judge_process
from benchmarks.judge.looks import LookedAt, LooksCompared, compare_looks
from benchmarks.judge.page import render_page
from benchmarks.judge.processes import LIMIT_MS, PROCESSES, RequestProcess
from benchmarks.judge.results import JudgeResults, SimulatedCell

BY_NAME = {process.name: process for process in PROCESSES}
RUNS = 100


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_process_exceeds_the_limit_as_often_as_it_is_told_to(process: RequestProcess) -> None:
    """The mean over 300 runs, within four of its standard errors; so it is in the first quarter of a run."""
    over = process.draw_ms(np.random.default_rng(3), 300, 2_000, 0.05) > LIMIT_MS
    whole = over.mean(axis=1)
    assert abs(whole.mean() - 0.05) <= 4 * whole.std() / np.sqrt(len(whole))
    if "drift" not in process.name and "warm-up" not in process.name:
        first = over[:, :500].mean(axis=1)
        assert abs(first.mean() - 0.05) <= 4 * first.std() / np.sqrt(len(first))


@pytest.mark.extended
@pytest.mark.parametrize(
    ("name", "requests", "power"),
    [
        ("independent", 1_000, 0.3),
        ("AR(1), 0.9", 10_000, 0.3),
        ("AR(1), 0.98", 1_000, 0.0),
        ("M/M/1 at 0.7", 1_000, 0.0),
        ("M/M/1 at 0.9", 1_000, 0.0),
        ("M/M/4 at 0.8", 1_000, 0.0),
        ("stalls of 5 requests", 5_000, 0.05),
        ("drift: doubles during the run", 1_000, 0.05),
    ],
)
def test_the_judge_errs_no_more_often_than_promised(name: str, requests: int, power: float) -> None:
    """A part of the committed table with 100 runs a cell: 5 %, and three standard errors of so many runs."""
    counts = judge_process(BY_NAME[name], requests, 99.0, RUNS)
    permitted = (0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)) * RUNS
    assert counts.proven <= permitted
    assert counts.broken <= permitted
    assert counts.found >= power * RUNS


@pytest.mark.extended
def test_what_did_not_show_can_not_be_judged() -> None:
    """The limit of any method, told in the docs: a third of these runs hold no stall."""
    counts = judge_process(BY_NAME["stalls of 100 requests"], 10_000, 99.0, 100)
    assert 0.2 <= counts.proven / counts.runs <= 0.6


@pytest.mark.extended
def test_the_samples_that_are_needed_are_foretold_within_a_third() -> None:
    told = foretell_need(BY_NAME["AR(1), 0.5"], 80)
    assert told.foretold[1] == pytest.approx(told.requests, rel=0.3)


@pytest.mark.extended
def test_an_early_end_errs_no_more_often_than_promised_and_comes_sooner_than_ten_looks() -> None:
    doubled, broken, kept = (compare_looks(BY_NAME["AR(1), 0.5"], used, 40) for used in (2.0, 1.0, 0.1))
    permitted = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)
    for rule in ("planned", "anytime"):
        assert getattr(broken, rule).proven <= permitted
        assert getattr(broken, rule).broken <= permitted
        assert getattr(kept, rule).proven >= 0.9
        assert getattr(doubled, rule).broken >= 0.8
    assert kept.anytime.stopped <= kept.planned.stopped
    assert doubled.anytime.stopped <= doubled.planned.stopped


def test_the_same_runs_are_drawn_each_time() -> None:
    process = BY_NAME["M/M/1 at 0.5"]
    assert judge_process(process, 300, 95.0, 20) == judge_process(process, 300, 95.0, 20)


def test_a_table_shows_the_share_of_runs(tmp_path: Path) -> None:
    counts = Counts(runs=400, proven=10, broken=0, covered=380, found=400, missed=1)
    results = JudgeResults(
        (SimulatedCell("independent", 1_000, 95.0, counts),),
        (NeedForetold("independent", 80, 694, (578.0, 838.5, 1583.0)),),
        (LooksCompared("independent", 0.1, 80, LookedAt(1.0, 0.0, 0.26), LookedAt(0.975, 0.025, 0.21)),),
    )
    page = render_page(results)
    assert "| independent | 694 | 580 | 840 | 1,600 |" in page
    assert "| independent | 10 % | 100.0 % | 97.5 % | 0.0 % | 2.5 % | 26 % | 21 % |" in page
    results.write(tmp_path / "judge.json")
    assert JudgeResults.read(tmp_path / "judge.json") == results
    assert "| independent | 2.5 % | – | – | – |" in page
    assert "| independent | 95.0 % | – | – | – |" in page
    assert "| AR(1), 0.9 | – | – | – | – |" in page


def test_stored_cells_are_kept_if_they_have_as_many_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.judge.__main__.PROCESSES", PROCESSES[:1])
    monkeypatch.setattr("benchmarks.judge.__main__.COLUMNS", ((50, 50.0), (60, 50.0)))
    monkeypatch.setattr("benchmarks.judge.__main__.FORETOLD", ())
    monkeypatch.setattr("benchmarks.judge.__main__.LOOKED_AT", ())
    options = ["--out", str(tmp_path)]
    assert main([*options, "--runs", "2"]) == 0
    assert main([*options, "--runs", "2", "--resume"]) == 0
    before = JudgeResults.read(tmp_path / "judge.json")
    assert capsys.readouterr().out.count("independent") == 2
    assert main([*options, "--runs", "3", "--resume"]) == 0
    after = JudgeResults.read(tmp_path / "judge.json")
    assert [cell.counts.runs for cell in (*before.cells, *after.cells)] == [2, 2, 3, 3]
    assert main([*options, "--draw"]) == 0


def test_a_page_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--draw"]) == 2
    assert "simulate first" in capsys.readouterr().err
