"""Folders of judged runs, as the suite leaves them, but without samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.data.run import Run

MACHINE = {"processor": "Example CPU", "cores": "2"}
TOTALS = {"p50_ms": 2.0, "p95_ms": 5.0, "p99_ms": 9.0, "error_rate": 0.0, "throughput_rps": 50.0}


def record(folder: Path, make_run: Callable[..., Run], day: int, **given: Any) -> Path:
    """Write a judged run of the scenario `steady` into `folder`; returns its own folder.

    `given` holds facts, `verdict`, and figures in place of `TOTALS`.
    """
    facts = {"machine": MACHINE, "started_at": f"2026-{1 + day // 28:02}-{1 + day % 28:02}T10:00:00+00:00"}
    totals = {name: given.pop(name, value) for name, value in TOTALS.items()}
    verdict = given.pop("verdict", "pass")
    told = replace(make_run(1).facts, **{**facts, **given})
    path = folder / f"{told.scenario}-{day:03}"
    path.mkdir(parents=True)
    (path / "run.json").write_text(json.dumps(told.to_json()))
    (path / "verdict.json").write_text(json.dumps({"verdict": verdict, "sentence": f"It is a {verdict}."}))
    columns = {"endpoint": "all", "stage": "all", **totals}
    (path / "stats.csv").write_text(f"{','.join(columns)}\n{','.join(map(str, columns.values()))}\n")
    (path / "report.html").write_text("<!doctype html><title>a report</title>")
    return path


@pytest.fixture
def record_run(tmp_path: Path, make_run: Callable[..., Run]) -> Callable[..., Path]:
    """`record_run(day, verdict=..., p99_ms=..., scenario=..., ...)`: see `record`."""
    return lambda day, **given: record(tmp_path, make_run, day, **given)


@pytest.fixture
def record_latencies(record_run: Callable[..., Path]) -> Callable[[Sequence[float]], None]:
    """`record_latencies(values)`: a run a day, with these 99th percentiles in ms."""

    def record_all(values: Sequence[float]) -> None:
        for day, value in enumerate(values):
            record_run(day, p99_ms=value)

    return record_all
