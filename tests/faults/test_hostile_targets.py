"""Targets that answer as no service should: each reply is what it is, and each request is recorded once.

Each behaviour of hostile.py is an endpoint with an objective of its own. One run has the replies that are
unusual and right, one those that are wrong, one those that never end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
Fault = tuple[str, str]
"""What the target does, and what is recorded of it."""

RIGHT: dict[str, Fault] = {
    "byte-by-byte": ("the reply comes byte by byte", "`ok`: the reply is put together"),
    "interim": ("100 and 103 before the reply", "`ok`: interim replies are passed over"),
    "100-kb-of-headers": ("100 KB of headers", "`ok`"),
    "no-length": ("a reply without length, ended by its connection", "`ok`"),
    "http-1.0": ("HTTP/1.0", "`ok`"),
    "chunks": ("chunks of a byte, with extensions and a trailer", "`ok`"),
    "answers-twice": (
        "each reply is sent twice",
        "`ok`: the second one is dropped with its connection, and taken for no other request's",
    ),
}
REUSED: Fault = (
    "connections are reset when they are used again",
    "`ok`: sent again over a new connection, counted and told",
)
WRONG: dict[str, tuple[str, str, str]] = {
    "resets": ("reset", "the connection is reset", "`reset`, sent once more where it was a kept one"),
    "closes": ("reset", "the connection is closed without a reply", "`reset`"),
    "half-closes": ("reset", "the stream ends within the reply, the connection stays open", "`reset`"),
    "length-too-long": ("reset", "Content-Length is more than the body", "`reset`"),
    "cut-chunks": ("reset", "the last chunk is missing", "`reset`"),
    "length-too-short": ("invalid_reply", "Content-Length is less than the body", "`invalid_reply`"),
    "length-negative": ("invalid_reply", "Content-Length is negative", "`invalid_reply`"),
    "two-lengths": ("invalid_reply", "Content-Length twice, with two values", "`invalid_reply`"),
    "length-and-chunks": ("invalid_reply", "Content-Length and chunks", "`invalid_reply`"),
    "bad-chunks": ("invalid_reply", "a chunk whose size is no number", "`invalid_reply`"),
    "garbage": ("invalid_reply", "256 bytes that are no HTTP", "`invalid_reply`"),
    "another-protocol": ("invalid_reply", "the greeting of an SSH server", "`invalid_reply`"),
    "empty": ("invalid_reply", "200 with an empty body", "`invalid_reply`"),
    "redirects": ("invalid_reply", "a redirect", "`invalid_reply`; it is not followed"),
    "gzip": ("invalid_reply", "a compressed body that nobody asked for", "`invalid_reply`"),
    "switches-protocols": ("invalid_reply", "101 Switching Protocols", "`invalid_reply`"),
}
"""The outcome, what the target does, what is recorded."""
SILENT: dict[str, Fault] = {
    "never-answers": ("no reply ever", "`timeout` after the scenario's timeout"),
    "trickles": ("a byte every 0.1 s, without end", "`timeout`: it bounds the whole request"),
    "never-ends": ("chunk after chunk, without end", "`timeout`: it bounds the whole request"),
}
FLOOD: Fault = (
    "a body of a terabyte, as fast as it is read",
    "`invalid_reply` after 256 MiB; the connection is closed",
)
CLOSED = "{users: [{constant: 4, for: 3s}]}"
EAGER = "user: eager, timeout: 5m"


@dataclass
class HostileRun:
    """A load test of several behaviours, and how many requests for each the target read."""

    load_test: Any
    seen: dict[str, int]

    def outcomes(self, behaviour: str) -> list[str]:
        return [row["outcome"] for row in self.load_test.rows if row["endpoint"] == behaviour]

    def is_met(self, behaviour: str) -> bool:
        """Whether the objective about this endpoint was met."""
        told = self.load_test.verdict["objectives"]
        (outcome,) = (each["outcome"] for each in told if each["text"].endswith(f" on {behaviour}"))
        return outcome == "met"

    @property
    def resent(self) -> int:
        values = [each["value"] for each in self.load_test.telemetry if each["name"] == "resent"]
        return int(max(values, default=0))


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """The host of a target (see hostile.py)."""
    command = [sys.executable, str(Path(__file__).with_name("hostile.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.fixture(scope="module")
def run_against(load_test_once: Start, target: str) -> Callable[..., HostileRun]:
    """Call with behaviours, a load, keys of `traffic` and a limit: a finished run."""

    def run(behaviours: list[str], load: str, traffic: str, limit: str = "0 %") -> HostileRun:
        endpoints = ", ".join(
            f"{{name: {each}, path: /{each}, payload: {{fields: {{id: {{sequence: 1}}}}}}, "
            "reply: {fields: {id: {equals: '{id}'}}}}"
            for each in behaviours
        )
        asked = ", ".join(f"error rate <= {limit} on {each}" for each in behaviours)
        ended = load_test_once(
            target,
            load,
            f"[{asked}, max latency <= 300 s]",
            f"abort: never\ntraffic: {{{traffic}, endpoints: [{endpoints}]}}",
        ).ended()
        with urllib.request.urlopen(f"{target}/seen") as reply:
            return HostileRun(ended, json.load(reply))

    return run


@pytest.fixture(scope="module")
def right(run_against: Callable[..., HostileRun]) -> HostileRun:
    return run_against(list(RIGHT), CLOSED, EAGER)


@pytest.fixture(scope="module")
def wrong(run_against: Callable[..., HostileRun]) -> HostileRun:
    return run_against(["right", *WRONG], CLOSED, EAGER)


@pytest.fixture(scope="module")
def silent(run_against: Callable[..., HostileRun]) -> HostileRun:
    return run_against(list(SILENT), "{rate: [{constant: 30/s, for: 2s}]}", "timeout: 0.5s")


@pytest.mark.parametrize("behaviour", RIGHT)
def test_an_unusual_reply_is_a_reply(right: HostileRun, ledger: Ledger, behaviour: str) -> None:
    outcomes = right.outcomes(behaviour)
    assert set(outcomes) == {"ok"}, right.load_test.said
    assert right.load_test.code == 0, right.load_test.said
    state(ledger, right, behaviour, *RIGHT[behaviour])


@pytest.mark.parametrize("behaviour", WRONG)
def test_a_wrong_reply_is_a_failure(wrong: HostileRun, ledger: Ledger, behaviour: str) -> None:
    """And leaves the requests between them as they are: those to `right` succeed."""
    outcome, does, recorded = WRONG[behaviour]
    assert set(wrong.outcomes(behaviour)) == {outcome}, wrong.load_test.said
    assert set(wrong.outcomes("right")) == {"ok"}
    assert not wrong.is_met(behaviour)
    state(ledger, wrong, behaviour, does, recorded, resent=wrong.resent if behaviour == "resets" else 0)


@pytest.mark.parametrize("behaviour", SILENT)
def test_a_reply_without_end_is_a_timeout(silent: HostileRun, ledger: Ledger, behaviour: str) -> None:
    assert set(silent.outcomes(behaviour)) == {"timeout"}, silent.load_test.said
    assert not silent.is_met(behaviour)
    state(ledger, silent, behaviour, *SILENT[behaviour])


def test_a_connection_that_is_reset_when_it_is_used_again_costs_no_request(
    run_against: Callable[..., HostileRun], ledger: Ledger
) -> None:
    """On a busy machine a few resets arrive later than at once, and are failures."""
    run = run_against(["resets-reused"], CLOSED, EAGER, limit="20 %")
    outcomes = run.outcomes("resets-reused")
    assert set(outcomes) <= {"ok", "reset"}
    assert run.load_test.code == 0, run.load_test.said
    assert "sent again" in run.load_test.verdict["sentence"]
    state(ledger, run, "resets-reused", *REUSED, resent=run.resent)


def test_a_body_without_end_does_not_fill_the_memory(
    run_against: Callable[..., HostileRun], ledger: Ledger
) -> None:
    """And what was wrong with it is told."""
    run = run_against(["floods"], "{users: [{constant: 1, for: 1s}]}", "user: eager, timeout: 3m")
    assert set(run.outcomes("floods")) == {"invalid_reply"}, run.load_test.said
    kept = json.loads((run.load_test.folder / "failures.json").read_text())["requests"]
    assert "got a reply of more than 256 MiB" in kept[0]["explanation"]
    held = [each["value"] for each in run.load_test.telemetry if each["name"] == "memory_mib"]
    assert max(held) < 1200
    state(ledger, run, "floods", *FLOOD)


def state(ledger: Ledger, run: HostileRun, behaviour: str, does: str, recorded: str, resent: int = 0) -> None:
    """State the row of a behaviour, each request of which the target saw once, or once more if `resent`.

    One that timed out on a busy machine may not have been seen.
    """
    outcomes, seen = run.outcomes(behaviour), run.seen[behaviour]
    assert len(outcomes) - outcomes.count("timeout") <= seen <= len(outcomes) + resent
    ledger.generator(
        fault=does,
        recorded=recorded,
        verdict=run.load_test.verdict["verdict"],
        exit_code=run.load_test.code,
        sent=len(outcomes),
        seen=seen,
        in_flight=resent,
    )
