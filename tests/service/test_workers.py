"""Several processes answer for each other, and not for one that was killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

PERSON = {"age": 42, "sex": "female", "bmi": 24.0, "children": 2, "smoker": False, "region": "northwest"}
PREDICTION = "/api/models/odd_model/prediction"
pytestmark = [pytest.mark.real, pytest.mark.extended]


def test_the_gauges_of_a_killed_worker_are_told_no_more_and_its_counts_are(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Two workers may have 800 predictions waiting each, also once one was killed and another stands in."""
    model = {"class_path": "tests.service.odd_models.OddModel"}
    service = serve(
        {"queue": {"max_rows": 1000}, "deadline_ms": 60_000}, model, ("--workers", "2"), TMPDIR=str(tmp_path)
    )

    def told() -> set[int]:
        """Processes whose gauges there are."""
        return {int(path.stem.rpartition("_")[2]) for path in tmp_path.glob("*/gauge_livesum_*.db")}

    until(lambda: metric(service.url, "inference_queue_limit") == 1600)
    first, second = told()
    replies = [requests.post(service.url + PREDICTION, json=PERSON, timeout=10) for _ in range(20)]
    assert {each.status_code for each in replies} == {200}
    os.kill(first, signal.SIGKILL)
    until(lambda: metric(service.url, "inference_queue_limit") == 1600 and len(told() - {first, second}) == 1)
    assert len(told()) == 2
    assert metric(service.url, "inference_request_latency_seconds_count") == 20
    assert service.stop() == 0


def metric(url: str, name: str) -> float:
    """The sum over a metric's labels; 0 where nobody answers yet, or a worker just begins to write."""
    try:
        reply = requests.get(f"{url}/metrics", timeout=10)
    except requests.ConnectionError:
        return 0.0
    if reply.status_code != 200:
        return 0.0
    families = text_string_to_metric_families(reply.text)
    return sum(each.value for family in families for each in family.samples if each.name == name)


def until(holds: Callable[[], bool]) -> None:
    """Ask again until it holds, seldom enough to leave the workers the processor."""
    pause = threading.Event()
    assert any(holds() or pause.wait(0.1) for _ in range(600)), "it never came to hold"
