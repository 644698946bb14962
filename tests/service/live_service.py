"""A service in its own process, and how tests use it.

Tests with real processes assert what happens and in which order, never how soon. Whatever they wait for may
take `PATIENCE_S`: a hundred times what it takes on an idle machine, so that only a hung service exceeds it.
Deadlines are generous unless a test is about them, and a model that has to be busy is held by a `Gate`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
LONG_MS = 1_000 * PATIENCE_S
POLL_S = 0.1
"""Seldom enough to leave the service the processor."""

PERSON: dict[str, Any] = {
    "age": 42,
    "sex": "female",
    "bmi": 24.0,
    "children": 2,
    "smoker": False,
    "region": "northwest",
}
INSURANCE_PREDICTION = "/api/models/insurance_charges_model/prediction"
ODD_PREDICTION = "/api/models/odd_model/prediction"
ODD_CLASS = "tests.service.odd_models.OddModel"
PROTOCOL, MIDDLEWARE = ["service"], ["uvicorn", "service.app:app"]
"""How a service is run whose protocol sheds load, and one whose middleware does."""


class Service:
    """A service on a free loopback port; `url` once it listens."""

    def __init__(
        self, command: Sequence[str], configuration: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._has_workers = "--workers" in command
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", "0"],
            cwd=ROOT,
            env={**os.environ, **(environment or {}), "REST_CONFIG": str(configuration)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.log = ""
        for line in self.process.stderr:
            self.log += line
            if found := re.search(r"running on (http://\S+)", line):
                self.url = found[1]
                break
        else:
            pytest.fail(f"the service did not start:\n{self.log}")
        if self._has_workers:
            until(lambda: is_ready(self.url))

    def stop(self) -> int:
        """Stop with SIGTERM, unless it has ended; returns the exit code. `log` is complete then."""
        assert self.process.stderr is not None
        if self.process.poll() is None:
            self.process.terminate()
        if not self.process.stderr.closed:
            try:
                _, rest = self.process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                _, rest = self.process.communicate()
            self.log += rest
        return self.process.returncode

    def close(self) -> None:
        """End it after a test, without waiting for the requests that the test left."""
        if not self._has_workers:
            self.process.kill()
        self.stop()


class Gate:
    """Holds the odd model: while closed, every call of the model waits inside."""

    def __init__(self, folder: Path) -> None:
        self._closed = folder / "gate.closed"
        self._reached = folder / "gate.reached"

    def model(self, **options: Any) -> dict[str, Any]:
        """The configuration entry of an odd model behind this gate."""
        return {"class_path": ODD_CLASS, "configuration": {"gate": str(self._closed), **options}}

    def close(self) -> None:
        """Hold the model's next call."""
        self._reached.unlink(missing_ok=True)
        self._closed.touch()

    def open(self) -> None:
        """Let the model go on."""
        self._closed.unlink(missing_ok=True)

    def is_reached(self) -> bool:
        """Whether a call of the model waits at the gate, or did since it was closed."""
        return self._reached.exists()


def odd_model(**options: Any) -> dict[str, Any]:
    """The configuration entry of an odd model."""
    return {"class_path": ODD_CLASS, "configuration": options}


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    pause, end_s = threading.Event(), time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, "it never came to hold"
        pause.wait(POLL_S)


def post(url: str, body: Any = PERSON, path: str = ODD_PREDICTION, **headers: str) -> requests.Response:
    """Send a body: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **headers}
    return requests.post(url + path, data=data, headers=sent, timeout=PATIENCE_S)


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=PATIENCE_S)


def is_ready(url: str) -> bool:
    """Whether the service answers that it is ready; False if nothing listens there."""
    try:
        return get(f"{url}/api/health/ready").status_code == 200
    except requests.ConnectionError:
        return False


def is_listening(url: str) -> bool:
    """Whether new connections are accepted."""
    with socket.socket() as probe:
        return probe.connect_ex(address(url)) == 0


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


@contextmanager
def post_at_once(
    count: int, url: str, body: Any = PERSON, path: str = ODD_PREDICTION
) -> Iterator[list[Future[requests.Response]]]:
    """So many requests under way, each on its own connection; on leaving, all are answered or broken off."""
    with ThreadPoolExecutor(count) as pool:
        yield [pool.submit(post, url, body, path) for _ in range(count)]


def connect(url: str) -> socket.socket:
    return socket.create_connection(address(url), timeout=PATIENCE_S)


def request_head(path: str, length: int, *headers: str) -> bytes:
    """The head of a POST request that announces a body of `length` bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: service", f"Content-Length: {length}", *headers]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_all(client: socket.socket) -> bytes:
    """All that the service sends until it closes the connection."""
    text = b""
    while data := client.recv(65_536):
        text += data
    return text


def read_start(client: socket.socket, length: int) -> bytes:
    """The first bytes that the service sends."""
    text = b""
    while len(text) < length and (data := client.recv(length - len(text))):
        text += data
    return text


def samples(url: str) -> Iterable[Any]:
    """Every sample at /metrics."""
    reply = get(f"{url}/metrics")
    reply.raise_for_status()
    families = text_string_to_metric_families(reply.text)
    return (sample for family in families for sample in family.samples)


def metric(url: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    return sum(
        each.value for each in samples(url) if each.name == name and labels.items() <= each.labels.items()
    )


def check_against_document(url: str, folder: Path) -> None:
    """Have Schemathesis send what the OpenAPI document allows and what it forbids, the same each time.

    It fails if a status is 5xx or not documented, or if a reply is not what the document says.
    """
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--checks", checks),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "50", "--max-redirects", "0"),
        *("--request-timeout", str(PATIENCE_S), "--seed", "1", "--generation-deterministic", "--no-color"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=5 * PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
