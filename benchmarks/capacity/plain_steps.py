"""What is done without a search: rates in fixed steps, until a point estimate misses the objective."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from benchmarks.capacity.services import SimulatedService
from benchmarks.capacity.simulating import WARM_UP_S, SimulatedSearch, simulate_trial
from capacity.search import CapacityBracket
from reports.figures.scope import measure_objective
from reports.objectives.parsing import parse_objective

STEP: Final = 1.05
"""As narrow as the search is asked to be."""
STEP_S: Final = 60.0


def simulate_steps(service: SimulatedService, start_per_s: float, seed: int) -> SimulatedSearch:
    """Steps of 5 % upward from a first rate; the last one met and the first one missed are the bracket."""
    rng = np.random.default_rng(seed)
    objective = parse_objective(service.objective)
    for number in itertools.count(1):
        rate = start_per_s * STEP ** (number - 1)
        run = simulate_trial(service, rate, STEP_S, 0.95, rng)
        observed = measure_objective(objective, run).value
        if observed is None or not objective.allows(observed):
            below = rate / STEP if number > 1 else None
            found = CapacityBracket(below, rate, (), 0.95, "a step missed the objective")
            return SimulatedSearch(found, number, number * (WARM_UP_S + STEP_S))
    raise AssertionError("unreachable: a rate above the capacity misses")
