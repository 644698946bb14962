"""Somebody's own locustfile: its users are recorded and judged, its load shape drives the load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.data.folder import read_run
from reports.data.run import Run

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
LOCUSTFILE = "loadtests/locustfile.py"
EASY = ("--objective", "error rate <= 50 %", "--objective", "p50 latency <= 100 s on visit")

USERS = """
from locust import HttpUser, LoadTestShape, constant_pacing, task
from loadtests import enforcement

class Visitor(HttpUser):
    wait_time = constant_pacing(0.2)

    @task(3)
    def visit(self):
        self.client.post("/visit", json={}, name="visit")

    @task
    def leave(self):
        self.client.post("/leave", json={}, name="leave")
"""
SHAPE = """
class Double(LoadTestShape):
    def tick(self):
        run_time = self.get_run_time()
        return None if run_time > 4 else (1 if run_time < 2 else 2, 10)
"""


@pytest.fixture
def run_own(start: Start, obedient: Any, tmp_path: Path) -> Callable[..., Any]:
    """Call with the text of a locustfile and arguments: the load test, ended."""

    def run(text: str, *arguments: str) -> Any:
        file = tmp_path / "mine.py"
        file.write_text(text)
        words = ("-f", str(file), "--host", obedient.host, "--headless", *arguments)
        return start("locust", *words).wait()

    return run


def names_in(run: Run) -> set[str]:
    return set(run.samples.endpoint.decode().tolist())


def outcomes(suite: Any) -> dict[str, str]:
    return {each["text"]: each["outcome"] for each in suite.verdict["objectives"]}


def test_an_import_is_enough_for_recording_objectives_and_verdict(
    run_own: Callable[..., Any], obedient: Any
) -> None:
    """No class is named and no endpoint declared: the file's own users send, and name their requests."""
    suite = run_own(USERS, "-u", "2", "-r", "10", "-t", "4s", *EASY)
    assert suite.code == suite.verdict["exit_code"] != 4, suite.said
    assert set(outcomes(suite)) == {"error rate <= 50 %", "p50 latency <= 100 s on visit"}
    assert outcomes(suite)["p50 latency <= 100 s on visit"] != "missed"
    run = read_run(suite.folder)
    assert names_in(run) <= {"visit", "leave"}
    assert len(run.samples) == len(obedient.bodies) > 4


def test_own_users_of_several_processes_are_judged_together(
    run_own: Callable[..., Any], obedient: Any
) -> None:
    suite = run_own(USERS, "-u", "4", "-r", "10", "-t", "4s", "--processes", "2", *EASY)
    assert suite.code == suite.verdict["exit_code"] != 4, suite.said
    run = read_run(suite.folder)
    assert names_in(run) <= {"visit", "leave"}
    assert len(run.samples) == len(obedient.bodies) > 4
    assert set(run.samples.worker.tolist()) == {0, 1}


def test_an_objective_on_a_name_that_nobody_used_makes_the_run_invalid(run_own: Callable[..., Any]) -> None:
    """It is a mistake of its author; a misspelt objective is never met."""
    suite = run_own(USERS, "-u", "2", "-r", "10", "-t", "3s", "--objective", "error rate <= 50 % on vist")
    assert suite.code == 3, suite.said
    assert "no request was named 'vist', which 'error rate <= 50 % on vist' is about" in str(suite.verdict)
    assert "name one of those that were recorded (" in str(suite.verdict)


def test_a_load_shape_drives_the_load_and_is_told(run_own: Callable[..., Any]) -> None:
    suite = run_own(USERS + SHAPE, *EASY)
    assert suite.code == suite.verdict["exit_code"] != 4, suite.said
    facts = suite.facts
    assert facts["load_override"] == "load driven by the shape class Double"
    assert suite.verdict["sentence"].endswith("; load driven by the shape class Double.")
    assert facts["planned_s"] is None
    assert facts["interrupted"] is None
    users = read_run(suite.folder).telemetry.select_series("users")[1]
    assert users.max() == 2
    assert facts["ended_s"] >= 4


def test_a_load_shape_that_breaks_ends_the_run_as_invalid(run_own: Callable[..., Any]) -> None:
    broken = SHAPE.replace("2, 10)", "2, 10 // (run_time < 2))")
    suite = run_own(USERS + broken, *EASY)
    assert suite.code == 3, suite.said
    assert "the load shape Double could not go on: ZeroDivisionError" in suite.verdict["sentence"]


def test_users_replace_the_load_of_a_named_scenario(start: Start, obedient: Any) -> None:
    """As Locust's users expect; traffic and objectives stay, and the verdict says so."""
    arguments = ("-f", LOCUSTFILE, "--host", obedient.host, "--headless", "-u", "3", "-r", "3", "-t", "3s")
    suite = start("locust", *arguments, environment={"SCENARIO": "steady"}).wait()
    assert suite.code == suite.verdict["exit_code"] != 4, suite.said
    facts = suite.facts
    assert facts["scenario"] == "steady"
    assert facts["load_override"] == "load overridden by -u 3 -r 3 -t 3s"
    assert "; load overridden by -u 3 -r 3 -t 3s." in " ".join(suite.stdout.split())
    assert facts["planned_s"] == 3
    assert "status 503 <= 0" in outcomes(suite)


def test_an_ad_hoc_load_asks_what_to_send_to_a_service_that_is_not_the_suites_own(
    start: Start, obedient: Any, answer: Any
) -> None:
    obedient.asked_for = lambda _: answer(status=404)
    words = ("--host", obedient.host, "-u", "2", "-r", "2", "-t", "3s")
    refused = start("loadtests", *words).wait()
    assert refused.code == 2
    assert "is not the suite's own service (it does not list its models)" in refused.stderr
    assert "such as --path /predict --payload" in refused.stderr
    assert obedient.bodies == []
    told = start("loadtests", *words, "--path", "/predict", "--payload", '{"x": 1}', *EASY[:2]).wait()
    assert told.code == told.verdict["exit_code"] != 4, told.said
    assert obedient.bodies == [{"x": 1}] * len(read_run(told.folder).samples) != []
