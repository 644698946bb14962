"""The real tools against the real service: all of them get good replies, and k6's scripts run by hand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.crosscheck.load_cases import K6, SUITE, WRK, LoadCase
from benchmarks.crosscheck.measuring import measure_load_cases
from benchmarks.crosscheck.page import terminal_lines
from benchmarks.crosscheck.plan import derive_plan
from configuration.loading import load_scenario

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[2]
CONNECTIONS = 20
SECONDS = 2.0


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Path:
    """Where k6 is."""
    folder = ROOT / ".venv-bench/bin"
    if not (folder / "k6").exists():
        sentence = "needs k6: make .venv-bench/.ready"
        if request.config.getoption("--no-skips"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return folder


def case(scenario: str, connections: int | None = None) -> LoadCase:
    found = load_scenario(scenario)
    return LoadCase(found, derive_plan(found), connections)


def test_all_tools_get_good_replies(programs: Path, require: Callable[..., None]) -> None:
    """Single predictions over connections that never pause, and batches at the scenario's own rate."""
    require("wrk")
    require("taskset")
    cases = [case("steady", CONNECTIONS), case("batch")]
    (found,) = measure_load_cases(cases, 1, SECONDS, programs)
    eager, rate = (found[each.name] for each in cases)
    assert list(eager.turns) == [SUITE, WRK, K6]
    assert list(rate.turns) == [SUITE, K6]
    for turns in (eager, rate):
        for tool, (reading,) in turns.turns.items():
            assert (reading.refused, reading.broken) == (0, 0), tool
            assert 0 < reading.p50_ms <= reading.p95_ms <= reading.p99_ms <= reading.max_ms, tool
            assert reading.service_us > 0, tool
            assert 0 < reading.busy < 2, tool
        assert len(terminal_lines("a part", turns)) >= 4
    (ours,), (theirs,) = rate.turns.values()
    assert ours.per_second == pytest.approx(20, rel=0.2)
    assert theirs.per_second == pytest.approx(20, rel=0.2)
    assert theirs.kept is not None


@pytest.mark.parametrize("name", ["single", "batch"])
def test_k6_reads_the_scripts_with_the_scenarios_thresholds(programs: Path, name: str) -> None:
    """As they are: without a plan of their own, from wherever they are called."""
    script = ROOT / "benchmarks/crosscheck" / f"{name}.js"
    done = subprocess.run(
        [str(programs / "k6"), "inspect", "-e", "RATE=7", "-e", "DURATION=3s", str(script)],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    options, plan = json.loads(done.stdout), json.loads(script.with_suffix(".json").read_text())
    assert options["thresholds"] == plan["thresholds"]
    (load,) = options["scenarios"].values()
    assert (load["executor"], load["rate"], load["duration"]) == ("constant-arrival-rate", 7, "3s")
