"""A scenario with relative objectives: limits from a saved baseline, or a sentence if there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, restore_scenario
from configuration.scenario import Scenario
from loadtests.cli.baselines import anchor_objectives
from loadtests.cli.load_test import run_command_line
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import OUTCOME_CODES, SampleRow
from loadtests.recording.writer import RunWriter
from reports.data.facts import Facts, Stage
from reports.data.run_sets import save_baseline

SENTENCE = "p99 latency <= 110 % of baseline"


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = tmp_path / "relative.yaml"
    path.write_text(
        "description: A test's own.\nload: {users: [{constant: 1, for: 5s}]}\n"
        f"traffic: {{endpoints: [{{name: predict, path: /}}]}}\nobjectives: [{SENTENCE}]\n"
    )
    return load_scenario(str(path))


def test_without_a_baseline_nothing_is_run(
    scenario: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--scenario", str(scenario.source), "--host", "http://127.0.0.1:9", "--out", str(tmp_path / "r")]
    assert run_command_line(words) == 2
    said = capsys.readouterr().err
    assert f"'{SENTENCE}' needs a baseline, and there is no main in {tmp_path / 'r'}/baselines: " in said
    assert "model-loadtest compare --save-baseline main RUN" in said
    assert run_command_line(["--check", str(scenario.source)]) == 0


def test_a_scenario_without_relative_objectives_reads_no_baseline(tmp_path: Path) -> None:
    smoke = load_scenario("smoke")
    assert anchor_objectives(smoke, None, tmp_path) is smoke


@pytest.mark.usefixtures("make_baseline")
def test_the_limit_follows_from_the_baseline_and_goes_with_the_scenario(
    scenario: Scenario, tmp_path: Path
) -> None:
    anchored = anchor_objectives(scenario, None, tmp_path)
    assert [str(each) for each in anchored.objectives] == [f"{SENTENCE} 40 ms"]
    restored = restore_scenario(anchored.resolve(), anchored.source)
    assert restored.objectives == anchored.objectives
    named = anchor_objectives(scenario, str(tmp_path / "baselines/main"), tmp_path / "elsewhere")
    assert named.objectives == anchored.objectives
    with pytest.raises(ConfigurationError, match=r"there is no other in .*--save-baseline other RUN"):
        anchor_objectives(scenario, "other", tmp_path)


@pytest.fixture
def make_baseline(tmp_path: Path) -> None:
    """A run of ten requests of 40 ms, kept as `main`."""
    folder = tmp_path / "made"
    folder.mkdir()
    facts = Facts(
        scenario="relative",
        description="",
        model="closed",
        host="http://127.0.0.1:8000",
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("steady", 0.0, 10.0),),
        objectives=(),
        planned_s=10.0,
    )
    writer = RunWriter(folder, facts)
    recorder = Recorder(["predict"], lambda raw: writer.append(raw, ["predict"], 0))
    for second in range(10):
        recorder.record(SampleRow(second, second, 40.0, 40.0, 0, OUTCOME_CODES["ok"], 0, 200, 1, 9, 9))
    recorder.seal()
    writer.close(replace(facts, ended_s=10.0))
    save_baseline("main", str(folder), tmp_path / "baselines")
