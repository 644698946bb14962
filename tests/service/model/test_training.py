"""Training: what it writes, what it prints, and that a failure keeps the old model."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from service.model import dataset, profiling, training
from service.model.insurance import InsuranceChargesModel


def test_the_facts_are_written_next_to_the_model(model_path: Path) -> None:
    facts = json.loads(model_path.with_suffix(".json").read_text())
    assert facts["rows"] == 1_338
    assert facts["seed"] == dataset.DEFAULT_SEED
    assert facts["data"] == "generated"
    assert facts["r2"] >= 0.85
    assert facts["trained_at"].endswith("+00:00")
    assert {"python", "numpy", "scikit-learn", "skops"} <= facts["versions"].keys()


def test_r2_is_computed_on_rows_that_the_regression_was_not_fitted_to() -> None:
    """Charges unrelated to the people give an R² below zero, which a fit to the same rows can't have."""
    people = dataset.generate_people()
    people["charges"] = people["charges"].sample(frac=1.0, random_state=1).to_numpy()
    _, r2 = training.fit(people, seed=1)
    assert r2 < 0


def test_training_on_a_file_learns_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command trains on the file, says so, and checks the model, here against a generous objective."""
    monkeypatch.setattr(profiling, "OBJECTIVE_MS", 1e5)
    data, out = tmp_path / "insurance.csv", tmp_path / "models" / "model.skops"
    people = dataset.generate_people()
    people["charges"] *= 2
    people.to_csv(data, index=False)
    assert training.main(["--data", str(data), "--out", str(out)]) == 0
    output = capsys.readouterr().out
    assert "trained on 1,338 rows (insurance.csv)" in output
    assert "p99 latency <= 100000 ms: met" in output
    inputs = profiling.generate_inputs(50)
    doubled = [each.charges for each in InsuranceChargesModel(out).predict_batch(inputs)]
    training.train(out)
    plain = [each.charges for each in InsuranceChargesModel(out).predict_batch(inputs)]
    assert doubled == pytest.approx([2 * each for each in plain], rel=1e-4, abs=0.02)


def test_a_bad_file_keeps_the_old_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, data = tmp_path / "model.skops", tmp_path / "insurance.csv"
    training.train(out)
    before = out.read_bytes()
    data.write_text("age,sex\n1,2\n")
    assert training.main(["--data", str(data), "--out", str(out)]) == 2
    assert out.read_bytes() == before
    output = capsys.readouterr().err
    assert "line 1: no column bmi, children" in output
    assert "a model made before stays" in output


def test_a_full_disk_keeps_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No partly written file remains, under any name."""
    out = tmp_path / "model.skops"
    training.train(out)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    assert training.main(["--out", str(out)]) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert "No space left on device" in capsys.readouterr().err


def test_an_out_path_that_cannot_be_written_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert training.main(["--out", str(tmp_path / "file" / "model.skops")]) == 2
    assert "name another --out" in capsys.readouterr().err
