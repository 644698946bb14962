"""Makes the bodies of requests: JSON, forms, files."""

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
from loadtests.payloads.record_stream import RecordStream
from loadtests.payloads.records import HELD_RECORDS, generate_records
from loadtests.payloads.request_stream import RecordsOverError
from loadtests.payloads.templates import fill_template

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
BOUNDARY: Final = "model-load-tests-boundary-5b0b3b7a"
"""Fixed, so that equal seeds give equal requests."""
NO_VALUES: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Body:
    """What one request carries."""

    content: bytes = b""
    content_type: str | None = None
    """None where there is no body."""
    rows: int | None = None
    """Records in the list that is sent; None for a single record."""
    values: Mapping[str, Any] = field(default_factory=lambda: NO_VALUES)
    """The fields of its (first) record, for paths, queries and headers."""
    records: tuple[Any, ...] = ()
    """What was sent in it."""
    origin: str = ""
    """Where it comes from, for messages: 'record 12 of mine.jsonl'."""


class BodyMaker:
    """Makes the bodies of one endpoint's requests; equal arguments give equal bodies, one after the other.

    ValueError says what is wrong with a payload of which none can be made. A file with more than `held`
    records is read while the load goes on.
    """

    def __init__(
        self,
        payload: Payload | None,
        seed: int,
        worker: int = 0,
        workers: int = 1,
        held: int = HELD_RECORDS,
    ) -> None:
        self.weights: Mapping[str, float] = {"realistic": 1.0}
        """How often each kind is sent."""
        self.stream: RecordStream | None = None
        """The file that is read while the load goes on, if there is one; for the kind `realistic`."""
        self._ready: Iterator[Body] | None = None
        if payload is None:
            self._ready = cycle((Body(),))
        elif isinstance(payload.source, RawFiles):
            self._ready = cycle(list(_read_folder(payload.source.folder)))
        else:
            self.weights = payload.kinds
            self._records = {
                kind: generate_records(payload.source, kind, seed, worker, workers, held)
                for kind in payload.kinds
            }
            realistic = self._records.get("realistic")
            self.stream = realistic if isinstance(realistic, RecordStream) else None
            self._is_list = payload.rows is not None
            fake = Faker()
            fake.seed_instance(seed)
            self._draw_rows = make_draw_of_length(payload.rows or 1, fake)
            self._encode = _choose_encoding(payload)

    def make(self, kind: str, values: Mapping[str, Any] = NO_VALUES) -> Body:
        """The next body of a kind; `values` are what a template may name besides the fields of the record.

        RecordsOverError where all records of a replayed file were taken; its last list may be a short one.
        """
        if self._ready is not None:
            return next(self._ready)
        taken = list(islice(self._records[kind], max(1, self._draw_rows()) if self._is_list else 1))
        if not taken:
            raise RecordsOverError
        records = tuple(record.value for record in taken)
        content, content_type = self._encode(list(records), values)
        first = taken[0]
        named = first.value if isinstance(first.value, Mapping) else NO_VALUES
        rows = len(taken) if self._is_list else None
        return Body(content, content_type, rows, named, records, first.origin)


def _read_folder(folder: Path) -> Iterator[Body]:
    for path in _list_files(folder):
        yield Body(path.read_bytes(), _guess_type(path), origin=path.name)


def _list_files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_file())


def _guess_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


Encode = Callable[[list[Any], Mapping[str, Any]], tuple[bytes, str]]
"""From records, and values for a template, to a body and its content type."""


def _choose_encoding(payload: Payload) -> Encode:
    match payload.encoding:
        case "form":
            return lambda records, _: (urlencode(_flatten(records[0]), doseq=True).encode(), FORM)
        case "multipart":
            files = {name: cycle(_list_files(folder)) for name, folder in payload.files.items()}
            return lambda records, _: _encode_multipart(_flatten(records[0]), files)
    is_list, template = payload.rows is not None, payload.template

    def encode(records: list[Any], values: Mapping[str, Any]) -> tuple[bytes, str]:
        body = records if is_list else records[0]
        if template is not None:
            first = records[0] if isinstance(records[0], Mapping) else {}
            body = fill_template(template, {**first, **values, "record": records[0], "records": records})
        return encode_json(body), JSON

    return encode


def encode_json(value: Any) -> bytes:
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
        path = next(paths)
        parts[name] = (path.name, path.read_bytes(), _guess_type(path))
    return encode_multipart_formdata(parts, boundary=BOUNDARY)
