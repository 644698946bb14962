"""Services that are not there, or go: no request is lost, and what could not be sent is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger
from tests.ports import find_free_port

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
EAGER = "traffic: {user: eager}\nabort: never"
CLOSED = "{users: [{constant: 4, for: 2s}]}"
LENIENT = "[error rate <= 1 %, max latency <= 300 s]"


@pytest.mark.parametrize(
    ("host", "fault", "told"),
    [
        ("http://nowhere.invalid:8000", "the service's name does not resolve", "name or service not known"),
        ("http://127.0.0.1:{port}", "nobody listens on the service's port", "connection refused"),
    ],
    ids=["no-name", "no-listener"],
)
def test_a_service_that_is_not_there_gets_no_load(
    load_test: Start, ledger: Ledger, host: str, fault: str, told: str
) -> None:
    """It is waited for, in case that it is starting."""
    run = load_test(host.format(port=find_free_port()), CLOSED, LENIENT).ended()
    assert run.code == 2, run.said
    assert f"does not answer: {told} (9 s waited)" in run.said
    assert not run.out.exists() or not list(run.out.iterdir())
    ledger.generator(
        fault=fault, recorded="nothing was run; a sentence says so", verdict="none", exit_code=run.code
    )


def test_a_service_that_stops_listening_refuses(
    load_test: Start, misbehaving: Start, ledger: Ledger, tmp_path: Path
) -> None:
    """It dies in the middle of a run, and stays away."""
    tally = tmp_path / "tally"
    service = misbehaving(f"tally={tally}", "delay=0.01")
    run = load_test(service.host, CLOSED, LENIENT, EAGER)
    service.until_asked(since_s=0.5)
    service.process.kill()
    run.ended()
    assert run.code == 1, run.said
    outcomes = Counter(row["outcome"] for row in run.rows)
    assert {"ok", "refused"} <= set(outcomes) <= {"ok", "reset", "refused"}  # none may be under way just then
    state(ledger, run, outcomes, tally, "the service dies in the middle of the run")


def test_a_service_that_was_killed_and_started_again_is_used_again(
    load_test: Start, misbehaving: Start, ledger: Ledger, tmp_path: Path
) -> None:
    tally, port = tmp_path / "tally", find_free_port()
    told = (f"tally={tally}", f"port={port}", "delay=0.01")
    service = misbehaving(*told)
    run = load_test(service.host, "{rate: [{constant: 100/s, for: 4s}]}", LENIENT, "abort: never")
    service.until_asked(since_s=1.0)
    service.process.kill()
    service.process.wait()
    misbehaving(*told).until_asked()
    run.ended()
    assert run.code == 1, run.said
    rows = sorted(run.rows, key=lambda row: row["intended_s"])
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) <= {"ok", "reset", "refused"}
    assert "refused" in outcomes
    assert rows[-1]["outcome"] == "ok", "it was back"
    state(ledger, run, outcomes, tally, "the service is killed and started again")


def state(ledger: Ledger, run: Any, outcomes: Counter[str], tally: Path, fault: str) -> None:
    """State the row of a service of which each request was answered, cut off or refused."""
    seen = tally.stat().st_size
    assert outcomes["ok"] <= seen <= outcomes["ok"] + outcomes["reset"]
    ledger.generator(
        fault=fault,
        recorded="`reset` for requests that were cut off, `refused` for those that found nobody",
        verdict=run.verdict["verdict"],
        exit_code=run.code,
        sent=len(run.rows),
        seen=seen,
    )
