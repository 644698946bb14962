"""Tells of slow requests while a run goes on: the first ones each, then how many more there were."""

from __future__ import annotations

import sys
from functools import partial
from typing import Final, TextIO

import numpy as np

from loadtests.recording.run import RunRecording
from loadtests.recording.sample_writer import SampleBatch
from loadtests.session.listeners import SessionListener
from reports.data.quantities import format_count, format_number
from reports.data.samples import OUTCOMES
from reports.rendering.streams import can_redraw

MOST_TOLD: Final = 20
PERIOD_S: Final = 10.0


class SlowLog(SessionListener):
    """Writes a line for each of the first twenty requests of a run that took at least `slow_ms`.

    Of the others a line tells every ten seconds how many there were, so that a service in trouble fills no
    terminal and no log. The last line counts all of them.
    """

    def __init__(self, slow_ms: float, out: TextIO | None = None) -> None:
        """`out` is standard error unless another one is given."""
        self._slow_ms = slow_ms
        self._out = sys.stderr if out is None else out
        self._erase = "\r\033[K" if can_redraw(self._out) else ""

    def run_opened(self, run: RunRecording) -> None:
        """Tell of the requests of this run from now on."""
        self._sent = self._count = self._untold = 0
        self._worst_ms = self._worst_untold_ms = 0.0
        self._due_s = 0.0
        run.add_batch_listener(partial(self._take, run))

    def run_recorded(self, _: RunRecording) -> None:
        """Tell how many there were in all."""
        if not self._count:
            self._write(f"no request took {self._limit} or more")
            return
        of_all = format_count(self._sent, "request")
        self._write(
            f"{self._count:,} of {of_all} took {self._limit} or more, up to {_write_ms(self._worst_ms)}"
        )

    @property
    def _limit(self) -> str:
        return _write_ms(self._slow_ms)

    def _take(self, run: RunRecording, batch: SampleBatch) -> None:
        self._sent += int(np.count_nonzero(np.isfinite(batch.rows["latency_ms"])))
        rows = batch.rows[batch.rows["latency_ms"] >= self._slow_ms]  # not true of NaN: dropped, never sent
        if len(rows):
            told = max(0, MOST_TOLD - self._count)
            for row in rows[:told]:
                self._write(_describe_row(row, batch.endpoints[row["endpoint"]]))
            self._count += len(rows)
            self._worst_ms = max(self._worst_ms, float(rows["latency_ms"].max()))
            if len(untold := rows[told:]):
                self._untold += len(untold)
                self._worst_untold_ms = max(self._worst_untold_ms, float(untold["latency_ms"].max()))
        if self._untold and run.elapsed_s >= self._due_s:
            self._write(
                f"{self._untold:,} more took {self._limit} or more, up to {_write_ms(self._worst_untold_ms)}"
            )
            self._untold, self._worst_untold_ms = 0, 0.0
            self._due_s = run.elapsed_s + PERIOD_S

    def _write(self, sentence: str) -> None:
        self._out.write(f"{self._erase}slow: {sentence}\n")
        self._out.flush()


def _describe_row(row: np.void, endpoint: str) -> str:
    """`812 ms, prediction, ok 200, 12.3 s into the run, service time 40 ms, trace 4bf9…`."""
    outcome, status = OUTCOMES[row["outcome"]], int(row["status"])
    parts = [
        _write_ms(row["latency_ms"]),
        endpoint,
        f"{outcome} {status}" if status else outcome,
        f"{float(row['intended_s']):.1f} s into the run",
    ]
    if row["service_ms"] != row["latency_ms"] and np.isfinite(row["service_ms"]):
        parts.append(f"service time {_write_ms(row['service_ms'])}")
    if row["trace_id"].any():
        parts.append(f"trace {row['trace_id'].tobytes().hex()}")
    return ", ".join(parts)


def _write_ms(value: float) -> str:
    return f"{format_number(float(value))} ms"
