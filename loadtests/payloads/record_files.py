"""Reads the records of files: JSON Lines, CSV, Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from configuration.errors import ConfigurationError
from configuration.payload import RecordFile, RecordsLike
from configuration.scenario import Scenario


def read_records(file: Path) -> list[Any]:
    """All records of a file: JSON values of its lines, or mappings of its columns.

    ValueError says what is wrong with the file, and on which line.
    """
    records = list(_iterate(file))
    if not records:
        raise ValueError(f"{file}: holds no record")
    return records


def _iterate(file: Path) -> Iterator[Any]:
    if file.suffix == ".jsonl":
        yield from _iterate_lines(file)
        return
    try:
        table = csv.read_csv(file) if file.suffix == ".csv" else parquet.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{file}: can't be read: {str(error).splitlines()[0]}") from None
    yield from table.to_pylist()


def _iterate_lines(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise ValueError(f"{file}, line {number}: no JSON value: {error.msg}") from None


def check_files(scenario: Scenario) -> None:
    """Raise ConfigurationError unless the record files of a scenario hold records."""
    for endpoint in scenario.traffic.all_endpoints:
        if endpoint.payload is not None and isinstance(endpoint.payload.source, RecordFile | RecordsLike):
            try:
                read_records(endpoint.payload.source.file)
            except (ValueError, OSError) as error:
                raise ConfigurationError(str(error)) from None
