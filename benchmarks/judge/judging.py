"""Has simulated runs judged as any run is judged, and counts how often the judge is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks.judge.processes import LIMIT_MS, RequestProcess
from reports.data.columns import Floats
from reports.data.facts import Facts, Stage
from reports.data.labels import Labels
from reports.data.run import Run
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry
from reports.judging.anytime import is_broken_by_now
from reports.judging.judgement import judge_objective
from reports.objectives.parsing import parse_objective

RATE: Final = 100.0
"""Requests per second of all simulated runs."""
CHUNK: Final = 16_000_000
"""Latencies that are drawn at once."""
_NO_TELEMETRY: Final = Telemetry(
    np.empty(0), Labels(np.empty(0, np.int16), ()), Labels(np.empty(0, np.int16), ()), np.empty(0)
)


@dataclass(frozen=True)
class Counts:
    """How `runs` runs of a process were judged.

    Of runs whose limit is the true percentile: `proven`, `broken` (is said to be proven broken), `covered`
    (the interval contains the truth, or there is none). Of as many runs in which half of the permitted share
    exceeds the limit: `found` (it is proven), `missed`.
    """

    runs: int
    proven: int
    broken: int
    covered: int
    found: int
    missed: int


def judge_process(process: RequestProcess, requests: int, percent: float, runs: int) -> Counts:
    """Judge `runs` runs of `requests` requests by the objective that the percentile is at most `LIMIT_MS`."""
    objective = parse_objective(f"p{percent:g} latency <= {LIMIT_MS:g} ms")
    budget = (100.0 - percent) / 100.0
    proven = broken = covered = found = missed = 0
    for run in draw_runs(process, requests, budget, runs, objective.text):
        judged = judge_objective(objective, run)
        proven += judged.outcome == "met"
        broken += is_broken_by_now(run.samples.latency_ms > LIMIT_MS, budget, run.facts.confidence)
        low, high = judged.interval or (0.0, np.inf)
        covered += low <= LIMIT_MS <= high
    for run in draw_runs(process, requests, budget / 2.0, runs, objective.text):
        outcome = judge_objective(objective, run).outcome
        found += outcome == "met"
        missed += outcome == "missed"
    return Counts(runs, proven, broken, covered, found, missed)


def draw_runs(
    process: RequestProcess, requests: int, share: float, runs: int, *objectives: str
) -> Iterator[Run]:
    """Runs of a process in which a `share` of requests exceeds `LIMIT_MS`; the same ones each time."""
    seed = crc32(f"{process.name} {requests} {share!r}".encode())
    for first in range(0, runs, max(1, CHUNK // requests)):
        rng = np.random.default_rng((seed, first))
        for latency_ms in process.draw_ms(rng, min(runs - first, max(1, CHUNK // requests)), requests, share):
            yield make_run(latency_ms, objectives)


def make_run(latency_ms: Floats, objectives: tuple[str, ...]) -> Run:
    """A run of the open model that ended as planned, `RATE` requests a second."""
    count = len(latency_ms)
    zeros, nothing = np.zeros(count, np.uint32), np.full(count, np.nan, np.float32)
    intended_s, label = np.arange(count) / RATE, np.zeros(count, np.int16)
    samples = Samples(
        intended_s=intended_s,
        sent_s=intended_s,
        latency_ms=latency_ms,
        service_ms=latency_ms,
        endpoint=Labels(label, ("prediction",)),
        stage=Labels(label, ("steady",)),
        outcome=Labels(label, ("ok",)),
        status=np.full(count, 200, np.uint16),
        kind=Labels(label, ("realistic",)),
        rows=zeros,
        request_bytes=zeros,
        response_bytes=zeros,
        queue_ms=nothing,
        inference_ms=nothing,
        batch_size=nothing,
        trace_id=np.full(count, None, np.object_),
        worker=np.zeros(count, np.uint16),
    )
    end_s = count / RATE
    facts = Facts(
        scenario="simulated",
        description="",
        model="open",
        host="",
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("steady", 0.0, end_s),),
        objectives=objectives,
        planned_s=end_s,
        ended_s=end_s,
    )
    return Run(Path(), facts, samples, _NO_TELEMETRY)
