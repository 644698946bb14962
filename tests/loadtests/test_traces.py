"""A request that the service traced is found in the report by its trace's id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests._recorder import BATCH_ROWS, Recorder, Row
from loadtests._recording import Recording
from loadtests._replies import server_timing
from reports.facts import Facts, Stage
from reports.folder import compact, read_run

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TIMES = "queue;dur=0.5, inference;dur=0.25"


def told(trace: str, flags: str = "01") -> bytes:
    return f'{TIMES}, traceparent;desc="00-{trace}-{SPAN}-{flags}"'.encode()


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [
        pytest.param(told(TRACE), TRACE, id="sampled"),
        pytest.param(told(TRACE, "03"), TRACE, id="sampled, with a flag of a later version"),
        pytest.param(told(TRACE).replace(b'"', b""), TRACE, id="without quotes"),
        pytest.param(told(TRACE, "00"), "", id="a trace that nobody keeps"),
        pytest.param(told(TRACE[:-1]), "", id="too short"),
        pytest.param(told("x" * 32), "", id="no digits"),
        pytest.param(TIMES.encode(), "", id="not traced"),
        pytest.param(None, "", id="no header"),
    ],
)
def test_a_reply_names_the_trace_in_which_it_is_kept(header: bytes | None, trace_id: str) -> None:
    assert server_timing(header)[3].hex() == trace_id


def test_an_entry_that_makes_no_sense_spoils_no_other() -> None:
    assert server_timing(told("x" * 32))[:2] == (0.5, 0.25)


def row(number: int, trace_id: bytes = b"") -> Row:
    return Row(number / 1000, number / 1000, 5.0, 5.0, 0, 0, 0, 200, 1, 300, 150, trace_id=trace_id)


def facts(**changes: Any) -> Facts:
    return Facts("traced", "", "closed", "http://127.0.0.1:1", "", (Stage("all", 0.0, 60.0),), (), **changes)


def test_ids_stay_beside_their_requests_from_the_row_to_the_report(tmp_path: Path) -> None:
    """One request in three is traced in the first batch, none in the second; the ids' last bytes differ."""
    recording = Recording(tmp_path, facts())
    recorder = Recorder(["prediction"], lambda raw: recording.append(raw, ["prediction"], 0))
    ids = {number: f"{number + 1:032x}" for number in range(0, BATCH_ROWS, 3)}
    for number in range(2 * BATCH_ROWS):
        recorder.record(row(number, bytes.fromhex(ids.get(number, ""))))
    recording.close(facts(ended_s=10.0))
    expected = [ids.get(number) for number in range(2 * BATCH_ROWS)]
    assert read_run(tmp_path).samples.trace_id.tolist() == expected
    compact(tmp_path)
    assert (tmp_path / "samples.parquet").exists()
    assert read_run(tmp_path).samples.trace_id.tolist() == expected
