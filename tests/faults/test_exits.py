"""The exit code is the verdict's, whatever becomes of the output, of `latest`, or of an impatient user."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ledger import Ledger

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
ROOT = Path(__file__).parents[2]
SHORT = "{rate: [{constant: 20/s, for: 1s}]}"
LONG = "{rate: [{constant: 20/s, for: 300s}]}"
OBJECTIVES = "[error rate <= 0 %]"
BASH = 'trap "" PIPE; "$@" {redirection}; exit "${{PIPESTATUS[0]}}"'


def pause(seconds: float) -> None:
    """Let real time pass, for processes that run in it."""
    threading.Event().wait(seconds)


def shell(redirection: str) -> tuple[str, ...]:
    """The words before a command whose output a shell leads elsewhere; the exit code is the command's."""
    return ("bash", "-c", BASH.format(redirection=redirection), "bash")


def test_an_output_that_cannot_be_written_is_no_verdict(
    load_test: Start, misbehaving: Start, nothing_left: Any, tmp_path: Path, ledger: Ledger
) -> None:
    """A reader who has gone, a full disk, a closed output: the code stays, and the folder is whole.

    A `latest` that leads to itself makes no difference either.
    """
    service = misbehaving()
    (tmp_path / "results0").mkdir()
    (tmp_path / "results0" / "latest").symlink_to("latest")
    redirections = ("2>&1 | head -1", "2>&1 | true", "> /dev/full 2>&1", ">&- 2>&-")
    runs = [
        load_test(service.host, SHORT, OBJECTIVES, before=shell(redirection)) for redirection in redirections
    ]
    for run, redirection in zip(runs, redirections, strict=True):
        run.ended()
        assert (run.code, run.verdict["verdict"]) == (0, "pass"), run.said
        assert "Traceback" not in run.said
        assert (run.folder / "report.html").exists()
        assert (run.out / "latest").resolve() == run.folder
        ledger.add_run(run, fault=f"output that can't be written: `{redirection}`", recorded="all, on disk")
    nothing_left.check()


def test_a_poor_terminal_gets_the_whole_table(load_test: Start, misbehaving: Start, tmp_path: Path) -> None:
    """ASCII, 40 columns, no TERM; and a folder in place of the link to the newest run costs no verdict."""
    latest = tmp_path / "results0" / "latest"
    latest.mkdir(parents=True)
    poor = ("env", "-u", "TERM", "LANG=C", "LC_ALL=C", "PYTHONIOENCODING=ascii", "COLUMNS=40")
    run = load_test(misbehaving().host, SHORT, "[error rate <= 0 %, p99 latency <= 300 s]", before=poor)
    run.ended()
    assert run.code == 0, run.said
    assert "error rate <= 0 %" in run.said
    assert "p99 latency <= 300 s" in run.said
    assert run.said.endswith("verdict: pass (exit code 0)\n")
    assert run.said.isascii()
    assert "Traceback" not in run.said
    assert "can't lead to the newest run (it is a folder): move it away" in run.said
    assert len(list(latest.parent.iterdir())) == 2, "no link that leads nowhere"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_while_the_service_is_awaited_ran_nothing(
    number: signal.Signals, load_test: Start, nothing_left: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        run = load_test(f"http://127.0.0.1:{silent.getsockname()[1]}", LONG, OBJECTIVES)
        connection, _ = silent.accept()
        run.process.send_signal(number)
        run.ended()
        connection.close()
    nothing_left.check()
    assert run.code == 2, run.said
    assert f"stopped by {number.name} before the load test began" in run.said
    assert "no verdict: nothing was run (exit code 2)" in run.said
    assert "Traceback" not in run.said


def test_stops_at_any_moment_are_judged_without_a_traceback(
    load_test: Start, misbehaving: Start, nothing_left: Any
) -> None:
    service = misbehaving()
    load = "{users: [{ramp: [1, 12], for: 2s}, {constant: 6, for: 300s}]}"
    for options in ((), ("--processes", "2")):
        runs = [load_test(service.host, load, OBJECTIVES, options=options) for _ in range(5)]
        for i, run in enumerate(runs):
            run.until_recorded(0.4 * i)
            run.process.send_signal((signal.SIGINT, signal.SIGTERM)[i % 2])
        for run in runs:
            run.ended()
            assert "Traceback" not in run.said, run.said
            assert run.code == 3, run.said
            assert (run.folder / "verdict.json").exists()
    nothing_left.check()


def test_a_second_signal_costs_no_verdict(load_test: Start, misbehaving: Start, nothing_left: Any) -> None:
    """At once, and again when the report has been named."""
    run = load_test(misbehaving().host, LONG, OBJECTIVES)
    run.until_recorded(0.5)
    run.process.send_signal(signal.SIGINT)
    pause(0.2)
    run.process.send_signal(signal.SIGINT)
    said = ""
    while "Report: " not in said:
        said = run.process.stdout.readline()
        assert said, "it ended without a report"
    run.process.send_signal(signal.SIGINT)
    run.ended()
    assert run.code == 3, run.said
    assert "Traceback" not in run.said
    assert (run.out / "latest").resolve() == run.folder
    assert (run.folder / "report.html").exists()
    nothing_left.check()


def test_a_third_signal_leaves_a_run_that_can_be_judged_later(
    load_test: Start, misbehaving: Start, nothing_left: Any
) -> None:
    """The service answers nobody any more, so that the stop waits for a minute."""
    service = misbehaving("stall=1-300")
    run = load_test(service.host, LONG, OBJECTIVES, more="traffic: {timeout: 1m}")
    service.until_asked(since_s=2.0)
    run.until_recorded()
    for _ in range(3):
        run.process.send_signal(signal.SIGINT)
        pause(1.0)
    run.ended()
    nothing_left.check()
    said = " ".join(run.said.split())
    assert run.code == 3, run.said
    assert "the run is being stopped and judged; another signal ends it without its verdict" in said
    assert f"left without its verdict: python -m reports write {run.folder} judges it" in said
    command = [sys.executable, "-m", "reports", "write", str(run.folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert run.verdict["verdict"] == "invalid"
