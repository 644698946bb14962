"""What a batch shows of its rows while the run goes on is what is read from the folder afterwards."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import numpy as np

from loadtests.recording.recorder import Recorder
from loadtests.recording.row import KIND_CODES, OUTCOME_CODES, SampleRow
from loadtests.recording.sample_writer import SampleBatch, SampleWriter, view_samples
from reports.data.facts import Facts, Stage
from reports.data.folder import read_run
from reports.data.labels import Labels
from reports.data.samples import Samples

STAGES = (Stage("low", 0.0, 1.0), Stage("high", 1.0, 2.0))
FACTS = Facts("short", "", "closed", "http://127.0.0.1:1", "2026-01-01T00:00:00+00:00", STAGES, ())


def test_a_batch_is_viewed_as_the_samples_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(FACTS.to_json()))
    writer = SampleWriter(tmp_path / "samples.arrows", STAGES)
    batches: list[SampleBatch] = []
    recorder = Recorder(
        ["prediction", "batch"], lambda raw: batches.append(writer.append(raw, recorder.endpoints, 0))
    )
    codes = OUTCOME_CODES, KIND_CODES
    recorder.record(
        SampleRow(
            0.25, 0.5, 12.5, 12.25, 1, codes[0]["ok"], codes[1]["boundary"], 200, 3, 9, 8, 1.5, 2.5, 3.5
        )
    )
    recorder.record(
        SampleRow(1.5, math.nan, math.nan, math.nan, 0, codes[0]["dropped"], codes[1]["invalid"], 0, 1, 0, 0)
    )
    recorder.seal()
    writer.close()
    (batch,) = batches
    viewed, read = view_samples(batch, STAGES), read_run(tmp_path).samples
    for field in fields(Samples):
        one, other = (getattr(samples, field.name) for samples in (viewed, read))
        if isinstance(one, Labels):
            one, other = one.decode(), other.decode()
        np.testing.assert_array_equal(one, other, err_msg=field.name)
