"""What a recording keeps in memory does not grow with the hours of a run."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from loadtests.recording import run as recording
from loadtests.recording.failures import MOST_OF_A_REASON, FailureKeeper
from loadtests.recording.recorder import Recorder
from loadtests.recording.row import KIND_CODES, OUTCOME_CODES, SampleRow
from loadtests.recording.run import RunRecording
from loadtests.recording.writer import Observation
from reports.data.facts import Facts, Stage
from reports.data.failed_requests import FailedRequest
from reports.objectives.parsing import parse_objectives

HOUR_S = 3600.0
STEP_S = 30.0
ROWS_PER_STEP = 20
OBJECTIVES = ("p99 latency <= 1 s", "error rate <= 1 %", "throughput >= 1 requests/s")
SHARED = (type, ModuleType, FunctionType)
"""They belong to the program, not to the run."""


def count_reachable(root: object) -> int:
    """How many objects `root` keeps alive."""
    seen, ahead = {id(root): root}, [root]
    while ahead:
        for each in gc.get_referents(ahead.pop()):
            if id(each) not in seen and not isinstance(each, SHARED):
                seen[id(each)] = each
                ahead.append(each)
    return len(seen)


def make_feeder(tmp_path: Path, monkeypatch: Any) -> tuple[RunRecording, Callable[[float], None]]:
    """A recording, and a function that feeds it with so many hours of rows, failures and telemetry."""
    clock = {"now": 0.0}
    monkeypatch.setattr(recording, "perf_counter", lambda: clock["now"])
    facts = Facts("long", "", "open", "http://127.0.0.1:1", "", (Stage("all", 0.0, 1e6),), OBJECTIVES)
    run = RunRecording(tmp_path, facts, parse_objectives(OBJECTIVES), lambda: 1, lambda: None)
    recorder = Recorder(["prediction"])
    recorder.sink = lambda raw: run.record(raw, recorder.endpoints)
    outcomes = [OUTCOME_CODES["ok"], OUTCOME_CODES["http_5xx"]]

    def feed(hours: float) -> None:
        end_s = clock["now"] + hours * HOUR_S
        while clock["now"] < end_s:
            clock["now"] += STEP_S
            for number in range(ROWS_PER_STEP):
                at_s, latency_ms = clock["now"], 1.0 + clock["now"] % 977
                outcome = outcomes[number % 2]
                kind = KIND_CODES["realistic"]
                recorder.record(SampleRow(at_s, at_s, latency_ms, latency_ms, 0, outcome, kind, 200, 1, 1, 1))
            recorder.seal()
            run.observe([Observation("generator", "cpu_percent", clock["now"])])
            run.live.compute_totals()
            list(run.live.list_standings(clock["now"]))

    return run, feed


def test_a_recording_keeps_as_much_after_an_hour_as_after_five(tmp_path: Path, monkeypatch: Any) -> None:
    run, feed = make_feeder(tmp_path, monkeypatch)
    feed(hours=1)
    after_an_hour = count_reachable(run)
    feed(hours=4)
    assert count_reachable(run) <= after_an_hour + 10
    assert run.requests == 5 * HOUR_S / STEP_S * ROWS_PER_STEP
    run.close(None, lambda *_: None)


def test_failures_keep_the_first_of_each_reason_only() -> None:
    keeper = FailureKeeper()
    for second in range(5 * int(HOUR_S)):
        if keeper.wants(("prediction", "http_5xx", 500)):
            keeper.keep(
                FailedRequest("prediction", "realistic", "http_5xx", 500, "POST", "/", at_s=float(second))
            )
    assert len(keeper.list_kept().kept) == MOST_OF_A_REASON
