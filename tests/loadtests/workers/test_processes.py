"""Several processes give the same rows and the same verdict as one; a lost one is never passed over."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from reports.data.folder import read_run
from tests.ports import find_free_port

pytestmark = [pytest.mark.real, pytest.mark.extended]

LOCUSTFILE = "loadtests/locustfile.py"
Start = Callable[..., Any]
ScenarioFile = Callable[..., str]


def children(pid: int) -> list[int]:
    """Processes that a process started, as the kernel lists them."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def test_two_processes_record_every_request_once(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """Also those of the last moment, whose replies come after the load has stopped."""
    file = scenario_file(load="{users: [{constant: 8, for: 4s}]}", more="traffic: {user: stress}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2").wait()
    assert suite.code == 0, suite.said
    run = read_run(suite.folder)
    assert len(run.samples) == len(obedient.bodies) > 20
    assert set(run.samples.worker.tolist()) == {0, 1}
    assert run.samples.intended_s.min() >= 0, "the run starts for all at once"
    assert {"worker 1", "worker 2"} <= set(run.telemetry.source.names)
    payloads = [str(body) for body in obedient.bodies]
    assert len(set(payloads)) > 0.9 * len(payloads), "each worker has a stream of payloads of its own"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_loses_no_rows(
    start: Start, scenario_file: ScenarioFile, obedient: Any, answer: Any, number: signal.Signals
) -> None:
    """As a terminal's Ctrl-C, which reaches master and workers at once."""
    obedient.answer = lambda _: answer(delay_s=0.5)
    file = scenario_file(load="{users: [{constant: 8, for: 60s}]}", more="traffic: {user: stress}")
    port = str(find_free_port())
    suite = start(
        "locust",
        *("-f", LOCUSTFILE, "--headless", "--host", obedient.host, "--scenario", file),
        *("--processes", "2", "--master-bind-port", port, "--master-port", port),
        group=True,
    )
    suite.until_requests(obedient, 30)
    os.killpg(suite.process.pid, number)
    suite.wait()
    assert suite.code == 3, suite.said
    assert suite.facts["faults"] == []
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_loses_no_workers_rows(
    start: Start, scenario_file: ScenarioFile, obedient: Any, number: signal.Signals
) -> None:
    file = scenario_file(load="{users: [{constant: 8, for: 60s}]}", more="traffic: {user: stress}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2")
    suite.until_requests(obedient, 60)
    suite.process.send_signal(number)
    suite.wait()
    assert suite.code == 3, suite.said
    assert suite.facts["faults"] == []
    assert len(read_run(suite.folder).samples) == len(obedient.bodies)


