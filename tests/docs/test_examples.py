"""The examples of the documents run: a scenario against another service, a user class of one's own."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loadtests import api, conformance
from reports.data.folder import read_run
from reports.judging.verdict import judge_run
from reports.objectives.metric import METRICS

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[2]


class Scoring(BaseHTTPRequestHandler):
    """A service of somebody's own: it scores what is posted to it, and knows nothing of this project."""

    protocol_version = "HTTP/1.1"
    asked: tuple[list[Any], list[str | None]] = ([], [])

    def do_POST(self) -> None:
        bodies, tokens = self.asked
        bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        tokens.append(self.headers["Authorization"])
        self._answer(200 if self.path == "/v1/score" else 404, b'{"score": 0.93}')

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/openapi.json" else 404, b"{}")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scoring)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Scoring.asked = ([], [])
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)


def test_the_scenario_runs_against_another_service(host: str, tmp_path: Path) -> None:
    """Bodies from its file, a check of its reply, a header of one's own; judged like any other.

    On a busy machine the verdict may be any, and a reply may come after the two seconds that it is given.
    """
    scenario, out = "docs/examples/scoring.yaml", str(tmp_path)
    options = ("--scenario", scenario, "--host", host, "--out", out, "--time-scale", "0.04", "--no-preflight")
    done = run("loadtests", *options, LOADTEST_HEADERS="Authorization: Bearer a-token")
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    recorded = read_run(tmp_path / "latest")
    bodies, tokens = Scoring.asked
    sent = [json.loads(line) for line in (ROOT / "docs/examples/scoring.jsonl").read_text().splitlines()]
    assert len(recorded.samples) == len(bodies) > 10
    assert all(body in sent for body in bodies)
    assert all(body in bodies for body in sent)
    assert set(tokens) == {"Bearer a-token"}
    assert {"ok"} <= set(recorded.samples.outcome.decode().tolist()) <= {"ok", "timeout"}
    assert {stage.name for stage in recorded.facts.stages} == {"warm-up", "normal day", "busy day"}


def test_a_user_class_of_ones_own_is_recorded_and_judged(host: str, tmp_path: Path, readme: Any) -> None:
    """As the README says, with a shorter run; its verdict may be any on a busy machine."""
    (command,) = [each for each in readme.commands if "docs/examples/visitors.py" in each.words]
    changed = {"http://127.0.0.1:8000": host, "30s": "3s"}
    words = [changed.get(word, word) for word in command.words[1:]]
    done = run("locust", *words, LOADTEST_OUT=str(tmp_path))
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    assert re.search(r"(Passed|Failed|Invalid)[:,] ", done.stdout)
    samples = read_run(tmp_path / "latest").samples
    assert set(samples.endpoint.decode().tolist()) == {"documentation"}
    assert samples.ok.all()


def test_a_load_test_in_code_gives_its_verdict(host: str, tmp_path: Path) -> None:
    """As docs/library.md shows it; its verdict may be any on a busy machine."""
    example = ROOT / "docs/examples/load_in_code.py"
    command = [sys.executable, str(example), host, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    recorded = read_run(tmp_path / "latest")
    assert f"{len(recorded.samples)} requests, p99 " in done.stdout
    assert recorded.folder.resolve().name.startswith("scoring-")


def test_the_library_page_shows_names_that_are_there(documents: dict[str, Any]) -> None:
    """Each function of its table, and each attribute of a result that it names."""
    page = documents["docs/library.md"]
    for row in page.table("function", "does"):
        assert hasattr(api, row[0].partition("(")[0])
    (said,) = re.findall(r"return a `LoadTestResult`: (.*)", page.text)
    names = set(re.findall(r"`(\w+)`", said.partition(" each with ")[0]))
    assert names <= set(api.LoadTestResult.__dataclass_fields__)


def test_the_plugins_of_the_page_conform(documents: dict[str, Any]) -> None:
    """Its functions are those that docs/plugins.md shows."""
    before = list(METRICS)
    shown: dict[str, Any] = {"random": random, "open_device": Device}
    blocks = [code for language, code in documents["docs/plugins.md"].blocks if language == "python"]
    try:
        for code in blocks:
            exec(compile(code, "docs/plugins.md", "exec"), shown)  # noqa: S102 - it is our own page
        conformance.check_payloads(shown["make_orders"])
        conformance.check_metric(shown["slow_requests"])
        conformance.check_monitor(shown["watch_gpu"])
        run = conformance.make_example_run()
        assert shown["write_rows"](run, judge_run(run)) == {"warehouse.csv": "example,pass,100\n"}
    finally:
        METRICS[:] = before


class Device:
    """Stands for what the monitor of the page observes."""

    def busy(self) -> float:
        return 12.5

    def memory(self) -> float:
        return 300.0
