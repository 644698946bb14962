"""A generator process is observed on every system; what only Linux tells is left out elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gevent.event
import pytest

from loadtests.monitoring import process
from loadtests.recording.writer import Observation

EVERYWHERE = {"cpu_percent", "loop_lag_ms", "memory_mib", "resent"}


@pytest.mark.parametrize(
    ("schedstat", "wanted"),
    [("5 7000000 3\n", EVERYWHERE | {"waiting_percent"}), (None, EVERYWHERE)],
    ids=["Linux", "elsewhere"],
)
def test_the_wait_for_a_core_is_observed_where_the_system_tells_it(
    schedstat: str | None, wanted: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "schedstat"
    if schedstat is not None:
        file.write_text(schedstat)
    monkeypatch.setattr(process, "SCHEDSTAT", file)
    monkeypatch.setattr(process, "PERIOD_S", 0.01)
    observed: gevent.event.AsyncResult[set[str]] = gevent.event.AsyncResult()

    def observe(observations: Sequence[Observation]) -> None:
        observed.set({observation.name for observation in observations})

    monitor = process.ProcessMonitor(observe, "generator", lambda: {"resent": 0.0})
    try:
        assert observed.get(timeout=240) == wanted
    finally:
        monitor.stop()
