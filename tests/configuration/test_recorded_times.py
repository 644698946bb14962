"""The time column of a recording: the same times from every kind of file, and bad ones told by their row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from configuration.recorded_times import read_recorded_times

SECONDS = [0.0, 0.25, 0.25, 3.5]
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
MOMENTS = [START + timedelta(seconds=each) for each in SECONDS]


def write(path: Path, values: list[Any]) -> Path:
    match path.suffix:
        case ".jsonl":
            quoted = [f'"{each}"' if isinstance(each, str) else str(each) for each in values]
            path.write_text("\n\n".join(f'{{"at": {each}, "x": 1}}' for each in quoted))
        case ".csv":
            path.write_text("\n".join(["x,at", *(f"1,{each}" for each in values)]))
        case ".parquet":
            parquet.write_table(pa.table({"x": [1] * len(values), "at": values}), path)
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    "values",
    [
        SECONDS,
        [1_772_352_000 + each for each in SECONDS],
        [moment.isoformat() for moment in MOMENTS],
        [moment.replace(tzinfo=None).isoformat(" ", "milliseconds") for moment in MOMENTS],
        [moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") for moment in MOMENTS],
    ],
    ids=["seconds", "epoch", "offset", "no zone", "Z"],
)
def test_times_are_seconds_since_the_first(tmp_path: Path, suffix: str, values: list[Any]) -> None:
    found = read_recorded_times(write(tmp_path / f"at.{suffix}", values), "at")
    assert found.tolist() == pytest.approx(SECONDS, abs=1e-6)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_parquet_column_may_have_any_type_of_time(tmp_path: Path, unit: str, zone: str | None) -> None:
    values = pa.array(MOMENTS, pa.timestamp("us", tz="UTC")).cast(pa.timestamp(unit, tz=zone))
    parquet.write_table(pa.table({"at": values}), tmp_path / "at.parquet")
    assert read_recorded_times(tmp_path / "at.parquet", "at").tolist() == pytest.approx(SECONDS)


@pytest.mark.parametrize(
    ("suffix", "values", "message"),
    [
        ("jsonl", [1, 3, 2], r"at\.jsonl, record 3: earlier than the one before it; sort the file by 'at'"),
        ("csv", [1, 3, 2], r"at\.csv, record 3: earlier"),
        ("csv", [1, "", 2], r"at\.csv, record 2: 'at' is no time"),
        ("csv", ["ulm", "bonn"], r"at\.csv, record 1: 'at' is no time"),
        ("jsonl", [1, "soon"], r"at\.jsonl, line 3: 'at' holds no time"),
        ("jsonl", [1, "tru"], r"at\.jsonl, line 3: 'at' holds no time"),
        ("parquet", [True, False], r"at\.parquet: 'at' holds values of the type bool, no times"),
        ("csv", [5, 5], r"at\.csv: the times in 'at' are fewer than two, or all the same"),
        ("parquet", [5.0, np.nan], r"at\.parquet, record 2: 'at' is no time"),
    ],
)
def test_a_bad_column_is_told(tmp_path: Path, suffix: str, values: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_recorded_times(write(tmp_path / f"at.{suffix}", values), "at")


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_column_that_is_not_there_is_told(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ValueError, match=r"when"):
        read_recorded_times(write(tmp_path / f"at.{suffix}", SECONDS), "when")
