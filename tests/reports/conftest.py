"""Runs made by hand, for tests that ask what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reports.data.facts import Facts, Plan, Stage
from reports.data.run import Run
from reports.data.samples import SCHEMA, Samples
from reports.data.telemetry import TELEMETRY_SCHEMA, Telemetry

DEFAULTS: dict[str, Any] = {
    "intended_s": 0.0,
    "sent_s": None,
    "latency_ms": 10.0,
    "service_ms": None,
    "endpoint": "prediction",
    "stage": "steady",
    "outcome": "ok",
    "status": 200,
    "kind": "realistic",
    "rows": 1,
    "request_bytes": 120,
    "response_bytes": 20,
    "queue_ms": None,
    "inference_ms": None,
    "batch_size": None,
    "trace_id": None,
    "worker": 0,
}


def build_table(count: int, **columns: Any) -> pa.Table:
    """`count` requests, 10 a second unless told otherwise; a column is one value for all, or one a row.

    What is sent when, and the service time, follow from the intended start and the latency unless given.
    """
    columns.setdefault("intended_s", np.arange(count) / 10)
    columns.setdefault("sent_s", columns["intended_s"])
    columns.setdefault("service_ms", columns.get("latency_ms", DEFAULTS["latency_ms"]))
    arrays = []
    for field in SCHEMA:
        given = columns.pop(field.name, DEFAULTS[field.name])
        scalar = given is None or isinstance(given, str | int | float)
        values = [given] * count if scalar else list(given)
        plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        column = pa.array(values, type=plain, from_pandas=True)
        arrays.append(column.dictionary_encode().cast(field.type) if plain != field.type else column)
    assert not columns, f"no such columns: {sorted(columns)}"
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def build_telemetry(series: Mapping[tuple[str, str], Sequence[tuple[float, float]]]) -> Telemetry:
    """Telemetry from `{(source, name): [(t_s, value), ...]}`."""
    rows = [(t, source, name, value) for (source, name), pairs in series.items() for t, value in pairs]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    arrays = [pa.array(column, type=f.type) for column, f in zip(columns, TELEMETRY_SCHEMA, strict=True)]
    return Telemetry.from_table(pa.Table.from_arrays(arrays, schema=TELEMETRY_SCHEMA))


def build_run(
    count: int = 100,
    *,
    facts: Mapping[str, Any] | None = None,
    telemetry: Mapping[tuple[str, str], Sequence[tuple[float, float]]] | None = None,
    **columns: Any,
) -> Run:
    """A run of `count` requests in one stage, `steady`, that ended as planned; see `build_table`."""
    table = build_table(count, **columns)
    samples = Samples.from_table(table)
    planned_s = float(np.ceil(samples.intended_s[-1] + 1e-9)) if count else 10.0
    known: dict[str, Any] = {
        "scenario": "steady",
        "description": "One steady stage.",
        "model": "closed",
        "host": "http://127.0.0.1:8000",
        "started_at": "2026-01-05T10:00:00Z",
        "stages": (Stage("steady", 0.0, planned_s),),
        "objectives": ("p99 latency <= 100 ms",),
        "plan": Plan(t_s=(0.0, planned_s), users=(10.0, 10.0), rate=(10.0, 10.0), requests=float(count)),
        "planned_s": planned_s,
        "ended_s": planned_s,
    }
    return Run(
        Path("results/steady-20260105T100000Z"),
        Facts(**{**known, **(facts or {})}),
        samples,
        build_telemetry(telemetry or {}),
    )


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pa.Table]:
    """`make_table(count, column=value or values, ...)`: requests as a table that follows SCHEMA."""
    return build_table


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """`make_run(count, facts={...}, telemetry={...}, column=value or values, ...)`: a run made by hand."""
    return build_run
