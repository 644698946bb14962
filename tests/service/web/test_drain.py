"""A stop ends: whatever a client leaves undone, SIGTERM is followed by exit code 0."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

ROOT = Path(__file__).parents[3]

ODD = {"class_path": "tests.service.odd_models.OddModel"}
STOCK = {"class_path": "tests.service.odd_models.OneAtATimeModel"}
PREDICTION = "/api/models/odd_model/prediction"
KNOBS = {"deadline_ms": 300, "explicit_batch": {"deadline_ms": 500}}
PATIENCE, PATIENCE_S = 10_000, 30
pytestmark = [pytest.mark.real, pytest.mark.extended]


def connection(url: str) -> socket.socket:
    """A connection whose client takes hardly anything in before it reads."""
    host, port = urlsplit(url).netloc.split(":")
    client = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    return client


def post(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: service\r\nContent-Length: {length}\r\n\r\n".encode()


def ready(url: str) -> bool:
    """Whether any worker listens yet."""
    try:
        return requests.get(f"{url}/api/health/ready", timeout=PATIENCE_S).status_code == 200
    except requests.ConnectionError:
        return False


def heard_of(url: str) -> None:
    """Wait until the service has read what was sent before: it answers whoever came after."""
    with connection(url) as other:
        other.sendall(b"GET /api/health HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")
        assert other.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("path", [PREDICTION, f"{PREDICTION}/batch"], ids=["single", "batch"])
def test_a_body_that_does_not_come_does_not_hold_up_the_stop(serve: Callable[..., Any], path: str) -> None:
    """It is answered 504 at its deadline, as if there were no stop."""
    service = serve(KNOBS, ODD)
    with connection(service.url) as client:
        client.sendall(post(path, 1_000))
        heard_of(service.url)
        service.process.send_signal(signal.SIGTERM)
        assert client.recv(12) == b"HTTP/1.1 504"
        assert service.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_nor_where_there_is_no_deadline(serve: Callable[..., Any], words: tuple[str, ...]) -> None:
    """rest_model_service's own endpoint waits for ever; the stop, no longer than the longest deadline."""
    service = serve(KNOBS, STOCK, words)
    assert any(ready(service.url) for _ in range(PATIENCE))
    with connection(service.url) as client:
        client.sendall(post(PREDICTION, 1_000))
        heard_of(service.url)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0


def test_a_reply_that_nobody_reads_does_not_hold_up_the_stop(serve: Callable[..., Any]) -> None:
    """Five megabytes of it; the client reads the first bytes, to know that it is under way, and no more."""
    service = serve({"explicit_batch": {"deadline_ms": 2_000}}, ODD)
    body = b"[" + b",".join([b"{}"] * 10_000) + b"]"
    with connection(service.url) as client:
        client.sendall(post(f"{PREDICTION}/batch?partial=true", len(body)) + body)
        assert client.recv(12) == b"HTTP/1.1 200"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_that_nobody_ever_reads_holds_up_neither_start_nor_stop(
    configured: Callable[..., Path], model_path: Path, workers: str
) -> None:
    """The pipe is full before the first line; the parent of several workers has a log of its own."""
    values = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text())
    path = configured(model_path)
    values["models"] = yaml.safe_load(path.read_text())["models"]
    path.write_text(yaml.safe_dump(values))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    nobody, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, b"." * 4096)
    os.set_blocking(full, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", str(port), "--workers", workers],
        cwd=ROOT,
        env={**os.environ, "REST_CONFIG": str(path)},
        stderr=full,
    )
    try:
        pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
        while not ready(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < deadline, "it never got ready"
            pause.wait(0.1)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(full)
        os.close(nobody)
