"""Reads and writes a run's folder; besides it only `recorded_runs` touches files of runs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reports.data.facts import Facts
from reports.data.failed_requests import FailedRequests
from reports.data.run import Run
from reports.data.samples import SCHEMA, Samples
from reports.data.stored_columns import check_columns, check_nulls
from reports.data.telemetry import TELEMETRY_SCHEMA, Telemetry

__all__ = [
    "FolderError",
    "Run",
    "compact",
    "copy_runs",
    "list_run_folders",
    "read_facts",
    "read_run",
    "write_bytes",
    "write_text",
]

FACTS_FILE = "run.json"
FAILURES_FILE = "failures.json"
_TEXTS = (FACTS_FILE, FAILURES_FILE)
_TABLES = ("samples.parquet", "samples.arrows", "telemetry.parquet", "telemetry.arrows")
OBSERVED_FILES = (*_TEXTS, *_TABLES)
"""All that is observed in a run; everything else in its folder follows from it."""
_MOST_TEXT_BYTES = 100_000_000
_ROW_GROUP = 1 << 18
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The last bytes of a complete Arrow stream."""


class FolderError(Exception):
    """The folder holds no run; the message says what is missing and what to do."""


def read_run(folder: Path) -> Run:
    """The run recorded in `folder`, which may also be the path of a file in it.

    Reads samples.parquet or, if it was never written, every complete batch of samples.arrows. Telemetry and
    failed requests may be absent. Raises `FolderError` when there is no run to read.
    """
    folder = _find_folder(folder)
    facts = _read_facts(folder / FACTS_FILE)
    samples, telemetry, failed = _read_samples(folder), _read_telemetry(folder), _read_failed(folder)
    run = Run(folder, facts, samples, telemetry, failed).prepare_for_judging()
    pa.default_memory_pool().release_unused()
    return run


def list_run_folders(folder: Path) -> list[Path]:
    """`folder` itself if it holds a run, else the folders of runs in it, by name; links are left out.

    Raises `FolderError` when there is none.
    """
    folder = _find_folder(folder)
    if (folder / FACTS_FILE).exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{FACTS_FILE}") if not path.parent.is_symlink())
    if not found:
        raise FolderError(f"{folder} holds no run, and no folder of a run.")
    return found


