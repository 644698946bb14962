"""Reads and checks the records of files: JSON Lines, CSV, Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from configuration.errors import ConfigurationError
from configuration.payload import PluginRecords, RecordFile, RecordsLike
from configuration.scenario import Scenario
from loadtests.payloads.plugins import check_plugin
from loadtests.payloads.record_batches import check_records, read_batches


def read_records(file: Path, most: int | None = None) -> list[Any]:
    """The records of a file, or the first `most`: JSON values of its lines, or mappings of its columns.

    ValueError says what is wrong with the file, and on which line.
    """
    records = list(islice(_iterate(file), most))
    if not records:
        raise ValueError(f"{file}: holds no record")
    return records


def _iterate(file: Path) -> Iterator[Any]:
    for batch in read_batches(file):
        for record in batch.decode(range(len(batch))):
            yield record.value


def check_files(scenario: Scenario) -> None:
    """Raise ConfigurationError unless the record files and plug-ins of a scenario give records."""
    for endpoint in scenario.traffic.all_endpoints:
        if endpoint.payload is None:
            continue
        source = endpoint.payload.source
        try:
            if isinstance(source, RecordFile | RecordsLike):
                check_records(source.file)
            elif isinstance(source, PluginRecords):
                check_plugin(source, endpoint.payload.kinds)
        except (ValueError, OSError) as error:
            raise ConfigurationError(str(error)) from None
