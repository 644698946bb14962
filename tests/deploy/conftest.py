"""A real run against the real service, and a real Prometheus that saw both of them."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ports import find_free_port

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
MODEL = ROOT / "models" / "insurance_charges_model.skops"
PREDICTION = "/api/models/insurance_charges_model/prediction"
SCENARIO = f"""\
description: Both forms of asking, for a few seconds.
load: {{users: [{{constant: 12, for: 8s}}]}}
traffic:
  endpoints:
    - {{name: prediction, path: {PREDICTION}}}
    - {{name: batch, path: {PREDICTION}/batch, payload: {{rows: 10}}}}
objectives: [p99 latency <= 5 s, error rate <= 0 %]
generator: {{lateness: 1m, busy: 1, starved: 1, lag: 1m}}
"""


@dataclass(frozen=True)
class Observed:
    """A Prometheus that has seen a run, from `start_s` to `end_s` since 1970, and the run's folder."""

    url: str
    start_s: float
    end_s: float
    folder: Path

    @property
    def verdict(self) -> dict[str, Any]:
        """What the run was judged."""
        return json.loads((self.folder / "verdict.json").read_text())

    def series(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers, second by second; its values are numbers, those that are none left out."""
        values = {"window": "4s", "limit": "100", "__range": f"{math.ceil(self.end_s - self.start_s)}s"}
        filled = re.sub(r"\$(\w+)", lambda found: values[found[1]], expression)
        asked = {"query": filled, "start": self.start_s, "end": self.end_s + 1, "step": "1s"}
        answer = ask(f"{self.url}/api/v1/query_range?{urllib.parse.urlencode(asked)}")
        assert answer["status"] == "success", answer
        for each in answer["data"]["result"]:
            found = ((at, float(value)) for at, value in each["values"])
            each["values"] = [(at, value) for at, value in found if math.isfinite(value)]
        return [each for each in answer["data"]["result"] if each["values"]]


def ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as reply:
        return json.load(reply)


@contextmanager
def process(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that is ended with the block."""
    running = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, **options)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline, pause = time.monotonic() + 240, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came"
        pause.wait(0.1)


def both_up(prometheus: str, job: str) -> bool:
    """Whether Prometheus has scraped a job's target."""
    query = urllib.parse.urlencode({"query": f'up{{job="{job}"}} == 1'})
    try:
        return bool(ask(f"{prometheus}/api/v1/query?{query}")["data"]["result"])
    except (urllib.error.URLError, ConnectionError):
        return False


def patient_configuration() -> Any:
    """The batched service's, but for deadlines that a busy machine doesn't let pass."""
    made = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text())
    made["serving"]["deadline_ms"] = made["serving"]["explicit_batch"]["deadline_ms"] = 60_000
    return made


def configuration(targets: dict[str, str], folder: Path) -> Path:
    """The committed configuration with other targets, asking and computing once a second."""
    made = yaml.safe_load((PROMETHEUS / "local.yml").read_text())
    made["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for name in made["rule_files"]:
        rules = yaml.safe_load((PROMETHEUS / name).read_text())
        for group in rules["groups"]:
            group.pop("interval", None)
        (folder / name).write_text(yaml.safe_dump(rules))
    for job in made["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets.pop(job["job_name"])]}]
    assert not targets
    (folder / "prometheus.yml").write_text(yaml.safe_dump(made))
    return folder / "prometheus.yml"


@pytest.fixture(scope="session")
def observed(require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A run of some seconds against the batched service, as Prometheus saw it, a scrape a second."""
    require("prometheus")
    folder = tmp_path_factory.mktemp("observed")
    if not MODEL.exists():
        subprocess.run([sys.executable, "-m", "service.training"], cwd=ROOT, check=True, capture_output=True)
    (folder / "both.yaml").write_text(SCENARIO)
    metrics_port, port = find_free_port(), find_free_port()
    with ExitStack() as stack:
        log = stack.enter_context((folder / "service.log").open("w+"))
        (folder / "service.yaml").write_text(yaml.safe_dump(patient_configuration()))
        stack.enter_context(
            process(
                *(sys.executable, "-m", "service", "--port", "0"),
                env={**os.environ, "REST_CONFIG": str(folder / "service.yaml")},
                stderr=log,
            )
        )
        told = folder / "service.log"
        until(lambda: "running on http" in told.read_text(), "the service")
        host = re.search(r"running on (http://([\w.:]+))", told.read_text())
        assert host
        targets = {"service": host[2], "loadtest": f"127.0.0.1:{metrics_port}"}
        made = configuration(targets, folder)
        stack.enter_context(
            process(
                "prometheus",
                f"--config.file={made}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        prometheus = f"http://127.0.0.1:{port}"
        until(lambda: both_up(prometheus, "service"), "a scrape of the service")
        start_s = time.time()
        run = subprocess.run(
            [
                *(sys.executable, "-m", "loadtests", "--scenario", str(folder / "both.yaml")),
                *("--host", host[1], "--metrics-port", str(metrics_port), "--out", str(folder / "results")),
                "--no-preflight",  # the service is asked for nothing but what the run records
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
        )
        latest = folder / "results" / "latest"
        assert (latest / "verdict.json").exists(), run.stderr
        yield Observed(prometheus, start_s, time.time(), latest.resolve())
