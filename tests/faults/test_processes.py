"""Whatever is killed, and however: the load stops, and nothing that was started stays behind."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.real, pytest.mark.extended]

Start = Callable[..., Any]
ROOT = Path(__file__).parents[2]
LISTENING = "import socket; s = socket.create_server(('127.0.0.1', 0)); print('on', flush=True); input()"
LOAD = "{rate: [{constant: 20/s, for: 300s}]}"
OBJECTIVES = "[error rate <= 0 %]"
SCENARIO = (
    f"description: A fault.\nload: {LOAD}\nobjectives: {OBJECTIVES}\nabort: never\n"
    "generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}\n"
)


def test_a_process_port_or_file_left_behind_is_found(nothing_left: Any) -> None:
    """The check of the other tests, with each of the three in turn."""
    child = subprocess.Popen(
        [sys.executable, "-c", LISTENING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "on\n"
    (port,) = nothing_left.note_ports()
    with pytest.raises(AssertionError, match="left after 0 s"):
        nothing_left.check(within_s=0.0)
    child.communicate()
    holder = socket.create_server(("127.0.0.1", port))
    with pytest.raises(OSError, match="in use"):
        nothing_left.check()
    holder.close()
    file = nothing_left.temporary / "left"
    file.touch()
    with pytest.raises(AssertionError, match="temporary files are left"):
        nothing_left.check()
    file.unlink()


def test_workers_end_with_their_killed_master(
    load_test: Start, misbehaving: Start, nothing_left: Any
) -> None:
    service = misbehaving()
    run = load_test(service.host, LOAD, OBJECTIVES, options=("--processes", "2"))
    service.until_asked()
    (master,) = run.generators
    workers = psutil.Process(master).children()
    os.kill(master, signal.SIGKILL)
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert (len(gone), alive) == (2, [])
    seen, _ = service.seen()
    assert service.seen()[0] == seen
    assert run.ended().code == 4
    assert "Locust was ended by SIGKILL" in run.said
    nothing_left.check()


def test_a_worker_elsewhere_ends_when_its_master_is_silent(
    load_test: Start, misbehaving: Start, nothing_left: Any, free_port: int
) -> None:
    service = misbehaving()
    port = ("--master-port", str(free_port))
    command = [sys.executable, "-m", "loadtests", "--worker", *port]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as worker:
        run = load_test(service.host, LOAD, OBJECTIVES, options=("--master", *port))
        service.until_asked()
        (master,) = run.generators
        os.kill(master, signal.SIGKILL)
        _, said = worker.communicate(timeout=240)
    assert worker.returncode == 3
    assert "nothing was heard of the master for 10 s: this worker ends" in said
    assert "Traceback" not in said
    nothing_left.check()


def test_all_ends_with_the_killed_command_and_its_own_service(tmp_path: Path, nothing_left: Any) -> None:
    """What was recorded is judged, and no request fails because the service ends, too."""
    (tmp_path / "own.yaml").write_text(SCENARIO)
    out = tmp_path / "results"
    command = [sys.executable, "-m", "loadtests", "--scenario", str(tmp_path / "own.yaml"), "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        until(lambda: list(out.glob("own-*/samples.*")), process)
        assert nothing_left.note_ports()
        process.kill()
        said, _ = process.communicate(timeout=240)
    assert b"Invalid: stopped after" in said
    assert b"error rate" in said
    assert b"Traceback" not in said
    assert (out / "latest" / "verdict.json").exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_the_run_is_judged_when_the_command_gets(
    number: signal.Signals, load_test: Start, misbehaving: Start, nothing_left: Any
) -> None:
    """SIGHUP is forwarded; SIGQUIT ends the command at once, and the rest notices."""
    service = misbehaving()
    run = load_test(service.host, LOAD, OBJECTIVES)
    service.until_asked(since_s=1.0)
    run.process.send_signal(number)
    run.ended()
    nothing_left.check()
    hears = number is signal.SIGHUP
    assert run.code == (3 if hears else -number)
    assert run.verdict["verdict"] == "invalid"
    assert run.facts["interrupted"] == ("SIGHUP" if hears else "SIGTERM")


def test_all_ends_with_a_killed_make(tmp_path: Path, misbehaving: Start, nothing_left: Any) -> None:
    service = misbehaving()
    (tmp_path / "made.yaml").write_text(SCENARIO)
    words = [f"SCENARIO={tmp_path / 'made.yaml'}", f"HOST={service.host}", f"OUT={tmp_path / 'results'}"]
    command = ["make", "-o", ".venv/.run-ready", "loadtest", *words]
    out = tmp_path / "results"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as make:
        until(lambda: list(out.glob("made-*/samples.*")), make)
        make.kill()
        said, _ = make.communicate(timeout=240)
    nothing_left.check()
    assert b"Invalid: stopped after" in said


def test_all_ends_with_a_closed_terminal(tmp_path: Path, misbehaving: Start, nothing_left: Any) -> None:
    service = misbehaving()
    (tmp_path / "seen.yaml").write_text(SCENARIO)
    words = [
        "--scenario",
        str(tmp_path / "seen.yaml"),
        "--host",
        service.host,
        "--out",
        str(tmp_path / "out"),
    ]
    command = [sys.executable, "-m", "loadtests", "--no-preflight", *words]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(command[0], command)  # noqa: S606 - in the child
    service.until_asked()
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    nothing_left.check()
    (facts,) = (tmp_path / "out").glob("seen-*/run.json")
    assert '"interrupted": "SIGHUP"' in facts.read_text()


def until(condition: Callable[[], object], process: subprocess.Popen[Any]) -> None:
    """Wait until the condition holds; fail if the process ends before."""
    while not condition():
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended with {process.returncode}")
