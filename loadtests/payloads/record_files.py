"""Reads and checks the records of files: JSON Lines, CSV, Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from configuration.endpoint import Endpoint
from configuration.errors import ConfigurationError
from configuration.payload import Payload, PluginRecords, RecordFile, RecordsLike
from configuration.scenario import Scenario
from loadtests.payloads.plugins import check_plugin
from loadtests.payloads.record_batches import check_records, read_batches
from loadtests.payloads.templates import list_names


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


def refuse_replay(endpoint: Endpoint) -> None:
    """ValueError if requests of a journey, which are made any number of times, are to replay a file."""
    source = None if endpoint.payload is None else endpoint.payload.source
    if isinstance(source, RecordFile) and source.order == "replay":
        raise ValueError(
            f"the endpoint {endpoint.name!r} can't replay {source.file.name}: its requests "
            "depend on earlier replies and may be made any number of times; say order: cycled"
        )


def check_files(scenario: Scenario) -> None:
    """Raise ConfigurationError unless the record files and plug-ins of a scenario give records to send."""
    traffic = scenario.traffic
    from_login = {name for step in traffic.login for name in step.take}
    try:
        for endpoint in traffic.all_endpoints:
            if endpoint.payload is not None:
                _check_source(endpoint.payload)
            if endpoint not in traffic.endpoints or not from_login.isdisjoint(_list_names(endpoint)):
                refuse_replay(endpoint)
    except (ValueError, OSError) as error:
        raise ConfigurationError(str(error)) from None


def _check_source(payload: Payload) -> None:
    source = payload.source
    if isinstance(source, RecordFile | RecordsLike):
        check_records(source.file)
    elif isinstance(source, PluginRecords):
        check_plugin(source, payload.kinds)


def _list_names(endpoint: Endpoint) -> list[str]:
    """The names of the placeholders in path, headers and template."""
    template = None if endpoint.payload is None else endpoint.payload.template
    return list(list_names([endpoint.path, list(endpoint.headers.values()), template]))
