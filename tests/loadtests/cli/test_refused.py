"""Input that is refused before a process is started: one message, exit code 2, no file."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from loadtests.__main__ import main

AIMED = ("--host", "http://127.0.0.1:8000")
Refused: TypeAlias = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Call with the typed words: returns the message. The test fails if a process is started."""

    def start(*_: Any, **__: Any) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "Popen", start)

    def typed(*words: str) -> str:
        out = tmp_path / "results"
        try:
            code = main([*words, "--out", str(out)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert (code, said.out) == (2, "")
        assert not out.exists()
        return said.err

    return typed


def scenario(folder: Path, load: str = "{users: [{constant: 2, for: 3s}]}", more: str = "") -> str:
    file = folder / "mine.yaml"
    file.write_text(f"description: x\nload: {load}\nobjectives: [p99 latency <= 5 s]\n{more}\n")
    return str(file)


def test_a_broken_file_is_told_with_all_its_problems(refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "description: x\nload: {users: [{constant: 2, for: 3}]}\nobjectives: [p99 latency <= 5]\n"
    )
    said = refused("--scenario", str(file))
    for part in ("mine.yaml has 2 problems:", "load.users[0].for", "objectives[0]"):
        assert part in said


def test_a_payload_file_is_read_by_the_check_too(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "bodies.jsonl").write_text('{"a": 1}\n{"a": 1,}\n')
    endpoint = "{name: score, path: /score, payload: {file: bodies.jsonl}}"
    file = scenario(tmp_path, more=f"traffic: {{endpoints: [{endpoint}]}}")
    sentence = "bodies.jsonl, line 2: no JSON value: "
    for words in (("--check", file), ("--scenario", file, *AIMED)):
        assert sentence in refused(*words)


@pytest.mark.parametrize(
    ("words", "scenario_of_environment", "sentence"),
    [
        (("--host", ""), None, "--host is empty: give the URL of the service, such as http://127.0.0.1:8000"),
        ((), "", "SCENARIO is empty in the environment: name one that --list prints, or"),
    ],
    ids=["host", "scenario"],
)
def test_an_empty_value_is_told(
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    scenario_of_environment: str | None,
    sentence: str,
) -> None:
    """An unset shell variable must not aim a load test at another service than intended."""
    if scenario_of_environment is not None:
        monkeypatch.setenv("SCENARIO", scenario_of_environment)
    said = refused(*words)
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_a_service_of_ones_own_needs_a_host(refused: Refused, tmp_path: Path) -> None:
    file = scenario(tmp_path, more="traffic: {endpoints: [{name: score, path: /score}]}")
    sentence = "the endpoints of 'mine' are not those of the suite's own service; aim at yours: --host URL"
    assert sentence in refused("--scenario", file)


def test_manual_without_a_load_is_told_how_to_give_one(refused: Refused) -> None:
    said = refused("--scenario", "manual", *AIMED)
    assert "say how many users for how long, such as -u 10 -t 30s" in said


def test_a_taken_port_of_the_web_ui_is_told(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        said = refused("--web", "--web-port", port, *AIMED)
    assert f"port {port} is taken on 127.0.0.1" in said
    assert "--web-port PORT" in said


def test_an_address_of_another_machine_is_told(refused: Refused) -> None:
    said = refused("--web", "--web-host", "192.0.2.1", "--web-without-login", *AIMED)
    assert "can't listen on port 8089 of 192.0.2.1: give an address of this machine" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--web-port", "99999"), "argument --web-port: 99999 is no port; give a number from 1 to 65535"),
        (("--master-port", "99999"), "argument --master-port: 99999 is no port"),
        (("--master-host", "a..b"), "argument --master-host: 'a..b' is no host; give a name or an IP"),
        (("--slow", "500", *AIMED), "argument --slow: '500' is no latency; give a duration with its unit"),
        (
            ("--slow", "0ms", *AIMED),
            "'0ms' is no latency; give a duration with its unit, such as 500ms or 2s",
        ),
        (("--time-scale", "0", *AIMED), "argument --time-scale: 0 is impossible; give a number from"),
        (("--time-scale", "1e300", *AIMED), "1e300 is impossible; give a number from 0.0001 to 1,000"),
        (
            ("--processes", "100000", *AIMED),
            "argument --processes: 100000 is impossible; give a whole number from 1 to 1,000",
        ),
        (
            ("--master", "--expect-workers", "9" * 5_000, *AIMED),
            "is impossible; give a whole number from 1 to 10,000",
        ),
        (("-u", "1000000000", *AIMED), "1000000000 is impossible; give a whole number from 1 to 1,000,000"),
        (("-u", "5", "-r", "1e-300", *AIMED), "1e-300 is impossible; give a number from 0.0001 to 1,000,000"),
    ],
)
def test_what_cannot_be_is_told(refused: Refused, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused(*words)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "load.example"])
def test_a_web_ui_for_everybody_has_to_be_meant(refused: Refused, host: str) -> None:
    said = refused("--web", "--web-host", host, *AIMED)
    assert f"the web UI would listen on {host}, where anybody who reaches it could start load" in said
    assert "--web-without-login" in said


@pytest.mark.parametrize("time", ["99999999999h", "1e400s", "8785h", "9" * 400, "0", "0s", "-5s", "soon"])
def test_an_impossible_run_time(time: str, refused: Refused) -> None:
    said = refused("--scenario", "steady", *AIMED, f"--run-time={time}")
    assert said.startswith("-t/--run-time ")
    assert "such as 30s or 5m" in said
    assert said.count("\n") == 1


def test_a_parent_that_is_no_process(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADTEST_PARENT", "make")
    assert (
        refused("--scenario", "steady", *AIMED)
        == "LOADTEST_PARENT is 'make', which is no process id: unset it\n"
    )
