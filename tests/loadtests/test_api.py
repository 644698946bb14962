"""Load tests from Python, and from pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests.api import LoadTestError, judge_run, read_run, run_scenario

pytest_plugins = ["pytester"]
pytestmark = [pytest.mark.real, pytest.mark.extended]
ROOT = Path(__file__).parents[2]
ScenarioFile = Callable[..., str]
UNASKED = ["--no-preflight"]
"""So that all requests that the service gets are in the run, and a failing service is run against."""


def test_a_scenario_file_is_run_and_judged(
    scenario_file: ScenarioFile, obedient: Any, tmp_path: Path
) -> None:
    result = run_scenario(
        scenario_file(),
        obedient.host,
        out=tmp_path / "runs",
        objectives=["status 500 <= 0"],
        options=UNASKED,
    )
    assert (result.verdict, result.exit_code, result.passed) == ("pass", 0, True), result.describe()
    assert result.figures.requests == len(obedient.bodies) > 0
    assert result.folder.parent == tmp_path / "runs"
    assert [each.text for each in result.objectives][-1] == "status 500 <= 0"
    assert {each.outcome for each in result.objectives} <= {"met", "unproven"}
    assert result.sentence in " ".join(result.describe().split())
    assert judge_run(read_run(tmp_path / "runs" / "latest")) == result


def test_a_scenario_may_be_a_mapping_and_a_missed_objective_is_told(
    scenario_file: ScenarioFile, obedient: Any, answer: Any, tmp_path: Path
) -> None:
    obedient.answer = lambda _: answer(status=500)
    scenario = yaml.safe_load(Path(scenario_file()).read_text())
    result = run_scenario(scenario, obedient.host, out=tmp_path / "runs", name="broken", options=UNASKED)
    assert (result.verdict, result.exit_code) == ("fail", 1), result.describe()
    assert result.folder.name.startswith("broken-")
    assert result.failures[0].reason == "HTTP 500"
    missed = [each.text for each in result.objectives if each.outcome == "missed"]
    assert "error rate <= 0 %" in missed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"scenario": "stagged"}, "there is no scenario 'stagged'"),
        ({"scenario": "smoke", "objectives": ["p99 <= 1"]}, "there is no metric 'p99'"),
        ({"scenario": {"description": "x"}}, "load"),
        ({"scenario": {"load": object()}}, "holds what no YAML file can"),
        ({"scenario": {}, "name": "a/b"}, "'a/b' can't name a run"),
    ],
)
def test_what_can_not_be_run_is_told(arguments: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(LoadTestError) as told:
        run_scenario(host="http://127.0.0.1:9", out=tmp_path / "runs", **arguments)
    assert sentence in str(told.value)
    assert "Traceback" not in str(told.value)


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(LoadTestError, match=r"holds no run\.json"):
        read_run(tmp_path)


def test_neither_locust_nor_gevent_is_loaded_by_the_caller() -> None:
    """They would patch the standard library of the process that only wants a verdict."""
    script = "import sys, loadtests.api; sys.exit(bool({'locust', 'gevent'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call with a test file's text and options: pytest's result, from a process of its own."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)

    def run(text: str, *options: str) -> Any:
        pytester.makepyfile(text)
        plugins = (
            "-p",
            "loadtests.pytest_plugin",
            "-p",
            "no:locust",
            "-p",
            "no:kmock",
            "-p",
            "no:cacheprovider",
        )
        return pytester.runpytest_subprocess(*plugins, *options)

    return run


def test_the_fixture_passes_with_the_verdict_and_keeps_the_run(
    run_pytest: Callable[..., Any], scenario_file: ScenarioFile, obedient: Any, tmp_path: Path
) -> None:
    out = tmp_path / "kept"
    done = run_pytest(
        "def test_it(load_test):\n"
        f"    result = load_test({scenario_file()!r}, {obedient.host!r})\n"
        "    assert result.figures.requests > 0\n",
        *("--loadtest-out", str(out)),
    )
    done.assert_outcomes(passed=1)
    assert read_run(out / "latest").samples is not None


def test_a_failed_verdict_is_the_report_of_the_test(
    run_pytest: Callable[..., Any], scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """Its sentence and its objectives, without a traceback; `check=False` leaves it to the test."""
    obedient.answer = lambda _: answer(status=500)
    call = f"load_test({scenario_file()!r}, {obedient.host!r}, options={UNASKED}"
    done = run_pytest(
        f"def test_fails(load_test):\n    {call})\n\n"
        f"def test_looks(load_test):\n    assert {call}, check=False).verdict == 'fail'\n\n"
        "def test_can_not(load_test):\n    load_test('stagged', 'http://127.0.0.1:9')\n"
    )
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["*requests failed (HTTP 500)*", "*error rate <= 0 %*missed*"])
    done.stdout.fnmatch_lines(["*nothing was run: there is no scenario 'stagged'*"])
    assert "Traceback" not in done.stdout.str()
