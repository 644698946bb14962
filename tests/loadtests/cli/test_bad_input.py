"""Bad input gets a sentence, the right exit code, no traceback, and leaves nothing half-written."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

LOCUSTFILE = "loadtests/locustfile.py"
Start = Callable[..., Any]


def assert_refused(suite: Any, *sentences: str) -> None:
    assert suite.code == 2, suite.said
    for sentence in sentences:
        assert sentence in suite.stderr
    assert "Traceback" not in suite.said
    assert not (suite.out / "latest").exists()


@pytest.mark.parametrize("module", ["loadtests", "locust"])
def test_an_unknown_scenario_is_told_with_the_nearest(start: Start, obedient: Any, module: str) -> None:
    more = [] if module == "loadtests" else ["-f", LOCUSTFILE, "--headless"]
    suite = start(module, *more, "--scenario", "stagged", "--host", obedient.host).wait()
    assert_refused(suite, "there is no scenario 'stagged'", "smoke, soak", "did you mean 'staged'?")


def test_a_broken_file_is_told_with_all_its_problems(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3}]}\nobjectives: [p99 latency <= 5]\n"
    )
    suite = start("loadtests", "--scenario", str(file)).wait()
    assert_refused(suite, "mine.yaml has 2 problems:", "load.users[0].for", "objectives[0]")


def test_users_beside_a_scenario_are_refused_with_the_reason(start: Start, obedient: Any) -> None:
    arguments = ("-f", LOCUSTFILE, "--headless", "--host", obedient.host, "-u", "5")
    suite = start("locust", *arguments, "--scenario", "smoke").wait()
    assert_refused(suite, "-u/--users: the scenario 'smoke' says itself how many users come when.")


def test_a_host_that_does_not_answer_is_told_within_ten_seconds(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    suite = start("loadtests", "--scenario", "smoke", "--host", f"http://127.0.0.1:{port}").wait(30)
    assert time.monotonic() - began < 15, "ten seconds, and the time a busy machine takes to start Python"
    assert_refused(suite, f"http://127.0.0.1:{port} does not answer: connection refused")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--headless",), "no host to test; give one: --host http://127.0.0.1:8000"),
        (("--headless", "--host", "localhost:8000"), "the host 'localhost:8000' is no URL"),
    ],
)
def test_a_host_that_is_none_is_told(start: Start, arguments: tuple[str, ...], sentence: str) -> None:
    assert_refused(start("locust", "-f", LOCUSTFILE, *arguments).wait(), sentence)


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("--host", ""), {}, "--host is empty: give the URL of the service, such as http://127.0.0.1:8000"),
        ((), {"SCENARIO": ""}, "SCENARIO is empty in the environment: name one that --list prints, or"),
    ],
    ids=["host", "scenario"],
)
def test_an_empty_value_is_told_before_anything_is_started(
    start: Start, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    """An unset variable of a shell must not aim a load test elsewhere than was meant."""
    suite = start("loadtests", *arguments, environment=environment).wait()
    assert_refused(suite, sentence)
    assert suite.said.count("\n") == 1, "a service that is started is told of"


def test_a_folder_that_can_not_be_written_is_told(start: Start, obedient: Any, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    suite = start("loadtests", "--scenario", "smoke", "--host", obedient.host).wait()
    assert_refused(suite, f"runs can't be kept in {tmp_path / 'results'}: ", "Name another folder")


def test_a_disk_without_room_is_told(start: Start, obedient: Any) -> None:
    """A limit on the size of files stands in for a full disk: the same error comes from the same call."""
    suite = start("loadtests", "--scenario", "smoke", "--host", obedient.host, file_limit=65_536).wait()
    assert_refused(suite, "runs can't be kept in", "Name another folder")


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [("Authorization", "LOADTEST_HEADERS: a line is no 'Name: value' header")],
)
def test_bad_headers_are_told_without_showing_them(
    start: Start, obedient: Any, headers: str, sentence: str
) -> None:
    suite = start(
        "loadtests",
        *("--scenario", "smoke", "--host", obedient.host),
        environment={"LOADTEST_HEADERS": headers},
    ).wait()
    assert_refused(suite, sentence)
    assert "Authorization" not in suite.said


def test_a_payload_file_is_read_before_anything_is_sent(start: Start, obedient: Any, tmp_path: Path) -> None:
    (tmp_path / "bodies.jsonl").write_text('{"a": 1}\n{"a": 1,}\n')
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3s}]}\nobjectives: [p99 latency <= 5 s]\n"
        "traffic: {endpoints: [{name: score, path: /score, payload: {file: bodies.jsonl}}]}\n"
    )
    sentence = "bodies.jsonl, line 2: no JSON value: Expecting property name enclosed in double quotes"
    assert_refused(start("loadtests", "--check", str(file)).wait(), sentence)
    assert_refused(start("loadtests", "--scenario", str(file), "--host", obedient.host).wait(), sentence)
    plain = ("-f", LOCUSTFILE, "--headless", "--host", obedient.host, "--scenario", str(file))
    assert_refused(start("locust", *plain).wait(), sentence)
    assert obedient.bodies == []


def test_a_service_of_ones_own_needs_a_host(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3s}]}\nobjectives: [p99 latency <= 5 s]\n"
        "traffic: {endpoints: [{name: score, path: /score}]}\n"
    )
    assert_refused(
        start("loadtests", "--scenario", str(file)).wait(),
        "the endpoints of 'mine' are not those of the suite's own service; aim at yours: --host URL",
    )


def test_manual_without_a_load_is_told_how_to_give_one(start: Start, obedient: Any) -> None:
    suite = start("loadtests", "--scenario", "manual", "--host", obedient.host).wait()
    assert_refused(suite, "say how many users for how long, such as -u 10 -t 30s")


def test_a_taken_port_of_the_web_ui_is_told(start: Start, obedient: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        suite = start("loadtests", "--web", "--web-port", port, "--host", obedient.host).wait()
    assert_refused(suite, f"port {port} is taken on 127.0.0.1", "--web-port PORT")


def test_an_address_of_another_machine_is_told(start: Start, obedient: Any) -> None:
    suite = start("loadtests", "--web", "--web-host", "192.0.2.1", "--host", obedient.host).wait()
    assert_refused(suite, "can't listen on port 8089 of 192.0.2.1: give an address of this machine")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--web-port", "99999"), "argument --web-port: 99999 is no port; give a number from 1 to 65535"),
        (("--master-port", "99999"), "argument --master-port: 99999 is no port"),
        (("--master-host", "a..b"), "argument --master-host: 'a..b' is no host; give a name or an IP"),
    ],
)
def test_places_that_cannot_be_are_told(start: Start, arguments: tuple[str, ...], sentence: str) -> None:
    assert_refused(start("loadtests", *arguments).wait(), sentence)


def test_an_impossible_time_scale_is_told(start: Start, obedient: Any) -> None:
    suite = start("loadtests", "--time-scale", "0", "--host", obedient.host).wait()
    assert_refused(suite, "argument --time-scale: 0 is impossible; give a number above 0")


def test_a_service_that_does_not_start_is_told_in_its_own_words(start: Start, tmp_path: Path) -> None:
    configuration = tmp_path / "service.yaml"
    configuration.write_text(
        "models: [{class_path: service.model.insurance.InsuranceChargesModel, create_endpoint: true, "
        f"configuration: {{model_path: {tmp_path / 'none.skops'}}}}}]\n"
    )
    suite = start("loadtests", "--scenario", "smoke", environment={"REST_CONFIG": str(configuration)}).wait()
    assert_refused(suite, "the service ended while starting:", "make train")
