"""A rehearsal scales real processes behind haproxy by the autoscaler's rules, and ends all it started."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from loadtests.cli.main import main as run_word

pytestmark = [pytest.mark.real, pytest.mark.extended]

SERVICE = Path(__file__).parents[2] / "capacity" / "queue_service.py"
HPA = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: queue}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: queue}
  maxReplicas: 4
  metrics:
    - type: Pods
      pods: {metric: {name: answers}, target: {type: AverageValue, averageValue: "30"}}
"""
SCENARIO = """\
description: A service that sleeps.
load: {rate: [{constant: 10/s, for: 1m}, {constant: 80/s, for: 2m, stage: high}]}
traffic:
  endpoints:
    - {name: work, path: /work, method: POST, payload: {fields: {a: {constant: 1}}}, reply: null}
objectives: [p99 latency <= 150 ms]
generator: {lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}
"""


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[..., int]:
    (tmp_path / "hpa.yaml").write_text(HPA)
    (tmp_path / "queue.yaml").write_text(SCENARIO)

    def ask(command: str, *words: str) -> int:
        return run_word(
            [
                *("autoscale", "--hpa", str(tmp_path / "hpa.yaml"), "--metric", "answers=rate"),
                *("--scenario", str(tmp_path / "queue.yaml"), "--service-time", "20ms", "--concurrency", "2"),
                *("--rehearse", command, "--out", str(tmp_path / "out"), *words),
            ]
        )

    return ask


def list_replicas(marker: str) -> list[str]:
    lines = [" ".join(each.info["cmdline"] or []) for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if marker in line and "autoscale" not in line]


def test_real_processes_follow_the_rules_and_are_ended(
    tmp_path: Path, rehearse: Callable[..., int], require: Callable[..., None]
) -> None:
    """80 requests a second need three replicas of 30; twelve times faster than in a cluster."""
    require("haproxy")
    marker = tmp_path / "queue_service.py"
    marker.write_text(SERVICE.read_text())
    command = shlex.join([sys.executable, str(marker), "2", "0.02", "{port}"])
    code = rehearse(command, "--start-up", "12s", "--time-scale", "0.08")
    assert list_replicas(str(marker)) == []
    assert code in (0, 1, 3)
    if code == 3:
        return  # a machine too busy to offer the load: told, and nothing is left
    found = json.loads((tmp_path / "out" / "autoscale.json").read_text())["rehearsal"]
    series = found["series"]
    assert series["ready"][0] == 1
    assert max(series["ready"]) >= 3
    assert max(series["replicas"]) <= 4
    assert all(ready <= wanted for ready, wanted in zip(series["ready"], series["replicas"], strict=True))
    assert found["mean_difference"] < 2
    assert "Rehearsed with real processes" in (tmp_path / "out" / "autoscale.html").read_text()


def test_a_replica_that_ends_makes_the_rehearsal_invalid(
    rehearse: Callable[..., int], require: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    require("haproxy")
    assert rehearse("false {port}") == 3
    assert "a replica ended with 1: try its command by hand" in capsys.readouterr().err


def test_without_haproxy_a_sentence_says_what_to_install(
    tmp_path: Path,
    rehearse: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rehearse("true {port}") == 2
    assert (
        "--rehearse needs haproxy, which is not installed: apt-get install haproxy" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("my-service --port 8000", "has no {port}: say where the port of a replica goes"),
        ("my-service 'unfinished {port}", "is no command: No closing quotation"),
    ],
)
def test_a_command_that_is_none_is_told(
    rehearse: Callable[..., int], capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    assert rehearse(command) == 2
    assert message in capsys.readouterr().err
