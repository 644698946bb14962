"""What a request costs in processor time, by trials at several rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capacity.trials import TrialFigures


@dataclass(frozen=True)
class ProcessorCost:
    """Processor seconds a request takes, and cores that are used without any."""

    s_per_request: float
    idle_cores: float

    def compute_cores(self, rate_per_s: float) -> float:
        """The cores in use at a rate of requests."""
        return self.idle_cores + rate_per_s * self.s_per_request


def fit_cost(trials: Sequence[TrialFigures]) -> ProcessorCost | None:
    """The line by least squares, through the origin if it would begin below it; None without observations.

    Trials that broke the objectives don't count: there some requests may have ended before their work.
    """
    seen = [
        (each.figures.throughput_rps, each.service_cores)
        for each in trials
        if each.service_cores is not None
        and each.figures.throughput_rps
        and each.outcome in ("proven", "open")
    ]
    if not seen:
        return None
    rates, cores = np.array(seen, dtype=float).T
    if len(set(rates.tolist())) > 1:
        slope, idle = np.polyfit(rates, cores, 1).tolist()
        if slope > 0 and idle >= 0:
            return ProcessorCost(slope, idle)
    return ProcessorCost(float(np.sum(cores * rates) / np.sum(rates**2)), 0.0)
