"""Finds objectives about unseen stalls that ask for a longer run than is planned."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log

from configuration.scenario import Scenario
from reports.data.facts import find_verdict_confidence
from reports.data.quantities import format_duration
from reports.objectives.metrics import unseen_stalls


def find_unmeetable_stalls(scenario: Scenario, *, early_end: bool = False) -> Iterator[str]:
    """A sentence for each of them, without full stop; by the rule of three, as the run will be judged.

    `early_end` says whether the run may end as soon as it is decided, which asks for more confidence.
    """
    if scenario.planned_s is None:
        return
    surprise = -log(1.0 - find_verdict_confidence(scenario.confidence, early_end=early_end))
    for objective in scenario.objectives:
        if objective.definition is not unseen_stalls or objective.is_minimum:
            continue
        planned_s = sum(
            stage.end_s - stage.start_s
            for stage in scenario.stages
            if stage.judged and objective.during in (None, stage.name)
        )
        if not planned_s or objective.allows(surprise / planned_s):
            continue
        needed_s = ceil(surprise / objective.limit)
        yield (
            f"'{objective}' can't be met: {format_duration(planned_s)} of load judged, "
            f"{format_duration(needed_s)} needed at the least"
        )
