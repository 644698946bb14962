"""Reads files of records a batch at a time, so that a file may be larger than memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import pyarrow as pa
from pyarrow import csv, parquet

BATCH_BYTES: Final = 2**18
"""About so much of a file is in a batch; a longer line or row makes a batch of its own."""
BATCH_ROWS: Final = 1_024
DECODED_ROWS: Final = 64
"""Rows of a table that are made records at a time: well below a millisecond."""
SCANNED_BYTES: Final = 2**24
UNREADABLE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises of a file that is damaged; of names of columns that are no UTF-8, the last."""
CHECKED_BYTES: Final = 2**26
"""So much of a file is read before the run to find what is wrong with it."""


class NumberedRecord(NamedTuple):
    """A record and its row in the file, from 0."""

    row: int
    value: Any


class RecordBatch(Protocol):
    """Some records of a file, in order, not yet decoded."""

    @property
    def first(self) -> int:
        """The row of the first one in the file, from 0."""

    @property
    def size_bytes(self) -> int:
        """What it takes of memory, about."""

    def __len__(self) -> int: ...

    def decode(self, places: Iterable[int]) -> Iterator[NumberedRecord]:
        """The records at ascending places in this batch, from 0, decoded one after the other.

        ValueError says what is wrong with one, and on which line.
        """


