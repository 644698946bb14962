"""Reads the figures of a compared run from its folder: latency, rows, refusals, processor time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.data.folder import read_run
from reports.data.run import Run
from reports.data.telemetry import SERVICE
from reports.figures.figures import Figures, compute_figures
from reports.judging.verdict import Verdict, judge_run
from reports.objectives.parsing import parse_objective


@dataclass(frozen=True)
class ComparedRun:
    """A run of the comparison; a column of its tables."""

    title: str
    rows: int
    """Records in a request."""
    folder: Path
    figures: Figures
    verdict: Verdict
    targets: Mapping[str, str]
    """The limits of the objectives by metric: `p95 latency` -> `<= 50 ms`."""
    planned_rps: float | None
    """Planned requests per second; None if the users have no pace."""
    refused: int
    """Replies with status 503."""
    late: int
    """Replies with status 504."""
    cpu_s: float | None
    """Processor time of the service during the judged stages; None if it was not observed."""
    call_ms: float | None
    """Median duration of the call of the model that a row was part of; None if the service reports none."""
    call_rows: float | None
    """Median number of rows in that call."""

    @property
    def row_p50_ms(self) -> float | None:
        """The median latency of a request, divided by its rows."""
        p50_ms = self.figures.p50_ms
        return None if p50_ms is None else p50_ms / self.rows

    @property
    def cpu_s_per_1000_rows(self) -> float | None:
        """Processor time of the service for each thousand answered rows, in seconds."""
        rows = self.figures.rows
        return None if self.cpu_s is None or not rows else 1000.0 * self.cpu_s / rows

    @property
    def cpu_us_per_request(self) -> float | None:
        """Processor time of the service for each request, in µs."""
        return None if self.cpu_s is None or not self.figures.ok else 1e6 * self.cpu_s / self.figures.ok


def read_compared_run(title: str, rows: int, folder: Path) -> ComparedRun:
    """The run in `folder`; raises `reports.data.folder.FolderError` if there is none."""
    run = read_run(folder)
    judged = run.judged
    told = judged[judged.ok & np.isfinite(judged.inference_ms)]
    plan = run.facts.plan
    return ComparedRun(
        title=title,
        rows=rows,
        folder=folder,
        figures=compute_figures(judged, run.judged_s, run.facts.expected),
        verdict=judge_run(run),
        targets=_list_targets(run),
        planned_rps=None if plan.requests is None else plan.requests / run.judged_s,
        refused=int(np.count_nonzero(judged.status == 503)),
        late=int(np.count_nonzero(judged.status == 504)),
        cpu_s=_measure_cpu_s(run),
        call_ms=float(np.median(told.inference_ms)) if len(told) else None,
        call_rows=float(np.median(told.batch_size)) if len(told) else None,
    )


def _list_targets(run: Run) -> dict[str, str]:
    found = (parse_objective(text) for text in run.facts.objectives)
    return {each.metric: f"{each.comparison} {each.limit_text}" for each in found}


def _measure_cpu_s(run: Run) -> float | None:
    """The mean of the observations during the judged stages, times their duration."""
    t_s, percent = run.telemetry.select_series("cpu_percent", SERVICE)
    inside = np.zeros(len(t_s), dtype=np.bool_)
    for start_s, end_s in run.list_spans():
        inside |= (t_s >= start_s) & (t_s < end_s)
    return float(percent[inside].mean()) / 100.0 * run.judged_s if inside.any() else None
