"""The service that a load test starts for itself is the one it aims at."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from loadtests.cli import own_service
from loadtests.cli.own_service import OwnService, ServiceError, find_free_port


class Ready(BaseHTTPRequestHandler):
    """Says to whoever asks that it is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def other() -> Iterator[int]:
    """The port of another service, which is ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("model")
def test_a_service_that_was_quicker_to_take_the_port_is_not_taken_for_it(
    other: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two load tests that start at once both find the usual port free; one gets it, one gets another."""
    monkeypatch.setattr(own_service, "find_free_port", lambda preferred: preferred or find_free_port(0))
    with OwnService(other) as service:
        assert service.host != f"http://127.0.0.1:{other}"


def test_a_port_is_the_preferred_one_or_one_that_no_connection_is_given(other: int) -> None:
    """The kernel assigns ports from 32768 on; a port that is taken is not found."""
    assert find_free_port(other) != other
    assert all(20_000 <= find_free_port(0) < 32_768 for _ in range(20))
    free = find_free_port(0)
    assert find_free_port(free) == free


def test_where_no_port_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_service, "is_free", lambda *_: False)
    with pytest.raises(ServiceError, match=r"no port of 127\.0\.0\.1 from 20000 to 32767 is free"):
        find_free_port(0)


def test_a_signal_that_comes_while_it_starts_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes when there is a process, and nobody knows it yet; SIGINT interrupts, as at a terminal."""
    started = []
    popen = subprocess.Popen

    def interrupted(*words: Any, **options: Any) -> Any:
        started.append(popen(*words, **options))
        os.kill(os.getpid(), signal.SIGINT)
        return started[-1]

    monkeypatch.setattr(own_service.subprocess, "Popen", interrupted)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), OwnService(0):
            pass
    finally:
        signal.signal(signal.SIGINT, handler)
    assert started[0].poll() is not None