@dataclass(frozen=True)
class LineBatch:
    """Lines of JSON, with their numbers in the file."""

    file: Path
    first: int
    lines: list[tuple[int, bytes]]

    @property
    def size_bytes(self) -> int:
        """See `RecordBatch`."""
        return sum(len(line) for _, line in self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def decode(self, places: Iterable[int]) -> Iterator[NumberedRecord]:
        """See `RecordBatch`."""
        for place in places:
            number, line = self.lines[place]
            try:
                yield NumberedRecord(self.first + place, json.loads(line))
            except UnicodeDecodeError:
                raise ValueError(f"{self.file}, line {number}: no UTF-8 text") from None
            except json.JSONDecodeError as error:
                raise ValueError(f"{self.file}, line {number}: no JSON value: {error.msg}") from None
            except RecursionError:
                raise ValueError(f"{self.file}, line {number}: a value that is nested too deep") from None
            except ValueError as error:  # a number with thousands of digits
                raise ValueError(f"{self.file}, line {number}: no JSON value: {error}") from None


@dataclass(frozen=True)
class TableBatch:
    """Rows of a table; a record is a mapping of its columns."""

    file: Path
    first: int
    rows: pa.RecordBatch

    @property
    def size_bytes(self) -> int:
        """See `RecordBatch`."""
        return int(self.rows.nbytes)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def decode(self, places: Iterable[int]) -> Iterator[NumberedRecord]:
        """See `RecordBatch`."""
        for _, group in groupby(places, lambda place: place // DECODED_ROWS):
            near = list(group)
            try:
                values = self.rows.slice(near[0], near[-1] - near[0] + 1).to_pylist()
            except (ValueError, OverflowError, pa.ArrowException) as error:  # no UTF-8 text, no date
                raise _describe_unreadable(self.file, error) from None
            for place in near:
                yield NumberedRecord(self.first + place, values[place - near[0]])


def read_batches(file: Path) -> Iterator[RecordBatch]:
    """The records of a .jsonl, .csv or .parquet file, in order, batch by batch; one batch is held at a time.

    A Parquet file is read a row group at a time. ValueError says what is wrong with the file.
    """
    if file.suffix == ".jsonl":
        yield from _read_lines(file)
        return
    first = 0
    try:
        for rows in _read_csv(file) if file.suffix == ".csv" else _read_parquet(file):
            if rows.num_rows:
                yield TableBatch(file, first, rows)
                first += rows.num_rows
    except UNREADABLE as error:
        raise _describe_unreadable(file, error) from None


def count_records(file: Path) -> int:
    """How many records a file holds; it is scanned once, a Parquet file says so itself."""
    return _scan(file).records


def check_records(file: Path) -> None:
    """ValueError unless a file holds records, and its first 64 MiB can be read."""
    if not count_records(file):
        raise ValueError(f"{file}: holds no record")
    checked = 0
    for batch in read_batches(file):
        for _ in batch.decode(range(len(batch))):
            pass
        checked += batch.size_bytes
        if checked >= CHECKED_BYTES:
            return


class _Scan(NamedTuple):
    records: int
    schema: pa.Schema | None = None


def _scan(file: Path) -> _Scan:
    """What has to be known of a file before it is read; found once in a process, unless the file changes."""
    try:
        state = file.stat()
    except OSError as error:
        raise _describe_unreadable(file, error) from None
    return _scan_state(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _scan_state(file: Path, _changed_ns: int, _size: int) -> _Scan:
    if file.suffix == ".jsonl":
        return _Scan(sum(map(len, _read_lines(file))))
    try:
        if file.suffix == ".parquet":
            return _Scan(parquet.read_metadata(file).num_rows)
        return _scan_csv(file)
    except UNREADABLE as error:
        raise _describe_unreadable(file, error) from None


def _scan_csv(file: Path) -> _Scan:
    """Rows, and types that fit all of them: a stream would take those of its first block."""
    records = 0
    schemas = []
    with file.open("rb") as stream:
        header = stream.readline()
        while lines := stream.readlines(SCANNED_BYTES):
            table = csv.read_csv(io.BytesIO(header + b"".join(lines)))
            _refuse_bytes(file, table.schema)
            records += table.num_rows
            schemas.append(table.schema)
    return _Scan(records, reduce(_widen, schemas) if schemas else None)


def _refuse_bytes(file: Path, schema: pa.Schema) -> None:
    """ValueError for a column of a table of texts that pyarrow takes for bytes."""
    for column in schema:
        if pa.types.is_binary(column.type):
            raise ValueError(f"{file}: the column {column.name!r} holds what is no UTF-8 text")


def _widen(one: pa.Schema, other: pa.Schema) -> pa.Schema:
    return pa.schema(
        [(name, _widen_type(one.field(name).type, other.field(name).type)) for name in one.names]
    )


def _widen_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that pyarrow infers from the values of both."""
    types = {one, other}
    if len(types) == 1:
        return one
    if pa.null() in types:
        return other if one == pa.null() else one
    if types == {pa.int64(), pa.float64()}:
        return pa.float64()
    if all(pa.types.is_timestamp(each) or pa.types.is_date(each) for each in types):
        return pa.timestamp("ns" if pa.timestamp("ns") in types else "s")
    return pa.string()


def _read_lines(file: Path) -> Iterator[LineBatch]:
    first = read = 0
    with file.open("rb") as stream:
        while lines := stream.readlines(BATCH_BYTES):
            held = [(number, line) for number, line in enumerate(lines, read + 1) if not line.isspace()]
            read += len(lines)
            if held:
                yield LineBatch(file, first, held)
                first += len(held)


def _read_csv(file: Path) -> Iterator[pa.RecordBatch]:
    schema = _scan(file).schema
    if schema is None:
        return
    types = csv.ConvertOptions(column_types=schema)
    with csv.open_csv(file, csv.ReadOptions(use_threads=False, block_size=BATCH_BYTES), None, types) as rows:
        yield from rows


def _read_parquet(file: Path) -> Iterator[pa.RecordBatch]:
    with parquet.ParquetFile(file, pre_buffer=False) as table:
        found = table.metadata
        size = sum(found.row_group(group).total_byte_size for group in range(found.num_row_groups))
        rows = max(1, min(BATCH_ROWS, BATCH_BYTES * found.num_rows // max(size, 1)))
        yield from table.iter_batches(rows, use_threads=False)


def _describe_unreadable(file: Path, error: Exception) -> ValueError:
    return ValueError(f"{file}: can't be read: {str(error).splitlines()[0]}")
