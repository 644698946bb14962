"""The simulated searches, scaled down: brackets hold the truth, and the page follows from the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.capacity.__main__ import main, simulate
from benchmarks.capacity.page import render_page
from benchmarks.capacity.results import CapacityResults
from benchmarks.capacity.services import QueuedService, TokenBucket, compute_refused_share


@pytest.mark.extended
def test_brackets_hold_the_truth(tmp_path: Path) -> None:
    """Two services, four searches each: one in twenty may miss, so at most one of them does."""
    results = simulate((QueuedService(2, 0.02, 150), TokenBucket(100, 10)), 4, 60.0)
    assert sum(each.search.covering for each in results.services) >= 7
    results.write(tmp_path / "capacity.json")
    assert CapacityResults.read(tmp_path / "capacity.json") == results
    assert main(["--draw", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "capacity.md").read_text(encoding="utf-8") == render_page(results)


def test_nothing_is_drawn_before_it_was_simulated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--draw", "--out", str(tmp_path)]) == 2
    assert "simulate first" in capsys.readouterr().err


def test_what_a_bucket_refuses_is_that_of_the_queue_without_room() -> None:
    """With room for one, M/D/1/1 refuses ρ/(1 + ρ) (Erlang's loss formula holds for any service time)."""
    assert compute_refused_share(0.5, 1) == pytest.approx(1 / 3)
    assert compute_refused_share(0.5, 30) < 1e-6
    assert compute_refused_share(2.0, 30) == pytest.approx(0.5, abs=1e-3)
