"""Compares the looks of an early end with ten planned looks that divide the permitted doubt among them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.judge.judging import RATE, draw_runs
from benchmarks.judge.processes import LIMIT_MS, RequestProcess
from reports.data.checkpoints import compute_checkpoints_s
from reports.data.columns import Floats
from reports.data.facts import Plan
from reports.data.run import Run
from reports.judging.confidence import compute_clopper_pearson, prove
from reports.judging.effective import mark_near_misses, measure_effective_samples
from reports.judging.interim import analyse_interim
from reports.judging.judgement import judge_objective
from reports.objectives.parsing import parse_objective

REQUESTS: Final = 4_000
PERCENT: Final = 99.0
BUDGET: Final = 0.01
PLANNED: Final = 10
DOUBT: Final = 0.05 / PLANNED
"""Of each planned look."""
_NEVER: Final = (np.inf, np.inf)


@dataclass(frozen=True)
class LookedAt:
    """The shares of runs whose limit a rule calls proven or broken at any look, or proven at the end.

    `stopped` is the mean share of the planned time after which it does; 1 for a run in which it never does.
    """

    proven: float
    broken: float
    stopped: float


@dataclass(frozen=True)
class LooksCompared:
    """Both rules on `runs` runs of a process in which `used` times the budget exceeds the limit."""

    process: str
    used: float
    runs: int
    planned: LookedAt
    anytime: LookedAt


def compare_looks(process: RequestProcess, used: float, runs: int) -> LooksCompared:
    """Judge runs of `REQUESTS` requests by both rules: at ten moments, and whenever an early end may look."""
    drawn = draw_runs(process, REQUESTS, used * BUDGET, runs)
    stops = np.array([(_stop_at_planned_looks(run.samples.latency_ms), stop_early(run)) for run in drawn])
    return LooksCompared(process.name, used, runs, _count(stops[:, 0]), _count(stops[:, 1]))


def stop_early(run: Run) -> tuple[float, float]:
    """The share of the planned time after which `--stop-when-decided` ends a run as proven, and as broken.

    Infinite where it doesn't.
    """
    objective = parse_objective(f"p{PERCENT:g} latency <= {LIMIT_MS:g} ms")
    facts = replace(run.facts, early_end=True, plan=Plan(t_s=(0.0,), rate=(RATE,)))
    run, checkpoints_s = replace(run, facts=facts), compute_checkpoints_s(facts)
    for until_s in checkpoints_s[:-1]:
        ((_, state),) = analyse_interim(run, [objective], until_s).states
        if state != "open":
            share = until_s / checkpoints_s[-1]
            return (share, np.inf) if state == "proven" else (np.inf, share)
    return (1.0, np.inf) if judge_objective(objective, run).outcome == "met" else _NEVER


def _count(stops: Floats) -> LookedAt:
    proven, broken = np.isfinite(stops).mean(axis=0).tolist()
    return LookedAt(proven, broken, float(np.minimum(stops.min(axis=1), 1.0).mean()))


def _stop_at_planned_looks(latency_ms: Floats) -> tuple[float, float]:
    """As `stop_early`, at ten looks by the rules for a single one, each with a tenth of the doubt."""
    for look in range(1, PLANNED + 1):
        values = latency_ms[: len(latency_ms) * look // PLANNED]
        over = values > LIMIT_MS
        if prove(over, BUDGET, 1.0 - DOUBT, mark_near_misses(values, LIMIT_MS, BUDGET)).proven:
            return look / PLANNED, np.inf
        size, share = measure_effective_samples(over, 1.0 - DOUBT).fewest, float(over.mean())
        if share > BUDGET and compute_clopper_pearson(share * size, size, 1.0 - 2.0 * DOUBT)[0] > BUDGET:
            return np.inf, look / PLANNED
    return _NEVER
