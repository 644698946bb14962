"""A planted secret reaches the service and nothing else; one that expires makes the run invalid."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from reports.data.folder import read_run

pytestmark = [pytest.mark.real, pytest.mark.extended]

PLANTED = "pl4nted-s3cret"


def list_commands() -> str:
    """The arguments of all processes that can be seen."""
    return "\n".join(" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))


def test_a_secret_is_sent_and_kept_nowhere(
    start: Callable[..., Any], obedient: Any, scenario_file: Callable[..., str], tmp_path: Path
) -> None:
    """From two generator processes; also from a command that is asked again meanwhile."""
    token = tmp_path / "token"
    token.write_text(PLANTED)
    program = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", str(token)]
    file = scenario_file(
        load="{users: [{constant: 4, for: 5s}]}",
        more=f"traffic: {{headers: {{X-Team: blue}}, credentials: {{command: {program!r}, renew: 1s}}}}",
    )
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, "--processes", "2")
    suite.until_requests(obedient, 4)
    assert PLANTED not in list_commands()
    token.write_text(f"{PLANTED}-renewed")
    suite.wait()
    assert suite.code == 0, suite.said
    sent = [headers["authorization"] for headers in obedient.headers]
    assert sent[0] == f"Bearer {PLANTED}"
    assert sent[-1] == f"Bearer {PLANTED}-renewed"
    assert {headers["x-team"] for headers in obedient.headers} == {"blue"}
    assert PLANTED not in suite.said
    kept = [path for path in suite.out.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert [path for path in kept if PLANTED.encode() in path.read_bytes()] == []


def test_a_credential_that_expires_makes_the_run_invalid_and_says_what_to_do(
    start: Callable[..., Any], obedient: Any, answer: Any, scenario_file: Callable[..., str]
) -> None:
    obedient.answer = lambda number: answer() if number <= 3 else answer(status=401, body=b"{}")
    file = scenario_file(more="traffic: {credentials: {environment: VARIABLE}}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host, environment={"VARIABLE": PLANTED})
    suite.wait()
    assert suite.code == 3, suite.said
    outcomes = set(read_run(suite.folder).samples.outcome.decode().tolist())
    assert outcomes == {"ok", "expired_credential"}
    assert "let it be renewed before it expires" in suite.verdict["reasons"][0]


def test_without_the_secret_nothing_is_run(
    start: Callable[..., Any], obedient: Any, scenario_file: Callable[..., str]
) -> None:
    file = scenario_file(more="traffic: {credentials: {environment: NEVER_SET}}")
    suite = start("loadtests", "--scenario", file, "--host", obedient.host).wait()
    assert suite.code == 2
    assert "the environment variable NEVER_SET is not set" in suite.stderr
    assert obedient.bodies == []
