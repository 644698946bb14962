"""A real search for the capacity of a service that is known: two servers that sleep for 20 ms on average."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from capacity.findings import read_findings
from capacity.queueing import MultiServerQueue
from loadtests.searching import trying
from loadtests.searching.command import main

pytestmark = [pytest.mark.real, pytest.mark.extended]

SERVICE = Path(__file__).parents[2] / "capacity" / "queue_service.py"
SCENARIO = {
    "description": "A queue without end: it refuses nothing, so only its growth shows that it is full.",
    "load": {"users": [{"constant": 1, "for": "5s"}]},
    "traffic": {
        "timeout": "20s",
        "endpoints": [{"name": "work", "path": "/work", "method": "GET", "reply": None}],
    },
    "service": {"ready": "/api/health/ready", "metrics": None},
    "objectives": ["error rate <= 5 %"],
}


@pytest.fixture
def service() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, str(SERVICE), "2", "0.02", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


def test_the_bracket_holds_the_capacity_of_a_queue(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """100/s is what both servers can do; the search tries 60, 90 and 135 until one is broken."""
    for name, value in (("USERS", (1, 2, 4, 8)), ("STEP_S", 1.0), ("DOWNWARD", (0.5,)), ("DOWNWARD_S", 10.0)):
        monkeypatch.setattr(trying, name, value)
    file, out = tmp_path / "queue.yaml", tmp_path / "out"
    file.write_text(json.dumps(SCENARIO))
    words = ["--scenario", str(file), "--host", service, "--out", str(out), "--start", "60"]
    code = main([*words, "--trial", "10", "--trials", "4", "--precision", "0.9"])
    told = capsys.readouterr().out
    found = read_findings(out / "capacity.json")
    assert code == (0 if found.is_valid else 3), told
    assert found.sentence in told
    capacity = MultiServerQueue(2, 0.02).saturation_per_s
    assert (found.capacity.at_least or 0) <= capacity
    assert capacity * 0.98 < (found.capacity.less_than or 1e9)
    for name in ("capacity.html", "summary.md", *(f"{each.folder}/report.html" for each in found.trials)):
        assert (out / name).exists(), name
