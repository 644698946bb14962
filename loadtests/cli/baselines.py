"""Finds the baseline that the relative objectives of a scenario need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from configuration.errors import ConfigurationError
from configuration.scenario import Scenario
from reports.data.folder import FolderError
from reports.data.run_sets import BASELINES, DEFAULT_BASELINE, find_side, read_side
from reports.judging.baseline import anchor_objective
from reports.objectives.parsing import ObjectiveError


def anchor_objectives(scenario: Scenario, name: str | None, out: Path) -> Scenario:
    """The scenario with the limits that follow from a baseline, which is only read if an objective needs it.

    `name` is that of a baseline beside the runs in `out`, or a folder. ConfigurationError if there is none.
    """
    relative = [objective for objective in scenario.objectives if objective.lacks_baseline]
    if not relative:
        return scenario
    wanted = DEFAULT_BASELINE if name is None else name
    try:
        find_side(wanted, out / BASELINES.name)
    except FolderError:
        raise ConfigurationError(
            f"'{relative[0]}' needs a baseline, and there is no {wanted} in {out / BASELINES.name}: name one "
            f"(--baseline NAME), or save one (model-loadtest compare --save-baseline {wanted} RUN)"
        ) from None
    try:
        runs = read_side(wanted, out / BASELINES.name).runs
        anchored = tuple(anchor_objective(objective, runs, wanted) for objective in scenario.objectives)
    except (FolderError, ObjectiveError) as error:
        raise ConfigurationError(str(error)) from None
    return replace(scenario, objectives=anchored)
