"""Takes the records of a payload plug-in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from configuration.payload import PluginRecords
from reports.data.plugins import PluginError, describe_error, describe_plugin, load_plugin


def generate_plugin_records(source: PluginRecords, kind: str, seed: int) -> Iterator[Any]:
    """An endless stream of records of one kind; ValueError says why there are none, or no more.

    The plug-in is a function of kind, seed and options that returns records without end.
    """
    said = describe_plugin("payloads", source.plugin)
    try:
        make = load_plugin("payloads", source.plugin)
    except PluginError as error:
        raise ValueError(str(error)) from None
    count = 0
    try:
        records: Iterable[Any] = make(kind, seed, dict(source.options))
        for record in records:
            count += 1
            yield record
    except Exception as error:
        raise ValueError(f"{said} failed to make {kind} records: {describe_error(error)}") from error
    raise ValueError(f"{said} gave {count} {kind} records and no more: it has to go on without end")


def check_plugin(source: PluginRecords, kinds: Iterable[str]) -> None:
    """ValueError unless the plug-in gives a record of each kind."""
    for kind in kinds:
        next(generate_plugin_records(source, kind, 0))
