"""Telemetry is what was observed beside the requests: a value of a name at a source, over time."""

from __future__ import annotations

from dataclasses import dataclass
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
"""Long form: what was observed beside the requests, `value` of `name` at `source` (generator, service).

Names that figures are computed from: `users` (generator: users that run) and `readiness` (service: 1 when a
probe found it ready, 0 when not). Any other name may be recorded and drawn.
"""


SERVICE = "service"
"""The source of what was observed of the service."""
KUBERNETES = "kubernetes"
"""The source of what its cluster said of it.

`replicas_ready`, `replicas_desired` and `replicas_max`: how many are there, are wanted, and may be wanted;
`pods_cpu_cores` and `pods_memory_mib`: what its pods use, taken together.
"""
MACHINE = "machine"
"""The source of what was observed of the machine that load test and service share.

`others_percent`: what neither of them took, in % of a core; `idle_percent`: in % of the machine.
"""
GENERATOR = "generator"
"""The source of what a process that generates load alone, or is the master of others, says of itself."""
PROBED = "probed"
"""Of the service: that it was asked whether it is ready, whatever came of it."""
OBSERVED = frozenset((SERVICE, KUBERNETES, MACHINE))
"""Every other source is a process that generates load."""


@dataclass(frozen=True)
class Telemetry:
    """All observations of a run, a column an array, in order of time."""

    t_s: Floats
    source: Labels
    name: Labels
    value: Floats

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, rows: Any) -> Telemetry:
        """The rows a mask, slice or index array selects."""
        return Telemetry(self.t_s[rows], self.source[rows], self.name[rows], self.value[rows])

    def select_series(self, name: str, source: str | None = None) -> tuple[Floats, Floats]:
        """Times in s and values of `name`, at one source or at any; both empty if it was never observed."""
        rows = self.name.equal(name)
        if source is not None:
            rows &= self.source.equal(source)
        return self.t_s[rows], self.value[rows]

    @property
    def names(self) -> tuple[str, ...]:
        """What was observed."""
        return self.name.names

    @classmethod
    def empty(cls) -> Telemetry:
        """Of a run beside which nothing was observed."""
        return cls.from_table(TELEMETRY_SCHEMA.empty_table())

    @classmethod
    def from_table(cls, table: pa.Table) -> Telemetry:
        """Columns of a table that follows `TELEMETRY_SCHEMA`, sorted by time."""
        t_s = decode_numbers(table.column("t_s"))
        order = np.argsort(t_s, kind="stable")
        source, name = (decode_labels(table.column(column))[order] for column in ("source", "name"))
        return cls(t_s[order], source, name, decode_numbers(table.column("value"))[order])


def name_worker_source(number: int) -> str:
    """The source of what the worker of this number, counted from 0, says of itself."""
    return f"worker {number + 1}"


def list_generators(telemetry: Telemetry) -> list[str]:
    """The sources that generated the load: the one process, or all workers but not their master."""
    sources = sorted(set(telemetry.source[telemetry.name.equal("loop_lag_ms")].decode().tolist()))
    others = [source for source in sources if source not in (GENERATOR, *OBSERVED)]
    return others or sources
