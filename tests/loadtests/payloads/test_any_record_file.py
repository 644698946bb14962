"""Files of records with any bytes changed: their records are read, or a sentence names the file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from loadtests.payloads.bodies import encode_json
from loadtests.payloads.record_batches import check_records, count_records
from loadtests.payloads.record_files import read_records
from tests.loadtests.any_bytes import mutate_bytes

ROWS = [{"n": number, "name": f"name {number}", "x": number / 4, "tags": [number]} for number in range(12)]


def write_parquet() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=5)
    return file.getvalue()


GOOD = {
    "jsonl": b"\n".join(json.dumps(row).encode() for row in ROWS),
    "csv": b"n,name,x\n" + b"".join(b'%d,"name, %d",%d.5\n' % (n, n, n) for n in range(12)),
    "parquet": write_parquet(),
}
PIECES = (
    *(
        b"\n",
        b"\r\n",
        b'"',
        b"\0",
        b"\xff",
        b",",
        b"{",
        b"[" * 2_000,
        b"NaN",
        b"1e999",
        b"9" * 5_000,
        b"\\ud800",
    ),
    *(b"\xef\xbb\xbf", b"PAR1", b"n,n\n", b"2026-01-02", b"true", b"null"),
)


@pytest.mark.parametrize("kind", GOOD)
@settings(max_examples=80)
@given(data=st.data())
def test_any_file_holds_records_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """What was found in order by the check has as many records as are counted, and all can be encoded."""
    file = tmp_path_factory.mktemp("any") / f"rows.{kind}"
    file.write_bytes(data.draw(mutate_bytes([GOOD[kind]], PIECES) | st.binary(max_size=40)))
    told, records = read(file)
    if records is None:
        assert str(file) in told
        assert "\n" not in told
    else:
        assert len(records) == count_records(file)
        assert all(map(encode_json, records))


def read(file: Path) -> tuple[str, list[Any] | None]:
    """What is said of a file, and its records if they can be read."""
    try:
        check_records(file)
        return "", read_records(file)
    except ValueError as error:
        return str(error), None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", b"1\n" + b"[" * 1_000_000, "line 2: a value that is nested too deep"),
        ("b.jsonl", b"9" * 5_000, "line 1: no JSON value: Exceeds the limit"),
        ("c.csv", b"n,name\n1,\x80\n", "the column 'name' holds what is no UTF-8 text"),
        ("d.csv", b"n,\x80\n1,2\n", "can't be read: 'utf-8' codec can't decode"),
        ("e.parquet", GOOD["parquet"][:-9], "can't be read: "),
    ],
)
def test_a_file_that_holds_no_records_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    said, records = read(tmp_path / name)
    assert records is None
    assert said.startswith(str(tmp_path / name))
    assert told in said