def test_a_lost_worker_makes_the_run_invalid_and_is_named(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """What the others recorded, and what came of the lost one before, is kept."""
    file = scenario_file(load="{users: [{constant: 6, for: 9s}]}", more="traffic: {timeout: 2s}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2")
    suite.until_requests(obedient, 8)
    (locust,) = (pid for pid in children(suite.process.pid) if children(pid))
    os.kill(children(locust)[0], signal.SIGKILL)
    suite.wait()
    assert suite.code == 3, suite.said
    assert re.search(
        r"worker [12] of 2, 50 % of the load, was lost: \d+ of its requests are recorded", suite.said
    )
    assert len(read_run(suite.folder).samples) > 20


def test_locusts_own_master_and_workers_give_the_same_artefacts(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    port = str(find_free_port())
    worker = start("locust", "-f", LOCUSTFILE, "--worker", "--master-port", port)
    master = start(
        "locust",
        *("-f", LOCUSTFILE, "--headless", "--master", "--expect-workers", "1", "--master-bind-port", port),
        *("--host", obedient.host, "--scenario", scenario_file()),
    ).wait()
    worker.wait()
    assert master.code == 0, master.said
    assert len(read_run(master.folder).samples) == len(obedient.bodies) > 0
    assert (master.folder / "report.html").exists()


def test_master_and_workers_of_the_suites_own_command_end_with_the_verdict(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """The master waits for as many as it was told; the workers need no scenario and no host."""
    port = str(find_free_port())
    arguments = ("--master", "--expect-workers", "2", "--master-port", port)
    master = start("loadtests", *arguments, "--host", obedient.host, "--scenario", scenario_file())
    master.until_said(f"waiting for 2 workers on port {port}")
    workers = [start("loadtests", "--worker", "--master-port", port) for _ in range(2)]
    master.wait()
    assert master.code == 0, master.said
    assert [worker.wait().code for worker in workers] == [0, 0]
    assert master.stdout.endswith("verdict: pass (exit code 0)\n")
    assert "verdict" not in workers[0].said
    run = read_run(master.folder)
    assert len(run.samples) == len(obedient.bodies) > 0
    assert set(run.samples.worker.tolist()) == {0, 1}


def test_a_worker_that_joins_during_the_run_takes_its_share(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """It is given users as soon as it is connected, and told what they send once it listens."""
    file = scenario_file(load="{users: [{constant: 4, for: 5m}]}", more="traffic: {user: stress}")
    port = str(find_free_port())
    arguments = ("--headless", "--master", "--expect-workers", "1", "--master-bind-port", port)
    master = start(
        "locust", "-f", LOCUSTFILE, *arguments, "--host", obedient.host, "--scenario", file, "--calm"
    )
    worker = ("locust", "-f", LOCUSTFILE, "--worker", "--master-port", port)
    workers = [start(*worker)]
    master.until_requests(obedient, 20)
    workers.append(start(*worker))
    master.until(lambda: len(obedient.connections) > 4)
    master.until_requests(obedient, len(obedient.bodies) + 40)
    master.process.send_signal(signal.SIGTERM)
    master.wait()
    for each in workers:
        assert "Traceback" not in each.wait().said
    assert master.facts["faults"] == [], master.said
    run = read_run(master.folder)
    assert len(run.samples) == len(obedient.bodies)
    assert set(run.samples.worker.tolist()) == {0, 1}


def test_a_worker_that_joins_an_open_run_changes_no_arrival(
    start: Start, scenario_file: ScenarioFile, obedient: Any
) -> None:
    """The schedule was dealt before, and nobody begins it anew: each request is sent, and once."""
    file = scenario_file(load="{rate: [{constant: 20/s, for: 5m}], spacing: constant}")
    port = str(find_free_port())
    arguments = ("--master", "--master-port", port, "--host", obedient.host)
    master = start("loadtests", *arguments, "--scenario", file)
    worker = ("loadtests", "--worker", "--master-port", port)
    punctual = start(*worker)
    master.until_requests(obedient, 10)
    late = start("locust", "-f", LOCUSTFILE, "--worker", "--master-port", port)
    late.until_said("in this run it sends nothing")
    late.process.kill()  # nor is it missed
    master.until_requests(obedient, len(obedient.bodies) + 20)
    master.process.send_signal(signal.SIGTERM)
    master.wait()
    assert punctual.wait().code == 0
    assert master.facts["faults"] == [], master.said
    run = read_run(master.folder)
    times = run.samples.intended_s.tolist()
    assert len(times) == len(obedient.bodies)
    assert sorted(times) == pytest.approx([times[0] + number / 20 for number in range(len(times))])
    assert set(run.samples.worker.tolist()) == {0}


def test_the_web_ui_of_a_master_begins_no_run_before_its_workers_have_joined(
    start: Start, obedient: Any
) -> None:
    web_port, port = str(find_free_port()), str(find_free_port())
    suite = start(
        "locust",
        *("-f", LOCUSTFILE, "--web-port", web_port, "--host", obedient.host),
        *("--master", "--expect-workers", "2", "--master-bind-port", port),
    )
    answers: list[Any] = []

    def answered() -> bool:
        with suppress(urllib.error.URLError):
            url = f"http://127.0.0.1:{web_port}/swarm"
            answers.append(json.loads(urllib.request.urlopen(url, b"scenario=smoke").read()))
        return bool(answers)

    suite.until(answered)
    assert not answers[0]["success"]
    assert answers[0]["message"].startswith("0 of 2 workers have joined, and a run waits for all.")
    assert obedient.bodies == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--worker", "--web"), "leave out --master and --web"),
        (("--worker", "--master"), "leave out --master and --web"),
        (("--master", "--processes", "2"), "--processes starts a master and workers of its own"),
        (("--expect-workers", "2"), "--expect-workers is how many a master waits for: add --master"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    start: Start, arguments: tuple[str, ...], sentence: str
) -> None:
    suite = start("loadtests", *arguments).wait()
    assert suite.code == 2
    assert sentence in suite.stderr


def test_a_taken_port_for_workers_is_told(start: Start, obedient: Any) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        suite = start("loadtests", "--master", "--master-port", str(port), "--host", obedient.host).wait()
    assert suite.code == 2
    assert f"port {port}, where workers would join, is taken" in suite.stderr
