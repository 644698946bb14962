"""The real thing: processes, HTTP, signals, files, exit codes."""

from __future__ import annotations

import csv
import json
import re
import signal
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from loadtests.cli.own_service import OwnService
from reports.data.folder import read_run

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
LOCUSTFILE = "loadtests/locustfile.py"
PATH = "/api/models/insurance_charges_model/prediction"
EXTENDED = pytest.mark.extended
Start = Callable[..., Any]
ScenarioFile = Callable[..., str]


def staged_at_any_speed(folder: Path) -> str:
    """The staged scenario with limits that a busy test machine keeps."""
    text = (ROOT / "configuration/scenarios/staged.yaml").read_text()
    text = text.replace("<= 100 ms", "<= 60 s").replace(">= 5 requests/s", ">= 2 requests/s")
    text += "  - max latency <= 60 s\n  - offered load >= 1 %\n"
    text += "generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}\n"
    path = folder / "staged.yaml"
    path.write_text(text)
    return str(path)


def predictions_served(host: str) -> int:
    """The service's own count of prediction requests."""
    metrics = urllib.request.urlopen(f"{host}/metrics").read().decode()
    lines = [line for line in metrics.splitlines() if line.startswith("http_requests_total") and PATH in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


def assert_judged(suite: Any) -> None:
    """The exit code is the verdict's; which one, the objectives of `manual` and a busy machine decide."""
    assert suite.code in (0, 1, 3), suite.said
    assert suite.code == suite.verdict["exit_code"], suite.said
    last = f"verdict: {suite.verdict['verdict']} (exit code {suite.code})"
    assert suite.stdout.rstrip().endswith(last), "below Locust's own tables"
    assert suite.facts["interrupted"] is None


@pytest.mark.usefixtures("patient_service")
def test_staged_passes_and_every_artefact_tells_the_same(start: Start, tmp_path: Path) -> None:
    """Samples, CSVs, verdict, JUnit and page agree to the last request, and with the service's own count."""
    with OwnService(0) as service:
        suite = start(
            "loadtests",
            *("--scenario", staged_at_any_speed(tmp_path), "--time-scale", "0.1", "--host", service.host),
        ).wait()
        served = predictions_served(service.host)
    assert suite.code == 0, suite.said
    assert "✓ Passed, but not proven: all 5 objectives kept" in suite.stdout
    assert suite.stdout.rstrip().endswith("verdict: pass (exit code 0)")

    run = read_run(suite.folder)
    assert len(run.samples) == served
    assert 40 < served <= 80, (
        "25 user-seconds a second of stage, three seconds each; a busy machine drops some"
    )
    assert [stage.name for stage in run.facts.stages][3:6] == ["4 users", "5 users", "4 users (2)"]
    assert run.facts.service["model"] == "insurance_charges_model"

    verdict = suite.verdict
    assert verdict["verdict"] == "pass"
    assert sum(stage["requests"] for stage in verdict["stages"]) == served
    with (suite.folder / "stats.csv").open() as file:
        totals = [row for row in csv.DictReader(file) if row["stage"] == row["endpoint"] == "all"]
    assert [int(row["requests"]) for row in totals] == [served]
    with (suite.folder / "timeline.csv").open() as file:
        assert sum(int(row["sent"]) for row in csv.DictReader(file)) == served
    cases = ET.parse(suite.folder / "junit.xml").getroot().iter("testcase")
    assert len(list(cases)) == 5
    page = (suite.folder / "report.html").read_text()
    assert f"over {served} requests" in page
    assert verdict["sentence"] in (suite.folder / "summary.md").read_text()
    locusts_own = {path.name for path in (suite.folder / "locust").iterdir()}
    assert locusts_own == {"requests.csv", "failures.csv", "exceptions.csv", "report.html", "README.txt"}
    with (suite.folder / "locust" / "requests.csv").open() as file:
        aggregated = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    assert int(aggregated["Request Count"]) == served
    assert not list(suite.folder.glob("*.arrows")), "streams are rewritten as Parquet in the end"


@pytest.mark.usefixtures("patient_service")
def test_the_suites_own_service_is_started_and_stopped(start: Start, scenario_file: ScenarioFile) -> None:
    suite = start("loadtests", "--scenario", scenario_file()).wait()
    assert suite.code == 0, suite.said
    host = suite.facts["host"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", host)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(host)


def test_a_slow_service_fails_naming_the_objective(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(delay_s=0.15)
    file = scenario_file(objectives="[p50 latency <= 100 ms, error rate <= 0 %]")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 1
    assert "✗ Failed: p50 latency was" in suite.stdout
    assert "✗ missed" in suite.stdout
    assert "verdict: fail (exit code 1)" in suite.stdout
    outcomes = {judged["text"]: judged["outcome"] for judged in suite.verdict["objectives"]}
    assert outcomes["p50 latency <= 100 ms"] == "missed"
    assert outcomes["error rate <= 0 %"] == "met"


def test_every_kind_of_bad_reply_is_told_apart(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """One user class asks quickly; the service misbehaves in turn; the run goes on."""
    turns = [
        answer(),
        answer(status=500),
        answer(status=404),
        answer(status=503, headers={"Retry-After": "1"}),
        answer(body=b"{}"),
        answer(hang_up=True),
        answer(delay_s=1.0),
    ]
    obedient.answer = lambda number: turns[number % len(turns)]
    file = scenario_file(
        load="{users: [{constant: 4, for: 4s}]}",
        objectives="[error rate <= 1 %]",
        more="traffic: {user: stress, timeout: 300ms}",
    )
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 1
    samples = read_run(suite.folder).samples
    found = set(samples.outcome.decode().tolist())
    assert found == {"ok", "http_5xx", "http_4xx", "shed", "invalid_reply", "reset", "timeout"}
    timeouts = samples.latency_ms[samples.outcome.equal("timeout")]
    assert ((timeouts >= 299) & (timeouts < 3_000)).all(), "a timeout counts at its elapsed time"
    assert len(samples) == len(obedient.bodies)


@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("loadtests", signal.SIGINT),
        pytest.param("loadtests", signal.SIGTERM, marks=EXTENDED),
        pytest.param("locust", signal.SIGINT, marks=EXTENDED),
        pytest.param("locust", signal.SIGTERM, marks=EXTENDED),
    ],
)
def test_a_signal_still_judges_and_writes(
    start: Start, scenario_file: ScenarioFile, obedient: Any, module: str, number: signal.Signals
) -> None:
    """Nothing was missed until then, but the run is not whole: invalid, with what there is kept."""
    file = scenario_file(load="{users: [{constant: 4, for: 60s}]}")
    more = [] if module == "loadtests" else ["-f", LOCUSTFILE, "--headless"]
    suite = start(module, *more, "--scenario", file, "--host", obedient.host)
    suite.until_requests(obedient, 6)
    suite.process.send_signal(number)
    suite.wait()
    assert suite.code == 3, suite.said
    assert re.search(rf"Invalid: stopped after \S+ s of 1 min\s+\({number.name}\)", suite.stdout)
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)
    assert (suite.folder / "report.html").exists()


@EXTENDED
def test_a_signal_after_a_miss_is_a_fail(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(status=500)
    file = scenario_file(load="{users: [{constant: 4, for: 60s}]}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host)
    suite.until_requests(obedient, 4)
    suite.process.send_signal(signal.SIGTERM)
    assert suite.wait().code == 1
    assert "requests failed (HTTP 500)" in suite.stdout


@EXTENDED
def test_requests_in_flight_at_the_end_are_waited_for_and_counted(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(delay_s=0.7)
    file = scenario_file(load="{users: [{constant: 3, for: 2s}]}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 0, suite.said
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)


@EXTENDED
def test_a_second_interrupt_waits_for_no_reply(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """The first waits for requests in flight, here without end; after the second what came is judged."""
    obedient.hold_after(3)
    file = scenario_file(
        load="{users: [{constant: 4, for: 60s}]}", more="traffic: {timeout: 1h, user: stress}"
    )
    suite = start("loadtests", "--scenario", file, "--host", obedient.host)
    suite.until_requests(obedient, 7)
    suite.process.send_signal(signal.SIGINT)
    with pytest.raises(TimeoutError):
        suite.finished_within(1.0)
    suite.process.send_signal(signal.SIGINT)
    assert suite.wait().code == 3
    assert suite.verdict["verdict"] == "invalid"


def test_plain_locust_is_judged_too(start: Start, obedient: Any, tmp_path: Path) -> None:
    """As any Locust user would type it, with users and duration: the scenario is `manual`."""
    suite = start(
        "locust",
        *("-f", LOCUSTFILE, "--host", obedient.host, "--headless", "-u", "2", "-r", "2", "-t", "3s"),
        *("--csv", str(tmp_path / "own"), "--html", str(tmp_path / "own.html")),
    ).wait()
    assert_judged(suite)
    assert suite.facts["scenario"] == "manual"
    assert len(read_run(suite.folder).samples) == len(obedient.bodies) > 0
    assert (tmp_path / "own_stats.csv").exists()
    assert (tmp_path / "own.html").exists()


@EXTENDED
def test_a_run_time_counts_from_the_runs_own_start(start: Start, obedient: Any, answer: Any) -> None:
    """A service that is slow to be asked about itself doesn't shorten the run that is judged."""
    obedient.asked = answer(delay_s=0.8, body=b"{}")
    arguments = ("-f", LOCUSTFILE, "--host", obedient.host, "--headless", "-u", "2", "-r", "2", "-t", "3s")
    suite = start("locust", *arguments).wait()
    assert_judged(suite)
    assert suite.facts["ended_s"] >= 3.0


@EXTENDED
def test_a_stop_before_the_run_leaves_nothing_behind(
    start: Start, scenario_file: ScenarioFile, tmp_path: Path
) -> None:
    """No service either: it runs in its own session, which Ctrl-C does not reach, and takes long to start."""
    pid_file = tmp_path / "pid"
    (tmp_path / "slow_to_load.py").write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(pid_file)!r} + '.new').write_text(str(os.getpid()))\n"
        f"os.rename({str(pid_file)!r} + '.new', {str(pid_file)!r})\n"
        "time.sleep(3600)\n"
    )
    (tmp_path / "slow.yaml").write_text(
        "models: [{class_path: slow_to_load.Model, create_endpoint: false}]\n"
    )
    environment = {"REST_CONFIG": str(tmp_path / "slow.yaml"), "PYTHONPATH": str(tmp_path)}
    suite = start("loadtests", "--scenario", scenario_file(), environment=environment)
    suite.until(pid_file.exists)
    suite.process.send_signal(signal.SIGINT)
    suite.wait()
    assert suite.code == 2
    assert "stopped by SIGINT before the load test began" in suite.stderr
    assert "Traceback" not in suite.said
    assert not psutil.pid_exists(int(pid_file.read_text()))


@EXTENDED
def test_odd_replies_are_recorded_like_any_other(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    """A number no float holds, and JSON too deep to read, are invalid replies and not lost requests."""
    bodies = [b'{"charges": 1' + b"0" * 400 + b"}", b"[" * 100_000, b'{"charges": 1}']
    obedient.answer = lambda number: answer(body=bodies[number % 3])
    file = scenario_file(objectives="[error rate <= 100 %]", more="traffic: {user: high}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 0, suite.said
    samples = read_run(suite.folder).samples
    assert len(samples) == len(obedient.bodies) > 6
    assert set(samples.outcome.decode().tolist()) == {"ok", "invalid_reply"}


@EXTENDED
def test_a_miss_shows_in_plain_locusts_log(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any
) -> None:
    obedient.answer = lambda _: answer(status=500)
    file = scenario_file()
    arguments = ("-f", LOCUSTFILE, "--host", obedient.host, "--headless", "--loglevel", "ERROR")
    suite = start("locust", *arguments, "--scenario", file).wait()
    assert suite.code == 1
    assert "objective missed: error rate was 100 %" in suite.stderr


@EXTENDED
def test_any_locust_client_is_recorded(start: Start, obedient: Any, tmp_path: Path) -> None:
    """Whoever extends the suite writes users as Locust's documentation says."""
    extension = tmp_path / "extension.py"
    extension.write_text(
        "from locust import HttpUser, constant_pacing, task\n"
        "from loadtests.locustfile import *\n"
        "class Visitor(HttpUser):\n"
        "    wait_time = constant_pacing(0.5)\n"
        "    @task\n"
        "    def visit(self):\n"
        "        self.client.post('/visit', json={}, name='visit')\n"
    )
    arguments = ("-f", str(extension), "--host", obedient.host, "--headless", "-u", "1", "-t", "3s")
    suite = start("locust", *arguments, "Visitor").wait()
    assert_judged(suite)
    samples = read_run(suite.folder).samples
    assert set(samples.endpoint.decode().tolist()) == {"visit"}
    assert len(samples) == len(obedient.bodies) > 1


HEADER = "Bearer s3cr3t"


@pytest.fixture(scope="module")
def once(
    start_once: Start,
    scenario_once: ScenarioFile,
    obedient_once: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Any, Path]:
    """A run of two processes with an extra header, and the file that exists if a process imports pandas."""
    folder = tmp_path_factory.mktemp("trap")
    imported = folder / "imported"
    (folder / "pandas.py").write_text(f"open({str(imported)!r}, 'a').write('x')\nraise ImportError\n")
    suite = start_once(
        *("loadtests", "--scenario", scenario_once(load="{users: [{constant: 3, for: 3s}]}")),
        *("--host", obedient_once.host, "--processes", "2"),
        environment={"LOADTEST_HEADERS": f"Authorization: {HEADER}", "PYTHONPATH": str(folder)},
    ).wait()
    assert suite.code == 0, suite.said
    return suite, imported


def test_headers_from_the_environment_reach_the_service_and_nothing_else(
    once: tuple[Any, Path], obedient_once: Any
) -> None:
    suite, _ = once
    assert {headers.get("authorization") for headers in obedient_once.headers} == {HEADER}
    kept = [path for path in suite.folder.rglob("*") if path.is_file()]
    assert not [path.name for path in kept if HEADER.encode() in path.read_bytes()]
    assert HEADER not in suite.said


def test_a_user_keeps_one_connection(once: tuple[Any, Path], obedient_once: Any) -> None:
    assert len(read_run(once[0].folder).samples) == len(obedient_once.bodies) > 3
    assert len(obedient_once.connections) == 3


def test_a_run_can_be_judged_anew_from_its_folder(
    once: tuple[Any, Path], run_reports: Callable[..., str]
) -> None:
    """On another day, without the service: the same verdict from what was recorded."""
    suite, _ = once
    before = suite.verdict
    (suite.folder / "verdict.json").unlink()
    assert before["sentence"] in " ".join(run_reports("show", str(suite.out / "latest")).split())
    run_reports("write", str(suite.folder))
    assert json.loads((suite.folder / "verdict.json").read_text()) == before


def test_no_process_of_a_run_pays_for_pandas(once: tuple[Any, Path]) -> None:
    """Neither generator, worker nor judge: it takes a quarter of a second and 40 MB of each."""
    _, imported = once
    assert not imported.exists()
