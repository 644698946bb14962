"""Several worker processes report each other's metrics, but no gauges of one that was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.service.live_service import metric, odd_model, post, until

pytestmark = pytest.mark.real


def test_the_gauges_of_a_killed_worker_disappear_and_its_counts_remain(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Two workers may have 800 predictions waiting each, also once one was killed and replaced."""
    service = serve({"queue": {"max_rows": 1000}}, odd_model(), ("--workers", "2"), TMPDIR=str(tmp_path))

    def reporting() -> set[int]:
        """The processes that have gauges."""
        return {int(path.stem.rpartition("_")[2]) for path in tmp_path.glob("*/gauge_livesum_*.db")}

    def limit() -> float:
        """What the service reports; 0 while a worker ends or begins, when a scrape may fail."""
        try:
            return metric(service.url, "inference_queue_limit")
        except requests.RequestException:
            return 0.0

    until(lambda: limit() == 1600)
    first = min(reporting())
    assert {post(service.url).status_code for _ in range(20)} == {200}
    until(lambda: metric(service.url, "inference_request_latency_seconds_count") == 20)
    os.kill(first, signal.SIGKILL)
    until(lambda: limit() == 1600 and first not in reporting() and len(reporting()) == 2)
    assert metric(service.url, "inference_request_latency_seconds_count") == 20
    assert service.stop() == 0
