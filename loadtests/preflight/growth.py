"""Finds objectives about growth that the plan can't decide: the load changes, or the run is too short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from configuration.scenario import Scenario
from reports.data.facts import Stage
from reports.data.quantities import format_duration, format_number
from reports.objectives.growth import HOUR_S
from reports.objectives.metrics import (
    MEMORY_STEP_MIB,
    generator_memory_growth,
    latency_drift,
    service_memory_growth,
)
from reports.objectives.objective import Objective

_ALIKE = 0.01
_LEVELS = 50


def find_undecidable_growths(scenario: Scenario) -> Iterator[str]:
    """A sentence for each of them, without full stop."""
    if scenario.planned_s is None:
        return
    for objective in scenario.objectives:
        stages = [
            stage for stage in scenario.stages if stage.judged and objective.during in (None, stage.name)
        ]
        if objective.definition is latency_drift and not _is_constant(scenario, stages):
            yield (
                f"'{objective}' can't be told of a load that changes: name a stage of constant load "
                "(during ...)"
            )
        if objective.definition in (service_memory_growth, generator_memory_growth):
            yield from _find_short_time(objective, sum(stage.end_s - stage.start_s for stage in stages))


def _is_constant(scenario: Scenario, stages: Sequence[Stage]) -> bool:
    times = [np.linspace(stage.start_s, stage.end_s, _LEVELS, endpoint=False) for stage in stages]
    levels = scenario.full_profile.compute_levels(np.concatenate(times))
    return bool(np.ptp(levels) <= _ALIKE * levels.max())


def _find_short_time(objective: Objective, planned_s: float) -> Iterator[str]:
    """A limit that one step of memory would exceed in the planned time."""
    least_s = MEMORY_STEP_MIB / objective.limit * HOUR_S if objective.limit else np.inf
    if planned_s > least_s:
        return
    takes = f"it takes more than {format_duration(least_s)}" if objective.limit else "no time is long enough"
    yield (
        f"'{objective}' can't be proven in {format_duration(planned_s)}: memory is taken in steps of "
        f"{format_number(MEMORY_STEP_MIB)} MiB, so {takes}"
    )
