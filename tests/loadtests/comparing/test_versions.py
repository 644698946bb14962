"""A version that a command starts: on a free port, awaited, ended with all its processes, or told why not."""

from __future__ import annotations

import contextlib
import socket
import sys
from pathlib import Path

import psutil
import pytest

from loadtests.cli.own_service import ServiceError
from loadtests.comparing import versions
from loadtests.comparing.versions import ServiceVersion, start_service

LISTEN = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
WAIT = "import time; time.sleep(600)"


def write_command(code: str) -> str:
    """A command that runs Python code, which finds the port in its arguments."""
    return f'{sys.executable} -c "{code}" {{port}}'


def never() -> bool:
    return False


def test_a_command_is_told_from_a_url_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "of.yaml").touch()
    kinds = {
        "http://127.0.0.1:1": "url",
        "serve -p {port}": "command",
        str(tmp_path / "of.yaml"): "configuration",
    }
    assert {text: ServiceVersion.parse(text).kind for text in kinds} == kinds


def test_a_service_is_awaited_and_ends_with_the_block(tmp_path: Path) -> None:
    with start_service(write_command(LISTEN + WAIT), tmp_path / "a.log", never) as url:
        port = int(url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_what_the_command_started_ends_too(tmp_path: Path) -> None:
    """The process that listens is a child, and doesn't hear SIGTERM."""
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LISTEN + WAIT
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '''{deaf}''', sys.argv[1]])"
    with start_service(write_command(code.replace('"', "'")), tmp_path / "a.log", never) as url:
        port = int(url.rpartition(":")[2])
        (listening,) = [
            each.pid
            for each in psutil.net_connections("tcp")
            if each.laddr.port == port and each.status == psutil.CONN_LISTEN
        ]
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(listening).wait(60)
    assert not psutil.pid_exists(listening)


def test_output_is_kept_and_told_where_it_ends_before_it_listens(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("of an earlier run\n")
    command = write_command("import sys; sys.exit('no model there')")
    with (
        pytest.raises(
            ServiceError, match=r"ended with 1 before it listened on port \d+; .*:\nno model there$"
        ),
        start_service(command, log, never),
    ):
        raise AssertionError("it is not there")
    assert log.read_text() == "of an earlier run\nno model there\n"


def test_a_command_that_listens_nowhere_is_given_up_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "START_PATIENCE_S", 0.0)
    with (
        pytest.raises(
            ServiceError, match=r"does not listen on 127.0.0.1:\d+ .* waited\), and it said nothing"
        ),
        start_service(write_command(WAIT), tmp_path / "a.log", never),
    ):
        raise AssertionError("it is not there")


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match=r"no-such-program: No such file or directory. No shell reads it"),
        start_service("no-such-program {port}", tmp_path / "a.log", never),
    ):
        raise AssertionError("it is not there")


def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    with start_service(write_command(WAIT), tmp_path / "a.log", lambda: True) as url:
        assert url.startswith("http://127.0.0.1:")
