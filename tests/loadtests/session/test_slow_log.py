"""Slow requests are told while a run goes on, and never more of them than anybody reads."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from loadtests.recording.row import OUTCOME_CODES, ROW_DTYPE
from loadtests.recording.run import RunRecording
from loadtests.session.slow_log import MOST_TOLD, PERIOD_S, SlowLog
from reports.data.facts import Facts, Stage
from reports.data.folder import read_run

ENDPOINTS = ("prediction", "batch")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class Going:
    """A run under way, and what was told of it."""

    run: RunRecording
    log: SlowLog
    out: io.StringIO = field(default_factory=io.StringIO)

    def record(self, latency_ms: Sequence[float], **columns: Any) -> None:
        rows = np.zeros(len(latency_ms), dtype=ROW_DTYPE)
        rows["latency_ms"] = rows["service_ms"] = latency_ms
        rows["outcome"], rows["status"] = OUTCOME_CODES["ok"], 200
        for name, values in columns.items():
            rows[name] = values
        self.run.record(rows.tobytes(), ENDPOINTS)

    def pass_time(self, seconds: float) -> None:
        """Let the run be so much older."""
        self.run.started -= seconds

    def told(self) -> list[str]:
        """What was told since the last look."""
        lines = self.out.getvalue().splitlines()
        self.out.seek(0)
        self.out.truncate()
        return lines


@pytest.fixture
def going(tmp_path: Path) -> Iterator[Going]:
    """A run that tells of requests from 500 ms on."""
    facts = Facts(
        "short", "", "open", "http://127.0.0.1:1", "", (Stage("all", 0.0, 100.0),), (), planned_s=100.0
    )
    out = io.StringIO()
    log = SlowLog(500.0, out)
    run = RunRecording(tmp_path, facts, (), lambda: 0, lambda: None)
    run.started = perf_counter()
    log.run_opened(run)
    yield Going(run, log, out)
    run.close(None, lambda *_: None)


def test_a_slow_request_is_told_with_its_outcome_its_moment_and_its_trace(going: Going) -> None:
    trace = np.frombuffer(bytes.fromhex(TRACE), dtype="<u8")
    going.record(
        [499.9, 500.0, 812.0],
        intended_s=[0.0, 1.0, 12.34],
        service_ms=[499.9, 500.0, 40.0],
        endpoint=[0, 0, 1],
        outcome=[OUTCOME_CODES[name] for name in ("ok", "ok", "shed")],
        status=[200, 200, 503],
        trace_id=[[0, 0], [0, 0], trace],
    )
    assert going.told() == [
        "slow: 500 ms, prediction, ok 200, 1.0 s into the run",
        f"slow: 812 ms, batch, shed 503, 12.3 s into the run, service time 40 ms, trace {TRACE}",
    ]


def test_what_has_no_status_has_none_told_and_what_was_never_sent_is_not_slow(going: Going) -> None:
    codes = [OUTCOME_CODES[name] for name in ("timeout", "dropped")]
    going.record([30_000.0, np.nan], outcome=codes, status=0)
    assert going.told() == ["slow: 30,000 ms, prediction, timeout, 0.0 s into the run"]
    going.log.run_recorded(going.run)
    assert going.told() == ["slow: 1 of 1 request took 500 ms or more, up to 30,000 ms"]


def test_after_the_first_twenty_only_their_number_is_told_every_ten_seconds(going: Going) -> None:
    """However many there are: 20 lines, one at once, one in each period, one at the end."""
    going.record([600.0] * (MOST_TOLD - 1))
    assert len(going.told()) == MOST_TOLD - 1
    going.record([600.0, 900.0, 700.0])
    assert going.told() == [
        "slow: 600 ms, prediction, ok 200, 0.0 s into the run",
        "slow: 2 more took 500 ms or more, up to 900 ms",
    ]
    for _ in range(100):
        going.record([800.0] * 10)
    assert going.told() == []
    going.pass_time(PERIOD_S)
    going.record([1.0])
    assert going.told() == ["slow: 1,000 more took 500 ms or more, up to 800 ms"]
    going.record([650.0])
    assert going.told() == []
    going.log.run_recorded(going.run)
    assert going.told() == ["slow: 1,023 of 1,024 requests took 500 ms or more, up to 900 ms"]


def test_the_next_run_is_counted_anew(going: Going, tmp_path: Path) -> None:
    """As in the web UI, where run follows run."""
    going.record([600.0] * 30)
    (tmp_path / "next").mkdir()
    following = RunRecording(tmp_path / "next", going.run.facts, (), lambda: 0, lambda: None)
    going.log.run_opened(following)
    going.told()
    Going(following, going.log, going.out).record([1.0])
    going.log.run_recorded(following)
    following.close(None, lambda *_: None)
    assert going.told() == ["slow: no request took 500 ms or more"]


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one process", "master and workers"])
def test_a_load_test_tells_of_slow_requests_and_its_report_counts_the_same(
    start: Callable[..., Any],
    scenario_file: Callable[..., str],
    obedient: Any,
    answer: Callable[..., Any],
    processes: tuple[str, ...],
) -> None:
    obedient.answer = lambda number: answer(delay_s=0.4 if number % 3 == 0 else 0.0)
    file = scenario_file(load="{users: [{constant: 4, for: 2s}]}")
    suite = start(
        *("loadtests", "--scenario", file, "--host", obedient.host, "--slow", "0.35s", *processes)
    ).wait()
    run = read_run(suite.folder)
    count = int((run.samples.latency_ms >= 350.0).sum())
    assert count > 0, suite.said
    each = re.findall(r"^slow: [\d,]+ ms, prediction, ok 200, ", suite.stderr, re.MULTILINE)
    assert len(each) == min(count, MOST_TOLD)
    total = f"{count:,} of {len(run.samples):,} requests"
    assert f"slow: {total} took 350 ms or more, up to" in suite.stderr
    assert total in " ".join(
        (suite.folder / "report.html").read_text().replace("\N{NO-BREAK SPACE}", " ").split()
    )
