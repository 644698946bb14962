"""Bad input gets a sentence, the right exit code, no traceback, and leaves nothing half-written."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real
EXTENDED = pytest.mark.extended

LOCUSTFILE = "loadtests/locustfile.py"
Start = Callable[..., Any]


def assert_refused(suite: Any, *sentences: str) -> None:
    assert suite.code == 2, suite.said
    for sentence in sentences:
        assert sentence in suite.stderr
    assert "Traceback" not in suite.said
    assert not (suite.out / "latest").exists()


@pytest.mark.parametrize("module", ["loadtests", pytest.param("locust", marks=EXTENDED)])
def test_an_unknown_scenario_is_told_with_the_nearest(start: Start, obedient: Any, module: str) -> None:
    more = [] if module == "loadtests" else ["-f", LOCUSTFILE, "--headless"]
    suite = start(module, *more, "--scenario", "stagged", "--host", obedient.host).wait()
    assert_refused(suite, "there is no scenario 'stagged'", "smoke, soak", "did you mean 'staged'?")


@EXTENDED
def test_users_beside_a_scenario_of_arrivals_are_refused_with_the_reason(start: Start, obedient: Any) -> None:
    arguments = ("-f", LOCUSTFILE, "--headless", "--host", obedient.host, "-u", "5")
    suite = start("locust", *arguments, "--scenario", "open").wait()
    assert_refused(suite, "-u/--users: the scenario 'open' follows the open model: requests arrive at a rate")


def test_a_host_that_does_not_answer_is_told_within_ten_seconds(start: Start) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: refuses, and nobody else can take the port
        host = f"http://127.0.0.1:{held.getsockname()[1]}"
        suite = start("loadtests", "--scenario", "smoke", "--host", host).wait()
    assert_refused(suite, f"{host} does not answer: connection refused (9 s waited)")


@EXTENDED
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--headless",), "no host to test; give one: --host http://127.0.0.1:8000"),
        (("--headless", "--host", "localhost:8000"), "the host 'localhost:8000' is no URL"),
    ],
)
def test_a_host_that_is_none_is_told(start: Start, arguments: tuple[str, ...], sentence: str) -> None:
    assert_refused(start("locust", "-f", LOCUSTFILE, *arguments).wait(), sentence)


@EXTENDED
def test_a_folder_that_can_not_be_written_is_told(start: Start, obedient: Any, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    suite = start("loadtests", "--scenario", "smoke", "--host", obedient.host).wait()
    assert_refused(suite, f"runs can't be kept in {tmp_path / 'results'}: ", "Name another folder")


@EXTENDED
def test_a_disk_without_room_is_told(start: Start, obedient: Any) -> None:
    """A limit on the size of files stands in for a full disk: the same error comes from the same call."""
    suite = start("loadtests", "--scenario", "smoke", "--host", obedient.host, file_limit=65_536).wait()
    assert_refused(suite, "runs can't be kept in", "Name another folder")


@EXTENDED
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


@EXTENDED
def test_a_payload_file_is_read_before_anything_is_sent(start: Start, obedient: Any, tmp_path: Path) -> None:
    (tmp_path / "bodies.jsonl").write_text('{"a": 1}\n{"a": 1,}\n')
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3s}]}\nobjectives: [p99 latency <= 5 s]\n"
        "traffic: {endpoints: [{name: score, path: /score, payload: {file: bodies.jsonl}}]}\n"
    )
    sentence = "bodies.jsonl, line 2: no JSON value: Expecting property name enclosed in double quotes"
    assert_refused(start("loadtests", "--scenario", str(file), "--host", obedient.host).wait(), sentence)
    plain = ("-f", LOCUSTFILE, "--headless", "--host", obedient.host, "--scenario", str(file))
    assert_refused(start("locust", *plain).wait(), sentence)
    assert obedient.bodies == []


@EXTENDED
def test_a_service_that_does_not_start_is_told_in_its_own_words(start: Start, tmp_path: Path) -> None:
    configuration = tmp_path / "service.yaml"
    configuration.write_text(
        "models: [{class_path: service.model.insurance.InsuranceChargesModel, create_endpoint: true, "
        f"configuration: {{model_path: {tmp_path / 'none.skops'}}}}}]\n"
    )
    suite = start("loadtests", "--scenario", "smoke", environment={"REST_CONFIG": str(configuration)}).wait()
    assert_refused(suite, "the service ended while starting:", "make train")
