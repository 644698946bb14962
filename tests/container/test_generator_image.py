"""The image with the load generator alone, built and run for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
Podman = Callable[..., subprocess.CompletedProcess[str]]
LOCKED = ("--rm", "--network", "host", "--read-only", "--cap-drop", "all", "--tmpfs", "/tmp")  # noqa: S108
NOT_IN_IT = ("fastapi", "pandas", "pip", "scipy", "skops", "sklearn")
USER = 10001
SCENARIO = """
description: Two users for two seconds.
load: {users: [{constant: 2, for: 2s}]}
traffic:
  endpoints: [{name: score, path: /score, payload: {file: bodies.jsonl}, reply: {finite: score}}]
objectives: [p99 latency <= 300 s]
"""


class Scoring(BaseHTTPRequestHandler):
    """Answers whatever it is asked with a score."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._score()

    def do_POST(self) -> None:
        self._score()

    def _score(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        body = b'{"score": 0.5}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def scoring() -> Iterator[str]:
    """The URL of a service."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Scoring) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_judges_a_service_that_it_is_given(
    generator_image: str, podman: Podman, scoring: str, tmp_path: Path
) -> None:
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    (tmp_path / "bodies.jsonl").write_text('{"age": 40}\n')
    os.chown(tmp_path, USER, USER)
    words = ("loadtest", "--scenario", "/mine/scenario.yaml", "--host", scoring, "--out", "/mine/results")
    done = podman("run", *LOCKED, "--volume", f"{tmp_path}:/mine", generator_image, *words, check=False)
    said = done.stdout + done.stderr
    assert re.search(r"verdict: (pass|invalid) \(", said), said  # invalid where the machine is busy
    facts = json.loads((tmp_path / "results/latest/run.json").read_text())
    assert facts["host"] == scoring


def test_without_a_host_it_says_what_to_give(generator_image: str, podman: Podman) -> None:
    done = podman("run", *LOCKED, generator_image, "loadtest", "--out", "/tmp/results", check=False)  # noqa: S108
    assert done.returncode == 2
    assert "the suite's own service is not part of this image: give the URL of yours: --host URL" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr


def test_the_word_service_says_that_there_is_none(generator_image: str, podman: Podman) -> None:
    done = podman("run", *LOCKED, generator_image, "service", check=False)
    assert done.returncode == 2
    assert "This image has the load generator alone" in done.stderr


def test_it_holds_nothing_of_the_service(generator_image: str, podman: Podman) -> None:
    script = (
        "import importlib.util, os;"
        f"print([name for name in {NOT_IN_IT} if importlib.util.find_spec(name)]);"
        "print(sorted(os.listdir('/app')))"
    )
    packages, folders = podman("run", *LOCKED, generator_image, "python", "-c", script).stdout.splitlines()
    assert packages == "[]"
    assert "'service'" not in folders
    assert "'models'" not in folders


def test_it_is_the_smaller_one(generator_image: str, image: str, podman: Podman) -> None:
    whole, part = (
        int(podman("image", "inspect", "--format", "{{.Size}}", name).stdout)
        for name in (image, generator_image)
    )
    assert part < 0.8 * whole


def test_it_says_what_it_is_made_of(generator_image: str, podman: Podman) -> None:
    shown = podman("run", "--rm", "--network", "none", generator_image, "cat", "/opt/venv/sbom.cdx.json")
    purls = [each["purl"] for each in json.loads(shown.stdout)["components"]]
    for begin in ("pkg:generic/python@3.11", "pkg:pypi/locust@2.47.0", "pkg:deb/debian/libc6@"):
        assert [purl for purl in purls if purl.startswith(begin)], begin
    assert not [purl for purl in purls if "scikit-learn" in purl]
