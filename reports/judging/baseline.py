"""Gives relative objectives their limits, from the runs of a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.objectives.objective import Objective
from reports.objectives.parsing import ObjectiveError, compute_relative_limit

_DIGITS = 6
"""Significant digits of a baseline's figure in a sentence."""


def anchor_objective(objective: Objective, runs: Sequence[Run], name: str) -> Objective:
    """The objective with its limit, from the median of what it measures in the runs of the baseline `name`.

    Any other objective is returned as it is. The limit takes the baseline's figure for exact: how far chance
    moves it is told by comparing runs. Raises ObjectiveError if a run of the baseline measured nothing.
    """
    if not objective.lacks_baseline or objective.percent is None:
        return objective
    values = [measure_objective(objective, run).value for run in runs]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        raise ObjectiveError(f"'{objective}': the baseline {name} measured nothing of it; save another one")
    unit, scale = next(iter(objective.definition.units.items()))
    baseline = float(f"{median(known) / float(scale):.{_DIGITS}g}")
    limit = compute_relative_limit(objective.percent, baseline)
    return replace(objective, stated=limit, unit=unit, unit_scale=scale, baseline=baseline)
