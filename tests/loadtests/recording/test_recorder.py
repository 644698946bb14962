"""Rows are packed, sealed in batches, and come out of the folder as they went in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.recording.recorder import BATCH_ROWS, Recorder, classify_event
from loadtests.recording.row import KIND_CODES, OUTCOME_CODES, ROW_BYTES, ROW_DTYPE, SampleRow
from loadtests.recording.sample_writer import SampleWriter
from loadtests.recording.writer import Observation, RunWriter, make_folder, point_latest
from reports.data.facts import Facts, Stage
from reports.data.folder import read_run

STAGES = (Stage("low", 0.0, 1.0), Stage("high", 1.0, 2.0))


def row(intended_s: float = 0.5, **changes: Any) -> SampleRow:
    values: dict[str, Any] = {
        "intended_s": intended_s,
        "sent_s": intended_s,
        "latency_ms": 12.345678,
        "service_ms": 12.3,
        "endpoint": 0,
        "outcome": OUTCOME_CODES["ok"],
        "kind": KIND_CODES["realistic"],
        "status": 200,
        "rows": 1,
        "request_bytes": 300,
        "response_bytes": 150,
    }
    return SampleRow(**(values | changes))


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "scenario": "short",
        "description": "",
        "model": "closed",
        "host": "http://127.0.0.1:1",
        "started_at": "2026-01-01T00:00:00+00:00",
        "stages": STAGES,
        "objectives": (),
        "planned_s": 2.0,
    }
    return Facts(**(values | changes))


def test_a_full_batch_is_handed_on_and_the_rest_when_sealed() -> None:
    sealed: list[bytes] = []
    recorder = Recorder(["prediction"], sealed.append)
    for number in range(BATCH_ROWS + 3):
        recorder.record(row(number / 1000))
    assert [len(raw) // ROW_BYTES for raw in sealed] == [BATCH_ROWS]
    recorder.seal()
    recorder.seal()
    assert [len(raw) // ROW_BYTES for raw in sealed] == [BATCH_ROWS, 3]
    assert recorder.recorded == BATCH_ROWS + 3
    assert np.frombuffer(sealed[1], ROW_DTYPE)["intended_s"][-1] == pytest.approx(4.098)


def recorded(folder: Path, rows: list[SampleRow], endpoints: list[str]) -> RunWriter:
    recording = RunWriter(folder, facts())
    recorder = Recorder(endpoints, lambda raw: recording.append(raw, recorder.endpoints, 0))
    for each in rows:
        recorder.record(each)
    recorder.seal()
    return recording


def test_a_row_survives_the_way_through_the_folder(tmp_path: Path) -> None:
    rows = [
        row(0.25, queue_ms=1.5, inference_ms=0.5, batch_size=17.0),
        row(
            1.0, outcome=OUTCOME_CODES["timeout"], status=0, kind=KIND_CODES["boundary"], endpoint=1, rows=10
        ),
        row(1.5, sent_s=math.nan, latency_ms=math.nan, service_ms=math.nan, outcome=OUTCOME_CODES["dropped"]),
    ]
    recording = recorded(tmp_path, rows, ["prediction", "batch"])
    recording.close(facts(ended_s=2.0))
    samples = read_run(tmp_path).samples
    assert samples.intended_s.tolist() == [0.25, 1.0, 1.5]
    assert samples.latency_ms.tolist() == pytest.approx([12.345678, 12.345678, math.nan], nan_ok=True)
    assert samples.stage.decode().tolist() == ["low", "high", "high"], "a stage begins on its first instant"
    assert samples.endpoint.decode().tolist() == ["prediction", "batch", "prediction"]
    assert samples.outcome.decode().tolist() == ["ok", "timeout", "dropped"]
    assert samples.kind.decode().tolist() == ["realistic", "boundary", "realistic"]
    assert samples.rows.tolist() == [1, 10, 1]
    assert samples.queue_ms.tolist() == pytest.approx([1.5, math.nan, math.nan], nan_ok=True)
    assert samples.batch_size.tolist() == pytest.approx([17.0, math.nan, math.nan], nan_ok=True)
    assert np.isnan(samples.sent_s[2])


def test_what_was_sealed_is_readable_before_the_run_is_closed(tmp_path: Path) -> None:
    """As after a crash: no end of stream was written."""
    recording = recorded(tmp_path, [row(), row(1.5)], ["prediction"])
    recording.observe(0.5, [Observation("generator", "users", 2.0)])
    run = read_run(tmp_path)
    assert len(run.samples) == 2
    assert run.facts.ended_s is None
    assert run.telemetry.select_series("users")[1].tolist() == [2.0]
    recording.close(facts())


def test_endpoints_that_appear_later_keep_their_names(tmp_path: Path) -> None:
    """Requests of user classes that extend the suite bear names no scenario knows."""
    recording = RunWriter(tmp_path, facts())
    recorder = Recorder(["prediction"], lambda raw: recording.append(raw, recorder.endpoints, 0))
    recorder.on_request(name="prediction", response_time=1.0, response_length=2, sample=row())
    recorder.seal()
    recorder.on_request(name="/login", response_time=5.0, response_length=20)
    recorder.seal()
    recording.close(facts(ended_s=2.0))
    samples = read_run(tmp_path).samples
    assert sorted(samples.endpoint.decode().tolist()) == ["/login", "prediction"]
    assert samples.latency_ms[samples.endpoint.equal("/login")].tolist() == [5.0]


class Status:
    def __init__(self, code: int) -> None:
        self.status_code = code


@pytest.mark.parametrize(
    ("status", "exception", "outcome"),
    [
        (200, None, "ok"),
        (404, Exception("404"), "http_4xx"),
        (500, Exception("500"), "http_5xx"),
        (200, Exception("no such field"), "invalid_reply"),
        (0, TimeoutError("timed out"), "timeout"),
        (0, ConnectionResetError(104, "Connection reset by peer"), "reset"),
        (0, ConnectionRefusedError(111, "Connection refused"), "refused"),
    ],
)
def test_a_foreign_clients_event_gets_an_outcome(
    status: int, exception: Exception | None, outcome: str
) -> None:
    assert classify_event(status, exception) == outcome


def test_a_folder_is_never_shared_and_latest_leads_to_the_newest(tmp_path: Path) -> None:
    first, second = (make_folder(tmp_path / "results", "staged") for _ in range(2))
    assert first != second
    for folder in (first, second):
        point_latest(folder)
        assert (tmp_path / "results" / "latest").resolve() == folder


@pytest.mark.parametrize("spoiled", ["loop", "file", "folder"])
def test_a_spoiled_latest_is_replaced_or_told(tmp_path: Path, spoiled: str) -> None:
    folder, latest = make_folder(tmp_path, "staged"), tmp_path / "latest"
    match spoiled:
        case "loop":
            latest.symlink_to("latest")
        case "file":
            latest.touch()
        case "folder":
            latest.mkdir()
    if spoiled == "folder":
        with pytest.raises(OSError, match=r"can't lead to the newest run \(it is a folder\): move it away"):
            point_latest(folder)
    else:
        point_latest(folder)
        assert latest.resolve() == folder
    assert set(tmp_path.iterdir()) == {folder, latest}


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [row()], ["prediction"])
    recording.close(facts(ended_s=2.0))
    recording.close(facts(ended_s=99.0))
    assert read_run(tmp_path).facts.ended_s == 2.0


def test_a_writer_counts_what_it_wrote(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path / "samples.arrows", STAGES)
    recorder = Recorder(["prediction"], lambda raw: writer.append(raw, recorder.endpoints, 0))
    for _ in range(5):
        recorder.record(row())
    recorder.seal()
    assert writer.written == 5
    writer.close()
