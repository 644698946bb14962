"""Two checkouts are compared in pairs of measurements, and a difference is told from noise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from benchmarks.before_after import AFTER, BEFORE, main, order_of_round, render_comparison, sign_test
from benchmarks.generator.processes import start_pinned

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("ratios", "p"),
    [
        pytest.param([1.1] * 5, 2 / 32, id="higher in 5 of 5 rounds"),
        pytest.param([0.9] * 4 + [1.1], 12 / 32, id="lower in 4 of 5"),
        pytest.param([0.9, 1.1], 1.0, id="one of each"),
        pytest.param([1.0, 1.1, 1.1], 0.5, id="a tie is left out"),
        pytest.param([1.0], 1.0, id="nothing but a tie"),
    ],
)
def test_the_sign_test_counts_rounds(ratios: Sequence[float], p: float) -> None:
    assert sign_test(ratios) == p


@pytest.mark.parametrize(
    ("after", "conclusion"),
    [
        ((90.0, 95.0, 92.0, 99.0, 97.0), "worse"),
        ((110.0, 105.0, 102.0, 109.0, 107.0), "better"),
        ((60.0, 101.0, 70.0, 99.0, 80.0), "unchanged within noise"),
        ((60.0, 61.0, 70.0, 69.0), "too few rounds to tell"),
    ],
)
def test_a_difference_counts_if_it_is_in_each_round(after: Sequence[float], conclusion: str) -> None:
    rounds = [{BEFORE: {"a figure": 100.0}, AFTER: {"a figure": value}} for value in after]
    row = render_comparison(rounds)[-1]
    assert row.startswith("| a figure | 100 |")
    assert row.endswith(f"| {conclusion} |")


def test_ratios_compare_the_same_round() -> None:
    """0.9, 1 and 1.1: the median of these, not the ratio of the medians, 1.1."""
    pairs = [(100.0, 90.0), (200.0, 200.0), (300.0, 330.0)]
    rounds = [{BEFORE: {"x": before}, AFTER: {"x": after}} for before, after in pairs]
    assert "| 1.000 | 0.900 – 1.100 |" in render_comparison(rounds)[-1]


def test_the_checkouts_take_turns_at_being_first() -> None:
    assert [order_of_round(index)[0] for index in range(4)] == [BEFORE, AFTER, BEFORE, AFTER]


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no checkout of this project; it has no loadtests and no service" in capsys.readouterr().err


def test_a_checkout_without_a_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("loadtests", "service"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__main__.py").touch()
    assert main([str(tmp_path)]) == 2
    assert f"ln -s {ROOT / 'models'} {tmp_path / 'models'}" in capsys.readouterr().err


@pytest.mark.real
def test_a_process_runs_the_code_of_its_checkout(tmp_path: Path, require: Callable[..., None]) -> None:
    require("taskset")
    (tmp_path / "loadtests.py").write_text("from pathlib import Path\nPath('here.txt').touch()\n")
    command = [sys.executable, "-m", "loadtests"]
    with start_pinned(command, 0, tmp_path, checkout=tmp_path) as process:
        psutil.wait_procs(process.tree(), timeout=60)
    assert (tmp_path / "here.txt").exists()
