"""The run under way: what the disk refuses is told, and ends it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest

from loadtests.recording.row import ROW_DTYPE
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import Observation, RunWriter
from reports.data.facts import Facts, Stage
from reports.data.folder import read_run

RAW = bytes(ROW_DTYPE.itemsize * 3)


@pytest.fixture
def run(tmp_path: Path) -> tuple[RunRecording, list[str]]:
    """A run of one stage, and what it called when it broke."""
    facts = Facts(
        "short", "", "closed", "http://127.0.0.1:1", "", (Stage("all", 0.0, 10.0),), (), planned_s=10.0
    )
    ended: list[str] = []
    return RunRecording(tmp_path, facts, (), lambda: 2, lambda: ended.append("ended")), ended


def test_a_run_that_is_stopped_before_its_start_can_be_read(run: tuple[RunRecording, list[str]]) -> None:
    """Workers agree on a start that lies ahead."""
    going, _ = run
    going.started = perf_counter() + 60.0
    going.close("SIGTERM", lambda *_: None)
    assert read_run(going.folder).facts.ended_s == 0.0


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_rows_are_counted_as_they_come(run: tuple[RunRecording, list[str]]) -> None:
    going, ended = run
    assert going.record(RAW, ["prediction"]) == 3
    going.close(None, lambda requests, _: requests / 6)
    assert (going.requests, going.facts.offered, going.facts.faults, ended) == (3, 0.5, (), [])


@pytest.mark.parametrize(
    ("method", "act", "what", "missing"),
    [
        (
            "append",
            lambda run: run.record(RAW, ["prediction"]),
            "samples",
            ["6 requests could not be recorded"],
        ),
        ("observe", lambda run: run.observe([Observation("generator", "users", 1.0)]), "telemetry", []),
    ],
)
def test_a_full_disk_faults_the_run_once_and_ends_it(
    run: tuple[RunRecording, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    act: Callable[[RunRecording], object],
    what: str,
    missing: list[str],
) -> None:
    """What was written before stays; the verdict will be invalid, with the reason."""
    going, ended = run
    going.record(RAW, ["prediction"])
    monkeypatch.setattr(RunWriter, method, full)
    act(going)
    act(going)
    monkeypatch.undo()
    going.close(None, lambda *_: None)
    reason = f"{what} could not be written to {going.folder}: No space left on device"
    assert going.facts.faults == (reason, *missing)
    assert ended == ["ended"]
    assert going.requests == 3
