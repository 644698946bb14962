"""Measures what recording one request costs: build its row, pack it, seal the batch, decode and write it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np

from loadtests.recording.recorder import BATCH_ROWS, Recorder
from loadtests.recording.row import SampleRow
from loadtests.recording.writer import RunWriter
from reports.data.facts import Facts, Stage

ROWS: Final = 100 * BATCH_ROWS
STAGES: Final = (Stage("all", 0.0, 1e9),)
RATE: Final = 40_000.0


def measure_recording_us() -> float:
    """Return the processor time per row in microseconds, from the event listener to the file.

    The cost of the measuring loop is subtracted. Live figures are not included.
    """
    latencies_ms = np.random.default_rng(1).lognormal(0.0, 0.5, BATCH_ROWS).tolist()
    return (_all(latencies_ms) - _loop(latencies_ms)) / ROWS * 1e6


def _all(latencies_ms: list[float]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        recording = RunWriter(Path(folder), _facts())
        recorder = Recorder(["prediction"])
        recorder.sink = lambda raw: recording.append(raw, recorder.endpoints, 0)
        began = process_time()
        for number in range(ROWS):
            at_s, latency_ms = number / RATE, latencies_ms[number % BATCH_ROWS]
            recorder.on_request(
                request_type="POST",
                name="prediction",
                response_time=latency_ms,
                response_length=20,
                exception=None,
                context=None,
                sample=SampleRow(at_s, at_s, latency_ms, latency_ms, 0, 0, 0, 200, 1, 300, 150),
            )
        recorder.seal()
        took = process_time() - began
        recording.close(recording.facts)
    return took


def _loop(latencies_ms: list[float]) -> float:
    began = process_time()
    for number in range(ROWS):
        _, _ = number / RATE, latencies_ms[number % BATCH_ROWS]
    return process_time() - began


def _facts() -> Facts:
    return Facts(
        scenario="recording",
        description="",
        model="closed",
        host="",
        started_at="",
        stages=STAGES,
        objectives=(),
    )
