"""What recording a request costs: its row built, packed, sealed, decoded and written."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np

from loadtests.recording.recorder import BATCH_ROWS, Recorder
from loadtests.recording.row import SampleRow
from loadtests.recording.writer import Recording
from reports.data.facts import Facts, Stage

ROWS: Final = 100 * BATCH_ROWS
STAGES: Final = (Stage("all", 0.0, 1e9),)
RATE: Final = 40_000.0


def recording_us() -> float:
    """Microseconds of processor time a row, from the event's listener to the file, on latencies that vary.

    The loop around it is taken off; what the live figures cost is not recording, and not in it.
    """
    latencies_ms = np.random.default_rng(1).lognormal(0.0, 0.5, BATCH_ROWS).tolist()
    return (_all(latencies_ms) - _loop(latencies_ms)) / ROWS * 1e6


def _all(latencies_ms: list[float]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(Path(folder), _facts())
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
