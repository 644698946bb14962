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


SCRIPTS = ROOT / "benchmarks/crosscheck"


def inspect(programs: Path, script: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """What k6 understands of a script, called from elsewhere."""
    given = [word for setting in settings for word in ("-e", setting)]
    command = [str(programs / "k6"), "inspect", *given, str(script)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True)


@pytest.mark.parametrize("name", ["single", "batch"])
def test_k6_reads_the_scripts_with_the_scenarios_thresholds(programs: Path, name: str) -> None:
    """As they are: without a plan of their own, from wherever they are called."""
    script = SCRIPTS / f"{name}.js"
    done = inspect(programs, script, "RATE=7", "DURATION=3s", "VUS=", "RAMP=", "PLAN=")
    assert done.returncode == 0, done.stderr
    options, plan = json.loads(done.stdout), json.loads(script.with_suffix(".json").read_text())
    assert options["thresholds"] == plan["thresholds"]
    (load,) = options["scenarios"].values()
    assert (load["executor"], load["rate"], load["duration"]) == ("constant-arrival-rate", 7, "3s")


def test_users_of_k6_may_come_one_after_the_other(programs: Path) -> None:
    done = inspect(programs, SCRIPTS / "single.js", "VUS=10", "RAMP=5s", "DURATION=3s")
    (load,) = json.loads(done.stdout)["scenarios"].values()
    assert (load["executor"], load["startVUs"]) == ("ramping-vus", 0)
    assert load["stages"] == [{"duration": "5s", "target": 10}, {"duration": "3s", "target": 10}]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("VUS=10", "RATE=5"), "leave one of them out"),
        (("RAMP=5s",), "VUS says how many"),
        (("VUS=ten",), "VUS is ten: give a whole number from 1 on"),
        (("RATE=-1",), "RATE is -1: give a whole number from 1 on"),
    ],
)
def test_a_load_that_means_two_things_or_none_is_refused(
    programs: Path, settings: tuple[str, ...], sentence: str
) -> None:
    done = inspect(programs, SCRIPTS / "single.js", *settings)
    assert done.returncode != 0
    assert sentence in done.stderr
