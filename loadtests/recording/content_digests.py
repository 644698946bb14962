"""Digests of the files that payloads and arrivals come from, so that runs are compared by what they sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from configuration.payload import Payload, RawFiles, RecordFile, RecordsLike
from configuration.scenario import Scenario

WHOLE_BYTES: Final = 2**28
"""Of a larger file only parts are read: hashing 256 MiB takes about half a second."""
PARTS: Final = 256
PART_BYTES: Final = WHOLE_BYTES // PARTS


def digest_contents(scenario: Scenario) -> dict[str, str]:
    """The digest of each file and folder of a scenario, by its path as the resolved scenario states it.

    One that can't be read is left out; whoever sends its records says why.
    """
    found = {}
    for path in dict.fromkeys(_list_paths(scenario)):
        try:
            found[str(path)] = _digest_folder(path) if path.is_dir() else digest_file(path)
        except OSError:
            continue
    return found


def digest_file(file: Path) -> str:
    """`sha256:` and the digest of the file.

    Of more than `WHOLE_BYTES` it is `sha256-parts:` and that of the size and `PARTS` parts, the first at the
    beginning, the last at the end, the others evenly between: a change that misses all of them isn't seen.
    """
    state = file.stat()
    return _digest_file(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _digest_file(file: Path, _changed_ns: int, size: int) -> str:
    with file.open("rb") as stream:
        if size <= WHOLE_BYTES:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        digest = hashlib.sha256(str(size).encode())
        for part in range(PARTS):
            stream.seek((size - PART_BYTES) * part // (PARTS - 1))
            digest.update(stream.read(PART_BYTES))
    return f"sha256-parts:{digest.hexdigest()}"


def _digest_folder(folder: Path) -> str:
    """Of the names and digests of its files, in the order of their names: names are sent with some bodies."""
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.iterdir() if each.is_file()):
        digest.update(os.fsencode(file.name) + b"\0" + digest_file(file).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


def _list_paths(scenario: Scenario) -> Iterator[Path]:
    if scenario.load.recording is not None:
        yield scenario.load.recording.file
    for endpoint in scenario.traffic.all_endpoints:
        if endpoint.payload is not None:
            yield from _list_payload_paths(endpoint.payload)


def _list_payload_paths(payload: Payload) -> Iterator[Path]:
    match payload.source:
        case RecordFile(file) | RecordsLike(file):
            yield file
        case RawFiles(folder):
            yield folder
    yield from payload.files.values()
