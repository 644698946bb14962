"""Makes the bodies of requests: endless, seeded streams, one for each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any, Final

from configuration.payload import Payload
from loadtests.payloads.body_files import read_bodies
from loadtests.payloads.insurance import generate_records

JSON: Final = "application/json"
_NO_VALUES: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Body:
    """What one request carries."""

    content: bytes
    content_type: str | None = JSON
    """None where there is no body."""
    rows: int | None = None
    """Records in the list that is sent; None for a single record."""
    values: Mapping[str, Any] = field(default_factory=lambda: _NO_VALUES)
    """The fields of its (first) record, for paths, queries and headers."""
    origin: str = ""
    """Where it comes from, for messages: 'line 12 of mine.jsonl'."""


def make_bodies(payload: Payload, seed: int) -> dict[str, Iterator[Body]]:
    """An endless stream of bodies for each kind of the payload; equal seeds give equal streams."""
    if payload.file is not None:
        # Weighted kinds are of generated records; a file has one kind.
        (kind,) = payload.kinds
        lines = cycle(enumerate(read_bodies(payload.file), start=1))
        return {kind: _wrap(lines, payload.rows, f"line {{}} of {payload.file.name}")}
    return {
        kind: _wrap(zip(count(1), generate_records(kind, seed), strict=False), payload.rows, "record {}")
        for kind in payload.kinds
    }


def _wrap(records: Iterator[tuple[int, Any]], rows: int | None, origin: str) -> Iterator[Body]:
    while True:
        taken = list(islice(records, rows or 1))
        number, first = taken[0]
        value = first if rows is None else [record for _, record in taken]
        content = json.dumps(value, separators=(",", ":")).encode()
        values = first if isinstance(first, Mapping) else _NO_VALUES
        yield Body(content, JSON, rows, values, origin.format(number))
