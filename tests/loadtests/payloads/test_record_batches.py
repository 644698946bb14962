"""Files are read batch by batch, and give the same records as if they were read at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, parquet

from loadtests.payloads import record_batches
from loadtests.payloads.record_batches import check_records, count_records, read_batches
from loadtests.payloads.record_files import read_records

ROWS = 5_000


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of 5,000 records with a number, a text and a fraction."""
    rows = [{"n": number, "name": f"name {number}", "x": number / 4} for number in range(ROWS)]
    path = tmp_path / f"rows.{request.param}"
    match request.param:
        case "jsonl":
            path.write_text("".join(f"{json.dumps(row)}\n{'' if row['n'] % 7 else chr(10)}" for row in rows))
        case "csv":
            csv.write_csv(pa.Table.from_pylist(rows), path)
        case "parquet":
            parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=1_700)
    return path


def test_batches_are_the_whole_file_in_order(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_batches, "BATCH_BYTES", 20_000)
    batches = list(read_batches(file))
    found = [record for batch in batches for record in batch.decode(range(len(batch)))]
    assert len(batches) > 3
    assert [record.row for record in found] == list(range(ROWS)) == [record.value["n"] for record in found]
    assert count_records(file) == ROWS
    assert read_records(file, 3)[2] == {"n": 2, "name": "name 2", "x": 0.5}


def test_any_places_of_a_batch_are_decoded(file: Path) -> None:
    batch = next(read_batches(file))
    places = [0, 5, 5, 63, 64, 200]
    assert [record.value["n"] for record in batch.decode(places)] == places


CELLS = st.sampled_from(["", "1", "-3", "2.5", "true", "2026-01-02", "2026-01-02 03:04:05", "ulm", "007"])


@given(cells=st.lists(CELLS, min_size=1, max_size=12))
def test_columns_have_the_types_that_fit_all_rows(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    """A column that turns out to be text in the middle of the file is text from its first row on."""
    path = tmp_path_factory.mktemp("types") / "cells.csv"
    path.write_text("\n".join(["key,cell", *(f"k,{cell}" for cell in cells)]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_batches, "SCANNED_BYTES", 1)
        assert read_records(path) == csv.read_csv(path).to_pylist()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"x": 1}\n\n{"x":\n', r"a\.jsonl, line 3: no JSON value: Expecting value"),
        ("a.jsonl", b'{"x": "\xff"}\n', r"a\.jsonl, line 1: no UTF-8 text"),
        ("a.jsonl", b"\n \n", r"a\.jsonl: holds no record"),
        ("a.csv", b"", r"a\.csv: holds no record"),
        ("a.csv", b"x,y\n1,2\n3\n", r"a\.csv: can't be read: CSV parse error"),
        ("a.parquet", b"nothing", r"a\.parquet: can't be read: "),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        check_records(tmp_path / name)


def test_a_file_that_has_changed_is_counted_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    counts: list[Any] = []
    for records in (1, 3):
        path.write_text("{}\n" * records)
        counts.append(count_records(path))
    assert counts == [1, 3]
