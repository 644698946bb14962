"""Answers that go wrong under load only: each is found and named, and a good service is never accused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
SERVICE = Path(__file__).with_name("unsteady.py")
LENIENT = "[wrong answers <= 0 %, offered load >= 1 %]"
"""What a busy machine does to latency and load decides nothing here."""
RECORD = "{fields: {a: {uniform: [0, 1]}, b: {uniform: [0, 1]}}%s}"


def traffic(parity: str, rows: str = "", seed: int = 1) -> str:
    """The sections of a scenario that sends records to the service."""
    return (
        f"traffic: {{endpoints: [{{name: predict, path: /predict, payload: {RECORD % rows}, "
        f"parity: {parity}}}]}}\nseeds: {{payloads: {seed}}}"
    )


@pytest.fixture
def answering() -> Iterator[Callable[[str], str]]:
    """Call with a mutation (see unsteady.py): the host of the service, listening."""
    started: list[subprocess.Popen[str]] = []

    def start(mutation: str) -> str:
        started.append(
            subprocess.Popen([sys.executable, str(SERVICE), mutation], stdout=subprocess.PIPE, text=True)
        )
        assert started[-1].stdout is not None
        return f"http://127.0.0.1:{int(started[-1].stdout.readline())}"

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("mutation", "pattern"),
    [
        ("swapped", "they are right answers to other requests, so replies are swapped or stale"),
        ("stale", "they are right answers to other requests, so replies are swapped or stale"),
        ("constant", "always the same answer, whatever was asked"),
        ("drifting", "nearly all answers from then on, so the service has changed while it ran"),
        ("wrong label", "another label or text"),
    ],
)
def test_answers_that_go_wrong_are_found_and_named(
    load_test: Start, answering: Start, mutation: str, pattern: str
) -> None:
    """One reply in 500, or all from some moment on; each alone is a valid reply."""
    run = load_test(
        answering(mutation), "{rate: [{constant: 300/s, for: 10s}]}", LENIENT, traffic("{share: 90 %}")
    ).ended()
    assert run.code == 1, run.said
    assert run.verdict["sentence"].startswith("Failed: wrong answers were ")
    assert pattern in run.verdict["answers"][0]
    assert "Wrong answers of predict, first after" in run.said
    assert {row["kind"] for row in run.rows if row["outcome"] == "wrong_answer"} == {"probe"}


def test_rows_that_change_places_within_a_batch_are_found(load_test: Start, answering: Start) -> None:
    run = load_test(
        answering("swapped rows"),
        "{rate: [{constant: 200/s, for: 12s}]}",
        LENIENT,
        traffic("{share: 90 %}", rows=", rows: 4"),
    ).ended()
    assert run.code == 1, run.said
    assert "[*].score was" in run.verdict["answers"][0]


def test_workers_compare_with_the_references_of_their_master(load_test: Start, answering: Start) -> None:
    run = load_test(
        answering("swapped"),
        "{rate: [{constant: 300/s, for: 10s}]}",
        LENIENT,
        traffic("{share: 90 %}"),
        options=("--processes", "2"),
    ).ended()
    assert run.code == 1, run.said
    assert "replies are swapped or stale" in run.verdict["answers"][0]
    assert {row["worker"] for row in run.rows if row["kind"] == "probe"} == {0, 1}


def test_a_good_service_is_never_accused(load_test: Start, answering: Start) -> None:
    """Twenty runs of a service with ids of its own and a score that differs a little each time."""
    host = answering("noisy")
    for seed in range(20):
        run = load_test(
            host, "{rate: [{constant: 200/s, for: 1s}]}", LENIENT, traffic("{share: 90 %}", seed=seed)
        ).ended()
        assert run.code == 0, run.said
        assert not [line for line in run.verdict["answers"] if not line.startswith("At rest, ")], run.said


def test_answers_that_can_not_be_compared_are_told_before_the_load(
    load_test: Start, answering: Start
) -> None:
    """In one sentence, with nothing run."""
    run = load_test(
        answering("clean"),
        "{rate: [{constant: 50/s, for: 2s}]}",
        LENIENT,
        traffic("{ignore: [score, label]}"),
    ).ended()
    assert run.code == 2, run.said
    assert (
        "the answers of the endpoint 'predict' can't be compared: nothing of the replies is left to compare: "
        "id differed at rest, so it is not compared"
    ) in run.said
    assert "Traceback" not in run.said
    assert not run.out.exists() or not list(run.out.iterdir())
