"""Compares the ten planned looks of an early end with a bound that holds however often one looks.

The bound is a test martingale: the likelihood of the hits, averaged over shares below the budget with a
truncated beta prior, divided by that at the budget. If the budget is just used up, it ever exceeds 1 / doubt
with at most this doubt (Ville; Howard, Ramdas, McAuliffe and Sekhon, arXiv:1810.08240; for quantiles Howard
and Ramdas, arXiv:1906.09712). Like the planned looks it counts effective samples, not the recorded ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from scipy import special

from benchmarks.judge.judging import draw_runs
from benchmarks.judge.processes import LIMIT_MS, RequestProcess
from reports.data.checkpoints import CHECKPOINTS
from reports.data.columns import Floats
from reports.judging.confidence import prove
from reports.judging.effective import mark_near_misses, measure_effective_samples

REQUESTS: Final = 4_000
BUDGET: Final = 0.01
CONFIDENCE: Final = 0.95
PRIOR: Final = (0.5, 25.0)
"""Of the beta distribution, before it is truncated at the budget; its mean is twice the budget."""


@dataclass(frozen=True)
class LookedAt:
    """How often a limit is proven at any look, and after which share of the planned time on average."""

    proven: float
    stopped: float


@dataclass(frozen=True)
class LooksCompared:
    """Both rules on `runs` runs of a process in which a share `used` of the budget exceeds the limit."""

    process: str
    used: float
    runs: int
    planned: LookedAt
    anytime: LookedAt


def compare_looks(process: RequestProcess, used: float, runs: int) -> LooksCompared:
    """Look at runs of `REQUESTS` requests at the same ten moments by both rules."""
    drawn = draw_runs(process, REQUESTS, used * BUDGET, runs)
    stops = np.array([_find_stops(run.samples.latency_ms) for run in drawn])
    planned, anytime = (
        LookedAt(float(np.isfinite(each).mean()), float(np.minimum(each, 1.0).mean())) for each in stops.T
    )
    return LooksCompared(process.name, used, runs, planned, anytime)


def compute_log_evidence(hits: float, samples: float, budget: float) -> float:
    """The logarithm of the martingale against a share of `budget` or more."""
    a, b = PRIOR
    after = special.betaln(hits + a, samples - hits + b)
    after += np.log(max(special.betainc(hits + a, samples - hits + b, budget), 1e-300))
    before = special.betaln(a, b) + np.log(special.betainc(a, b, budget))
    return float(after - before - hits * np.log(budget) - (samples - hits) * np.log1p(-budget))


def _find_stops(latency_ms: Floats) -> tuple[float, float]:
    """The share of the planned time at which each rule proves the limit; infinite if it never does."""
    planned = anytime = np.inf
    for look in range(1, CHECKPOINTS + 1):
        values = latency_ms[: len(latency_ms) * look // CHECKPOINTS]
        over, near = values > LIMIT_MS, mark_near_misses(values, LIMIT_MS, BUDGET)
        if prove(over, BUDGET, 1.0 - (1.0 - CONFIDENCE) / CHECKPOINTS, near).proven:
            planned = min(planned, look / CHECKPOINTS)
        size, share = measure_effective_samples(over, CONFIDENCE, near).fewest, float(over.mean())
        if share < BUDGET and compute_log_evidence(share * size, size, BUDGET) >= -log(1.0 - CONFIDENCE):
            anytime = min(anytime, look / CHECKPOINTS)
    return planned, anytime