def copy_runs(folders: Sequence[Path], target: Path) -> None:
    """Copy what was observed in some runs into `target`, in the place of what it held."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        made, before = Path(temporary) / "made", Path(temporary) / "before"
        for folder in folders:
            (made / folder.name).mkdir(parents=True)
            for name in OBSERVED_FILES:
                if (folder / name).exists():
                    shutil.copyfile(folder / name, made / folder.name / name)
        if target.exists():
            target.rename(before)
        made.rename(target)


def compact(folder: Path) -> None:
    """Rewrite the Arrow streams of a finished run as Parquet, atomically, then remove the streams.

    No recorded row is lost. A stream stays if the run goes on or was killed, if it can't be read to its end,
    or if its number of rows differs from run.json; `read_run` reads it where there is no Parquet file. A
    stream is removed, too, if there is a Parquet file with at least as many rows already. It stays where the
    disk has no room for both.
    """
    folder = _find_folder(folder)
    facts = _read_facts(folder / FACTS_FILE)
    if facts.ended_s is None:
        return
    for name, schema, rows in (
        ("samples", SCHEMA, facts.requests),
        ("telemetry", TELEMETRY_SCHEMA, facts.observations),
    ):
        stream, target = folder / f"{name}.arrows", folder / f"{name}.parquet"
        if not stream.exists():
            continue
        content = _Stream(stream)
        found = sum(batch.num_rows for batch in content)
        if content.is_complete and rows in (None, found):
            with suppress(OSError):
                _rewrite(content, target, schema)
                stream.unlink()
        elif _count_parquet_rows(target) >= (found if rows is None else rows):
            stream.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically: a reader sees the old file or the new one."""
    write_bytes(path, text.encode("utf-8", errors="replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, atomically: a reader sees the old file or the new one."""
    with _Replacement(path) as temporary:
        temporary.write_bytes(content)


def read_facts(folder: Path) -> Facts:
    """The facts of the run in `folder`; `FolderError` if it holds none."""
    return _read_facts(folder / "run.json")


class _Replacement:
    """A temporary path in the same folder, which replaces `path` unless an exception is raised."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        os.fchmod(handle, 0o666 & ~_read_umask())
        os.close(handle)
        self._temporary = Path(name)
        return self._temporary

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _find_folder(folder: Path) -> Path:
    if folder.is_file():
        return folder.parent
    if folder.is_dir():
        return folder
    if folder.is_symlink():
        raise FolderError(
            f"{folder} points at {folder.readlink()}, which is gone; name a run's folder instead."
        )
    raise FolderError(f"There is no folder {folder}; name a run's folder, such as results/latest.")


def _require_files(folder: Path) -> None:
    """Refuse a folder from elsewhere that would hold its reader up: pipes, devices, endless texts."""
    for name in (*_TEXTS, *_TABLES):
        path = folder / name
        if path.exists() and not path.is_file():
            raise FolderError(f"{path} is no regular file, so the run is not read.")
        if name in _TEXTS and path.exists() and (size := path.stat().st_size) > _MOST_TEXT_BYTES:
            raise FolderError(f"{path} holds {size:,} bytes, more than any run's; it is not read.")


def _read_facts(path: Path) -> Facts:
    _require_files(path.parent)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FolderError(f"{path.parent} holds no run.json, so it is no run's folder.") from None
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path} is no valid JSON ({error}); the run can't be read without it.") from error
    try:
        return Facts.from_json(values)
    except ValueError as error:
        raise FolderError(f"{path} does not hold the facts of a run: {error}.") from error


def _read_samples(folder: Path) -> Samples:
    parquet, stream = folder / "samples.parquet", folder / "samples.arrows"
    try:
        if parquet.exists():
            file = pq.ParquetFile(parquet, pre_buffer=False)
            check_columns(file.schema_arrow, SCHEMA)
            return Samples.from_columns(
                lambda name: check_nulls(file.read(columns=[name]).column(0), SCHEMA.field(name))
            )
        if stream.exists():
            return Samples.from_table(pa.Table.from_batches(_Stream(stream), schema=SCHEMA))
    except (pa.ArrowException, KeyError, IndexError, ValueError) as error:
        raise FolderError(f"{folder} holds samples that can't be read: {error}.") from error
    raise FolderError(f"{folder} holds neither samples.parquet nor samples.arrows: no request was recorded.")


def _read_telemetry(folder: Path) -> Telemetry:
    parquet, stream = folder / "telemetry.parquet", folder / "telemetry.arrows"
    try:
        if parquet.exists():
            table = pq.ParquetFile(parquet).read()
            check_columns(table.schema, TELEMETRY_SCHEMA)
            for field in TELEMETRY_SCHEMA:
                check_nulls(table.column(field.name), field)
            return Telemetry.from_table(table)
        if stream.exists():
            return Telemetry.from_table(pa.Table.from_batches(_Stream(stream), schema=TELEMETRY_SCHEMA))
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise FolderError(f"{folder} holds telemetry that can't be read: {error}.") from error
    return Telemetry.empty()


def _read_failed(folder: Path) -> FailedRequests:
    path = folder / FAILURES_FILE
    try:
        return FailedRequests.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return FailedRequests()
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path} does not hold failed requests: {error}.") from error


@dataclass
class _Stream:
    """The complete batches of an Arrow stream that may be cut off or damaged."""

    path: Path
    is_complete: bool = field(default=False, init=False)
    """Whether the last iteration reached the end mark of the stream, with nothing behind it."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        self.is_complete = False
        size = self.path.stat().st_size
        with pa.memory_map(str(self.path)) if size else pa.BufferReader(b"") as source:
            try:
                yield from pa.ipc.open_stream(source)
            except (pa.ArrowException, OSError, EOFError):
                return
            if source.tell() == size >= len(_END):
                source.seek(size - len(_END))
                self.is_complete = source.read() == _END


def _count_parquet_rows(path: Path) -> int:
    """How many rows a Parquet file holds; -1 if there is none that can be read."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return -1


def _rewrite(stream: _Stream, target: Path, schema: pa.Schema) -> None:
    with _Replacement(target) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in stream:
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(waiting, schema=schema).unify_dictionaries())
                waiting, rows = [], 0
        writer.write_table(pa.Table.from_batches(waiting, schema=schema).unify_dictionaries())
