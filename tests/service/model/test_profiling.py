"""The check before load tests: its inputs, its figures, its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.model import profiling
from service.model.insurance import InsuranceChargesModel
from service.model.profiling import PredictionTimes


def test_inputs_are_seeded() -> None:
    assert profiling.generate_inputs(20, seed=3) == profiling.generate_inputs(20, seed=3)
    assert profiling.generate_inputs(20, seed=3) != profiling.generate_inputs(20, seed=4)


@pytest.mark.parametrize(("p99_ms", "met"), [(100.0, True), (100.1, False)])
def test_the_objective_is_on_the_p99(p99_ms: float, met: bool) -> None:
    assert (
        PredictionTimes(records=1_000, mean_ms=1, p50_ms=1, p99_ms=p99_ms, batch_ms=1).meets_objective is met
    )


def test_each_call_of_the_model_is_timed(model: InsuranceChargesModel) -> None:
    """A clock that goes one millisecond further with each call for a single row: p50 and p99 are exact."""
    ticks_ns = iter(each for count in range(1, 1_000) for each in (0, count * 1_000_000))
    times = profiling.time_predictions(model, profiling.generate_inputs(100), lambda: next(ticks_ns))
    assert (times.records, times.mean_ms, times.p50_ms, times.p99_ms) == (100, 50.5, 50.0, 99.0)
    assert times.batch_ms == 110.5


def test_the_command_prints_each_figure(
    model_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an objective that any machine meets."""
    monkeypatch.setattr(profiling, "OBJECTIVE_MS", 1e5)
    assert profiling.main(["--model", str(model_path)]) == 0
    output = capsys.readouterr().out
    for word in ("mean", "p50", "p99", "1,000 rows", "p99 latency <= 100000 ms: met"):
        assert word in output


def test_a_missed_objective_exits_with_1(
    model_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(profiling, "OBJECTIVE_MS", 1e-9)
    assert profiling.main(["--model", str(model_path)]) == 1
    assert "missed" in capsys.readouterr().out


def test_a_missing_model_exits_with_2_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert profiling.main(["--model", str(tmp_path / "none.skops")]) == 2
    assert "run `make train`" in capsys.readouterr().err
