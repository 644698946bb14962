"""Makes the bodies of requests: endless, seeded streams, one for each kind."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from faker import Faker
from urllib3.filepost import encode_multipart_formdata

from configuration.payload import Payload, RawFiles
from loadtests.payloads.field_values import make_draw_of_length
from loadtests.payloads.records import Record, generate_records
from loadtests.payloads.templates import fill_template

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
BOUNDARY: Final = "model-load-tests-boundary-5b0b3b7a"
"""Fixed, so that equal seeds give equal requests."""
_NO_VALUES: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Body:
    """What one request carries."""

    content: bytes = b""
    content_type: str | None = None
    """None where there is no body."""
    rows: int | None = None
    """Records in the list that is sent; None for a single record."""
    values: Mapping[str, Any] = field(default_factory=lambda: _NO_VALUES)
    """The fields of its (first) record, for paths, queries and headers."""
    origin: str = ""
    """Where it comes from, for messages: 'record 12 of mine.jsonl'."""


def make_bodies(payload: Payload | None, seed: int, worker: int = 0) -> dict[str, Iterator[Body]]:
    """An endless stream of bodies for each kind of the payload; equal arguments give equal streams."""
    if payload is None:
        return {"realistic": cycle((Body(),))}
    if isinstance(payload.source, RawFiles):
        return {"realistic": cycle(list(_read_folder(payload.source.folder)))}
    return {
        kind: _encode_records(payload, generate_records(payload.source, kind, seed, worker), seed)
        for kind in payload.kinds
    }


def _read_folder(folder: Path) -> Iterator[Body]:
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        yield Body(path.read_bytes(), _guess_type(path), origin=path.name)


def _guess_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _encode_records(payload: Payload, records: Iterator[Record], seed: int) -> Iterator[Body]:
    encode = _choose_encoding(payload)
    if payload.rows is None:
        for record in records:
            content, content_type = encode([record])
            yield Body(content, content_type, None, _get_values(record), record.origin)
    fake = Faker()
    fake.seed_instance(seed)
    draw_rows = make_draw_of_length(payload.rows or 1, fake)
    while True:
        taken = list(islice(records, max(1, draw_rows())))
        content, content_type = encode(taken)
        yield Body(content, content_type, len(taken), _get_values(taken[0]), taken[0].origin)


def _get_values(record: Record) -> Mapping[str, Any]:
    return record.value if isinstance(record.value, Mapping) else _NO_VALUES


Encode = Callable[[list[Record]], tuple[bytes, str]]


def _choose_encoding(payload: Payload) -> Encode:
    match payload.encoding:
        case "form":
            return lambda records: (urlencode(_flatten(records[0].value), doseq=True).encode(), FORM)
        case "multipart":
            files = {name: cycle(sorted(folder.iterdir())) for name, folder in payload.files.items()}
            return lambda records: _encode_multipart(_flatten(records[0].value), files)
    is_list, template = payload.rows is not None, payload.template

    def encode_json(records: list[Record]) -> tuple[bytes, str]:
        values = [record.value for record in records]
        body = values if is_list else values[0]
        if template is not None:
            first = values[0] if isinstance(values[0], Mapping) else {}
            body = fill_template(template, {**first, "record": values[0], "records": values})
        return encode_json_value(body), JSON

    return encode_json


def encode_json_value(value: Any) -> bytes:
    """A JSON text without blanks; dates and times become texts (ISO 8601)."""
    return json.dumps(value, separators=(",", ":"), default=_write_time).encode()


def _write_time(value: Any) -> str:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)


def _flatten(record: Any) -> dict[str, Any]:
    """The fields of a form: texts, numbers and lists of them; ValueError for what a form can't hold."""
    if not isinstance(record, Mapping):
        raise ValueError(f"a form holds the fields of a record; this record is {record!r}")
    fields = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            raise ValueError(f"a form can't hold the mapping in the field {name!r}")
        fields[name] = str(value).lower() if isinstance(value, bool) else "" if value is None else value
    return fields


def _encode_multipart(fields: dict[str, Any], files: Mapping[str, Iterator[Path]]) -> tuple[bytes, str]:
    parts: dict[str, Any] = {name: str(value) for name, value in fields.items()}
    for name, paths in files.items():
        path = next(each for each in paths if each.is_file())
        parts[name] = (path.name, path.read_bytes(), _guess_type(path))
    return encode_multipart_formdata(parts, boundary=BOUNDARY)
