"""Telemetry: what was observed besides the requests, as values of named series over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from reports.data.columns import Floats, decode_numbers
from reports.data.labels import Labels, decode_labels

TELEMETRY_SCHEMA = pa.schema(
    [
        pa.field("t_s", pa.float64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
    ]
)
"""One row per observation: the `value` of series `name` of a `source`.

Figures are computed from `users` (generator: running users), the series named below and what
`reports.figures.generator` and `reports.figures.schema_share` name. Any other name may be recorded and drawn.
"""


SERVICE = "service"
"""The source of observations of the service."""
KUBERNETES = "kubernetes"
"""The source of what the service's cluster reports.

`replicas_ready`, `replicas_desired` and `replicas_max`: how many run, are desired, and are allowed;
`pods_cpu_cores` and `pods_memory_mib`: what all pods together use.
"""
MACHINE = "machine"
"""The source of observations of the machine that load test and service share.

`others_percent`: what all other programs take, in % of a core; `idle_percent`: in % of the machine.
"""
GENERATOR = "generator"
"""The source of what the only generator process, or the master of several, reports about itself."""
RECORDS, RECORDS_TAKEN, RECORDS_FAILED = "records of", "records sent to", "unreadable records of"
"""Before the name of an endpoint: the records of a replayed file that are a process's part, those that were
taken for requests so far, and 1 where reading failed."""
ECHOED = "echoes in replies of"
"""Before the name of an endpoint whose replies need not repeat anything of their request: those that did.

There is no such series where none did.
"""
LEFT_OUT = "requests left out"
"""The series of requests that were due, or users who had a turn, after all records had been sent."""
PROBED = "probed"
"""The series of readiness probes, whatever their result."""
READINESS = "readiness"
"""The series of answered readiness probes: 1 when the service was ready, 0 when not."""
NO_READINESS_PATH = "no readiness path"
"""The series of replies such as 404 to probes of a service that had never been ready."""
FALSE_PROBES = "readiness without a path"
"""Under this name are readiness probes read that failed where there was no readiness path."""
OBSERVED = frozenset((SERVICE, KUBERNETES, MACHINE))
"""Sources that are no generator process; every other source is one."""


@dataclass(frozen=True)
class Telemetry:
    """All observations of a run, one array per column, in order of time."""

    t_s: Floats
    source: Labels
    name: Labels
    value: Floats

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, rows: Any) -> Telemetry:
        """The rows that a mask, slice or index array selects."""
        return Telemetry(self.t_s[rows], self.source[rows], self.name[rows], self.value[rows])

    def select_series(self, name: str, source: str | None = None) -> tuple[Floats, Floats]:
        """Times in s and values of series `name`, of one source or of all; both empty if there is none."""
        rows = self.name.equal(name)
        if source is not None:
            rows &= self.source.equal(source)
        return self.t_s[rows], self.value[rows]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all series."""
        return self.name.names

    @classmethod
    def empty(cls) -> Telemetry:
        """Telemetry without any observation."""
        # pyarrow's own `empty_table` imports pandas.
        return cls.from_table(pa.Table.from_batches([], schema=TELEMETRY_SCHEMA))

    @classmethod
    def from_table(cls, table: pa.Table) -> Telemetry:
        """Columns of a table that follows `TELEMETRY_SCHEMA`, sorted by time, false probes set apart."""
        t_s = decode_numbers(table.column("t_s"))
        order = np.argsort(t_s, kind="stable")
        source, name = (decode_labels(table.column(column))[order] for column in ("source", "name"))
        read = cls(t_s[order], source, name, decode_numbers(table.column("value"))[order])
        return read._set_false_probes_apart()

    def _set_false_probes_apart(self) -> Telemetry:
        """With the readiness probes under another name, if there was no readiness path to ask.

        That is so where a reply such as 404 came and no probe ever found the service ready: what failed
        before, on the way to the service, says nothing of its readiness.
        """
        ready = self.value[self.name.equal(READINESS)]
        if not self.name.equal(NO_READINESS_PATH).any() or (ready > 0).any():
            return self
        names = tuple(FALSE_PROBES if name == READINESS else name for name in self.names)
        return replace(self, name=Labels(self.name.codes, names))


def name_worker_source(number: int) -> str:
    """The source name of a worker; `number` counts from 0, the name from 1."""
    return f"worker {number + 1}"


def list_generators(telemetry: Telemetry) -> list[str]:
    """The sources that generated load: the only process, or all workers without their master."""
    sources = sorted(set(telemetry.source[telemetry.name.equal("loop_lag_ms")].decode().tolist()))
    others = [source for source in sources if source not in (GENERATOR, *OBSERVED)]
    return others or sources


def sum_memory_mib(telemetry: Telemetry, sources: Sequence[str]) -> tuple[Floats, Floats]:
    """The seconds from when all `sources` were observed, and the memory in MiB that they hold together."""
    observed = [telemetry.select_series("memory_mib", source) for source in sources]
    observed = [(t_s, value) for t_s, value in observed if len(t_s)]
    if not observed:
        return np.empty(0), np.empty(0)
    first_s = max(float(t_s[0]) for t_s, _ in observed)
    last_s = max(float(t_s[-1]) for t_s, _ in observed)
    seconds = np.arange(first_s, last_s + 0.5)
    held = (value[np.searchsorted(t_s, seconds, side="right") - 1] for t_s, value in observed)
    return seconds, np.sum(list(held), axis=0)
