"""Signals in each phase of a load test: what was recorded is kept, and nothing passes that was not whole."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.data.folder import read_run
from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[2]
Start = Callable[..., Any]
LENIENT = "[max latency <= 300 s, error rate <= 0 %]"
RATE = 20
LATEST = 3 * RATE
"""Requests of 3 s: rows are flushed four times a second, and a busy machine may be late with it."""
PHASES = {
    "warm-up": f"{{warm_up: [{{constant: {RATE}/s, for: 60s}}], rate: [{{constant: {RATE}/s, for: 60s}}]}}",
    "run": f"{{rate: [{{constant: {RATE}/s, for: 60s}}]}}",
    "judging": f"{{rate: [{{constant: {RATE}/s, for: 1s}}]}}",
}
"""A load for each phase that it has."""
PATIENCE_S = 240.0


def await_phase(run: Any, service: Any, phase: str) -> None:
    """Wait until a load test is in the middle of a phase."""
    service.until_asked(since_s=1.0 if phase != "judging" else 0.0)
    deadline = time.monotonic() + PATIENCE_S
    while phase == "judging" and not (run.folder / "samples.parquet").exists():
        assert time.monotonic() < deadline, "it was never judged"
        threading.Event().wait(0.01)


def send(run: Any, number: signal.Signals) -> None:
    """Send a signal to the command; one that kills, to the process that generates the load."""
    if number is signal.SIGKILL and run.generators:
        os.kill(run.generators[0], number)
    else:
        run.process.send_signal(number)


def show(folder: Path) -> str:
    """What `python -m reports show` says of a run."""
    command = [sys.executable, "-m", "reports", "show", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "300"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("phase", ["warm-up", "run"])
def test_a_run_that_is_stopped_is_judged_and_invalid(
    load_test: Start, misbehaving: Start, ledger: Ledger, phase: str, number: signal.Signals
) -> None:
    service = misbehaving()
    run = load_test(service.host, PHASES[phase], LENIENT)
    await_phase(run, service, phase)
    send(run, number)
    run.ended()
    assert run.code == 3, run.said
    assert f"({number.name})" in run.verdict["sentence"]
    assert "Traceback" not in run.said
    ledger.generator(
        fault=f"{number.name} in the {phase}",
        recorded="all; the verdict says when and by what it was stopped",
        verdict=run.verdict["verdict"],
        exit_code=run.code,
        sent=len(run.rows),
        seen=service.seen()[0],
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_was_whole_is_judged_to_the_end(
    load_test: Start, misbehaving: Start, ledger: Ledger, number: signal.Signals
) -> None:
    service = misbehaving()
    run = load_test(service.host, PHASES["judging"], LENIENT)
    await_phase(run, service, "judging")
    send(run, number)
    run.ended()
    assert run.code == 0, run.said
    assert "Passed" in run.said
    assert "Traceback" not in run.said
    ledger.generator(
        fault=f"{number.name} while the run is judged",
        recorded="all; the run was whole, and is judged to the end",
        verdict=run.verdict["verdict"],
        exit_code=run.code,
        sent=len(run.rows),
        seen=service.seen()[0],
    )


@pytest.mark.parametrize("phase", PHASES)
def test_what_was_flushed_before_a_kill_can_be_read(
    load_test: Start, misbehaving: Start, ledger: Ledger, phase: str
) -> None:
    """Rows are flushed four times a second; a run that was killed while it was judged is whole."""
    service = misbehaving()
    run = load_test(service.host, PHASES[phase], LENIENT)
    await_phase(run, service, phase)
    send(run, signal.SIGKILL)
    run.ended()
    assert run.code not in (0, 1), run.said
    left, is_whole = read_run(run.folder), phase == "judging"
    assert len(left.samples) > 0
    shown = show(run.folder)
    assert ("Passed" if is_whole else "it was killed: run.json names no end") in shown
    ledger.generator(
        fault=f"SIGKILL {'while the run is judged' if is_whole else f'in the {phase}'}",
        recorded="all; `python -m reports` judges it"
        if is_whole
        else "what was flushed; it is said to be killed",
        verdict="none",
        exit_code=run.code,
        sent=len(left.samples),
        seen=service.seen()[0],
        in_flight=0 if is_whole else LATEST,
    )


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
@pytest.mark.parametrize("phase", ["start", "preflight"])
def test_a_stop_before_the_load_ran_nothing(
    load_test: Start, misbehaving: Start, ledger: Ledger, phase: str, number: signal.Signals
) -> None:
    """The service is awaited, or has not answered the first request yet."""
    service = misbehaving("delay=600")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}" if phase == "start" else service.host
        run = load_test(host, PHASES["run"], LENIENT, preflight=True)
        silent.settimeout(PATIENCE_S)
        if phase == "start":
            silent.accept()[0].close()
        else:
            service.until_asked()
        send(run, number)
        run.ended()
    assert run.code not in (0, 1, 3), run.said
    assert "Traceback" not in run.said
    assert not run.out.exists() or not list(run.out.iterdir())
    ledger.generator(
        fault=f"{number.name} {'while the service is awaited' if phase == 'start' else 'in the preflight'}",
        recorded="nothing was run",
        verdict="none",
        exit_code=run.code,
    )
