"""Replies that look well and are wrong, one in 500: each is found, and none where the service is right."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
USERS = 4
PATIENT = "[max latency <= 300 s, error rate <= 0 %]"
TRAFFIC = Path(__file__).with_name("answering.yaml").read_text()
FOUND = {
    "nan": "invalid_reply",
    "dropped": "invalid_reply",
    "label": "invalid_reply",
    "range": "invalid_reply",
    "truncated": "invalid_reply",
    "html": "invalid_reply",
    "schema": "invalid_reply",
    "parts": "invalid_reply",
    "missing": "invalid_reply",
    "echo": "wrong_answer",
    "swapped": "wrong_answer",
    "refusal": "wrong_answer",
}
"""What each wrong reply is found to be."""
WRONG = {
    "nan": "NaN",
    "dropped": "a field is missing",
    "label": "a label that there is not",
    "range": "a score out of its range",
    "truncated": "JSON cut off",
    "html": "a page of HTML with status 200",
    "schema": "a number as text",
    "parts": "null among numbers",
    "missing": "a row of a batch is missing",
    "echo": "the reply to another record",
    "swapped": "two rows of a batch are swapped",
    "refusal": "an invalid record is answered",
}
"""And what is wrong with it."""


@pytest.fixture
def answering() -> Iterator[Start]:
    """Call with 'clean' or nothing: a service (see answering.py), and its host."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> str:
        command = [sys.executable, str(Path(__file__).with_name("answering.py")), *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        return f"http://127.0.0.1:{int(started[-1].stdout.readline())}"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def count_failures(rows: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Failed requests by endpoint and outcome."""
    return Counter((row["endpoint"], row["outcome"]) for row in rows if row["outcome"] != "ok")


def test_one_wrong_reply_in_500_is_found_and_named(
    load_test: Start, answering: Start, ledger: Ledger
) -> None:
    """As many as the service gave, but for those that were under way when the load ended."""
    host = answering()
    run = load_test(host, f"{{users: [{{constant: {USERS}, for: 10s}}]}}", PATIENT, TRAFFIC).ended()
    assert run.code == 1, run.said
    with urllib.request.urlopen(f"{host}/wrong") as reply:
        gave = json.load(reply)
    found = count_failures(run.rows)
    assert dict(found.keys()) == FOUND, run.said
    for (endpoint, _), count in found.items():
        assert max(1, gave[endpoint] - USERS) <= count <= gave[endpoint], endpoint
    assert set(gave) == {*FOUND, "right"}
    for endpoint, outcome in FOUND.items():
        ledger.add_run(run, fault=f"one reply in 500 is wrong: {WRONG[endpoint]}", recorded=f"`{outcome}`")


def test_a_service_that_answers_rightly_passes_and_a_sampled_schema_is_told(
    load_test: Start, answering: Start
) -> None:
    """One reply in ten seconds of each endpoint is held to the schema."""
    rarely = TRAFFIC.replace("schema_rate: 1000000/s", "schema_rate: 0.1/s")
    assert rarely != TRAFFIC
    load = f"{{users: [{{constant: {USERS}, for: 2s}}]}}"
    run = load_test(answering("clean"), load, PATIENT, rarely).ended()
    assert run.code == 0, run.said
    assert count_failures(run.rows) == {}
    assert "replies were held to their schema" in run.verdict["sentence"]
    assert "Held to their schema" in (run.folder / "report.html").read_text()
