"""Writes the folder of a run: facts, samples and telemetry, readable at every moment."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from loadtests.recording.facts import LATEST
from loadtests.recording.sample_writer import SampleBatch, SampleWriter
from reports.data.columns import encode_numbers, encode_texts
from reports.data.facts import Facts
from reports.data.failed_requests import NO_FAILED_REQUESTS, FailedRequests
from reports.data.folder import FAILURES_FILE, write_text
from reports.data.telemetry import TELEMETRY_SCHEMA

NEEDED_BYTES = 2**20
"""Room for the smallest run and its report; with less no run is begun."""
RESERVE_BYTES = 2**18
"""Kept free for the facts and the verdict in case the disk fills up during the run."""


class Observation(NamedTuple):
    """One value of telemetry."""

    source: str
    name: str
    value: float


class RunWriter:
    """Writes the files of one run; OSError if the disk refuses."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.folder = folder
        self.facts = facts
        self._write_facts()
        self._samples = SampleWriter(folder / "samples.arrows", facts.stages)
        self._telemetry_file = pa.OSFile(str(folder / "telemetry.arrows"), "wb")
        self._telemetry = pa.ipc.new_stream(self._telemetry_file, TELEMETRY_SCHEMA)
        self._closings = (self._samples.close, self._telemetry.close, self._telemetry_file.close)
        self._reserve = folder / ".reserve"
        self._reserve.write_bytes(bytes(RESERVE_BYTES))
        self._observations = 0
        self._open = True

    @property
    def requests(self) -> int:
        """Samples written so far."""
        return self._samples.written

    def append(self, raw: bytes, endpoints: Sequence[str], worker: int) -> SampleBatch:
        """Write packed rows; return them decoded."""
        return self._samples.append(raw, endpoints, worker)

    def observe(self, t_s: float, observations: Iterable[Observation]) -> None:
        """Write values observed at one moment."""
        if self._open:
            sources, names, values = zip(*observations, strict=True)
            columns = [
                encode_numbers(np.full(len(values), t_s), pa.float64()),
                encode_texts(sources),
                encode_texts(names),
                encode_numbers(np.array(values), pa.float64()),
            ]
            self._telemetry.write_batch(pa.RecordBatch.from_arrays(columns, schema=TELEMETRY_SCHEMA))
            self._telemetry_file.flush()
            self._observations += len(values)

    def close(self, facts: Facts, failures: FailedRequests = NO_FAILED_REQUESTS) -> None:
        """End the streams, write failed requests and the final facts; a second call changes nothing."""
        if self._open:
            self._open = False
            self._reserve.unlink(missing_ok=True)
            closings = (*self._closings, lambda: self._write_failures(failures))
            refused = [error for close in closings if (error := _try_close(close)) is not None]
            lost = tuple(
                f"the run's folder could not be written to its end: {error}" for error in refused[:1]
            )
            self.facts = replace(
                facts,
                requests=self.requests,
                observations=self._observations,
                faults=(*facts.faults, *lost),
            )
            self._write_facts()

    def _write_failures(self, failures: FailedRequests) -> None:
        if failures.kept:
            text = json.dumps(failures.to_json(), indent=1, ensure_ascii=False)
            write_text(self.folder / FAILURES_FILE, f"{text}\n")

    def _write_facts(self) -> None:
        facts = self.facts.to_json()
        lines = (
            f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()
        )
        write_text(self.folder / "run.json", "{\n" + ",\n".join(lines) + "\n}\n")


def _try_close(close: Callable[[], None]) -> str | None:
    try:
        close()
    except (OSError, pa.ArrowException) as error:
        return str(error)
    return None


def require_room(out: Path) -> None:
    """Raise OSError, in a sentence, unless runs can be kept in `out`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(bytes(NEEDED_BYTES))
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"runs can't be kept in {out}: {reason}. Name another folder: --out DIR") from None


def make_folder(out: Path, scenario: str, now: datetime | None = None) -> Path:
    """Create `<scenario>-<UTC time>` in `out`; a second run within the same second gets a number."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    out.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = out / (f"{scenario}-{moment}" if number == 1 else f"{scenario}-{moment}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def point_latest(folder: Path) -> None:
    """Point the link `latest`, beside the folder of the run, at it; OSError, in a sentence, if that fails."""
    fresh, latest = folder.with_name(f".{LATEST}-{folder.name}"), folder.with_name(LATEST)
    try:
        fresh.symlink_to(folder.name)
        fresh.replace(latest)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        reason = "it is a folder" if latest.is_dir() and not latest.is_symlink() else error.strerror
        raise OSError(
            f"{latest} can't lead to the newest run ({reason}): move it away. The run is in {folder}"
        ) from None
