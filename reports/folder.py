"""A run's folder: the one module of this package that reads and writes files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reports.facts import Facts
from reports.run import Run
from reports.samples import SCHEMA, Samples
from reports.telemetry import TELEMETRY_SCHEMA, Telemetry

__all__ = ["FolderError", "Run", "compact", "read_run", "write_bytes", "write_text"]

_ROW_GROUP = 1 << 18


class FolderError(Exception):
    """A folder that holds no run, in a sentence that says what is missing and what to do."""


def read_run(folder: Path) -> Run:
    """What was recorded in `folder`; also takes a path to one of the files in it.

    Reads samples.parquet or, where the run never came to write it, samples.arrows, of which every full batch
    is kept. Telemetry may be absent. Raises `FolderError` when there is no run to read.
    """
    folder = _existing(folder)
    facts = _read_facts(folder / "run.json")
    run = Run(folder, facts, _read_samples(folder), _read_telemetry(folder)).settled()
    pa.default_memory_pool().release_unused()
    return run


def compact(folder: Path) -> None:
    """Rewrite the Arrow streams of a finished run as Parquet, atomically, then remove the streams."""
    folder = _existing(folder)
    for name, schema in (("samples", SCHEMA), ("telemetry", TELEMETRY_SCHEMA)):
        stream, target = folder / f"{name}.arrows", folder / f"{name}.parquet"
        if not stream.exists():
            continue
        if not target.exists():
            _rewrite(stream, target, schema)
        stream.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8; a reader sees the old file or the new one, never half of it."""
    write_bytes(path, text.encode("utf-8", errors="replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`; a reader sees the old file or the new one, never half of it."""
    with _Replacing(path) as temporary:
        temporary.write_bytes(content)


class _Replacing:
    """Gives a temporary path in the same folder that takes the place of `path` if all goes well."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        os.fchmod(handle, 0o666 & ~_umask())
        os.close(handle)
        self._temporary = Path(name)
        return self._temporary

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _existing(folder: Path) -> Path:
    if folder.is_file():
        return folder.parent
    if folder.is_dir():
        return folder
    if folder.is_symlink():
        raise FolderError(
            f"{folder} points at {folder.readlink()}, which is gone; name a run's folder instead."
        )
    raise FolderError(f"There is no folder {folder}; name a run's folder, such as results/latest.")


def _read_facts(path: Path) -> Facts:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FolderError(f"{path.parent} holds no run.json, so it is no run's folder.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FolderError(f"{path} is no valid JSON ({error}); the run can't be read without it.") from error
    try:
        return Facts.from_json(values)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        detail = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise FolderError(f"{path} does not hold the facts of a run: {detail}.") from error


def _read_samples(folder: Path) -> Samples:
    parquet, stream = folder / "samples.parquet", folder / "samples.arrows"
    try:
        if parquet.exists():
            file = pq.ParquetFile(parquet, pre_buffer=False)
            return Samples.from_columns(lambda name: file.read(columns=[name]).column(0))
        if stream.exists():
            return Samples.from_table(pa.Table.from_batches(_batches(stream), schema=SCHEMA))
    except (pa.ArrowException, KeyError, IndexError) as error:
        raise FolderError(f"{folder} holds samples that can't be read: {error}.") from error
    raise FolderError(f"{folder} holds neither samples.parquet nor samples.arrows: no request was recorded.")


def _read_telemetry(folder: Path) -> Telemetry:
    parquet, stream = folder / "telemetry.parquet", folder / "telemetry.arrows"
    try:
        if parquet.exists():
            return Telemetry.from_table(pq.read_table(parquet))
        if stream.exists():
            return Telemetry.from_table(pa.Table.from_batches(_batches(stream), schema=TELEMETRY_SCHEMA))
    except (pa.ArrowException, KeyError) as error:
        raise FolderError(f"{folder} holds telemetry that can't be read: {error}.") from error
    return Telemetry.empty()


def _batches(stream: Path) -> Iterator[pa.RecordBatch]:
    """Every full batch of a stream that may have been cut anywhere."""
    with pa.memory_map(str(stream)) if stream.stat().st_size else pa.BufferReader(b"") as source:
        try:
            yield from pa.ipc.open_stream(source)
        except (pa.ArrowInvalid, OSError, EOFError):
            return


def _rewrite(stream: Path, target: Path, schema: pa.Schema) -> None:
    with _Replacing(target) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in _batches(stream):
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(waiting, schema=schema).unify_dictionaries())
                waiting, rows = [], 0
        writer.write_table(pa.Table.from_batches(waiting, schema=schema).unify_dictionaries())
