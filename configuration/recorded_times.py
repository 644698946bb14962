"""Reads when requests arrived: the time column of a .jsonl, .csv or .parquet file, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from reports.data.columns import decode_numbers
from shapes.composition import Floats

_UTC_US: Final = pa.timestamp("us", tz="UTC")
_TEXT_TYPES: Final = (pa.float64(), pa.timestamp("us"), _UTC_US)
"""What the texts of a time column may be, in the order in which it is tried."""


def read_recorded_times(file: Path, column: str) -> Floats:
    """Seconds since the first arrival, one for each record of a file, ascending.

    Times are numbers of seconds, or dates with times (ISO 8601); those without a zone count as UTC. All of
    them are held in memory, 8 bytes each. ValueError says what is wrong with the file, and in which row.
    """
    try:
        state = file.stat()
        return _read_times(file, column, state.st_mtime_ns, state.st_size)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{file.name} can't be read: {str(error).splitlines()[0]}") from None


@lru_cache(maxsize=8)
def _read_times(file: Path, column: str, _changed_ns: int, _size: int) -> Floats:
    read = {".jsonl": _read_lines, ".csv": _read_csv, ".parquet": _read_parquet}[file.suffix]
    times = np.concatenate([np.empty(0), *read(file, column)])
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0]) + 1
        raise ValueError(f"{file.name}, record {row}: {column!r} is no time")
    if len(times) < 2 or times[0] == times[-1]:
        raise ValueError(f"{file.name}: the times in {column!r} are fewer than two, or all the same")
    if (earlier := np.flatnonzero(np.diff(times) < 0)).size:
        row = int(earlier[0]) + 2
        raise ValueError(
            f"{file.name}, record {row}: earlier than the one before it; sort the file by {column!r}"
        )
    found: Floats = times - times[0]
    found.flags.writeable = False
    return found


def _read_lines(file: Path, column: str) -> Iterator[Floats]:
    number = 0
    with file.open("rb") as stream:
        while lines := stream.readlines(2**20):
            times = []
            for number, line in enumerate(lines, number + 1):  # noqa: B020 - counts on
                if not line.isspace():
                    times.append(_read_time(line, column, f"{file.name}, line {number}"))
            yield np.array(times, dtype=np.float64)


def _read_time(line: bytes, column: str, where: str) -> float:
    try:
        record = json.loads(line)
    except ValueError:
        raise ValueError(f"{where}: no JSON value") from None
    value = record.get(column) if isinstance(record, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{where}: {column!r} holds no time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _read_csv(file: Path, column: str) -> Iterator[Floats]:
    texts = csv.ConvertOptions(
        column_types={column: pa.string()}, include_columns=[column], strings_can_be_null=True
    )
    with csv.open_csv(file, csv.ReadOptions(use_threads=False), None, texts) as batches:
        for batch in batches:
            yield _convert(batch.column(0), file, column)


def _read_parquet(file: Path, column: str) -> Iterator[Floats]:
    with parquet.ParquetFile(file, pre_buffer=False) as table:
        if column not in table.schema_arrow.names:
            names = ", ".join(table.schema_arrow.names)
            raise ValueError(f"{file.name} has no column {column!r}, but {names}")
        for batch in table.iter_batches(columns=[column], use_threads=False):
            yield _convert(batch.column(0), file, column)


def _convert(values: Any, file: Path, column: str) -> Floats:
    """Seconds, NaN for what is missing."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = _parse_texts(values)
    if pa.types.is_timestamp(values.type):
        zone = values.type.tz
        seconds = _to_floats(values.cast(pa.timestamp("us", tz=zone)).cast(pa.int64())) / 1e6
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        seconds = _to_floats(values)
    else:
        raise ValueError(f"{file.name}: {column!r} holds values of the type {values.type}, no times")
    return seconds


def _parse_texts(values: Any) -> Any:
    for kind in _TEXT_TYPES:
        try:
            return pc.cast(values, kind)
        except pa.ArrowInvalid:
            continue
    return pc.cast(pa.nulls(len(values)), pa.float64())


def _to_floats(values: Any) -> Floats:
    column = pa.chunked_array([values.cast(pa.float64(), safe=False)])
    return np.array(decode_numbers(column), dtype=np.float64)
