"""The profile gate: its records, its figures, its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.model import profiling
from service.model.profiling import Profile


def test_records_are_seeded() -> None:
    assert profiling.records(20, seed=3) == profiling.records(20, seed=3)
    assert profiling.records(20, seed=3) != profiling.records(20, seed=4)


@pytest.mark.parametrize(("p99_ms", "met"), [(100.0, True), (100.1, False)])
def test_the_objective_is_on_the_p99(p99_ms: float, met: bool) -> None:
    assert Profile(records=1_000, mean_ms=1, p50_ms=1, p99_ms=p99_ms, batch_ms=1).met is met


def test_the_command_prints_each_figure(model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert profiling.main(["--model", str(model_path)]) == 0
    told = capsys.readouterr().out
    for word in ("mean", "p50", "p99", "1,000 rows", "p99 latency <= 100 ms: met"):
        assert word in told


def test_a_missed_objective_fails_the_command(
    model_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(profiling, "OBJECTIVE_MS", 1e-9)
    assert profiling.main(["--model", str(model_path)]) == 1
    assert "missed" in capsys.readouterr().out


def test_no_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert profiling.main(["--model", str(tmp_path / "none.skops")]) == 2
    assert "run `make train`" in capsys.readouterr().err
