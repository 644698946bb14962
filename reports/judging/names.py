"""Finds objectives about requests of a name that nobody used: users of one's own choose names as they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from reports.data.run import Run
from reports.judging.faults import Fault
from reports.objectives.objective import Objective

MOST_NAMES: Final = 10


def find_unused_names(run: Run, asked: Sequence[Objective]) -> tuple[Fault, ...]:
    """A fault for each objective `on` a name that is no endpoint of the scenario and that no request had.

    Such an objective is a mistake of its author, and no judgement of the service. In a run that was cut short
    requests of that name might still have come.
    """
    if run.cut_short or not len(run.samples) or not run.facts.resolved:
        return ()
    labels = run.samples.endpoint
    used = sorted(labels.names[code] for code in np.unique(labels.codes))
    known = {*used, *_list_stated_names(run.facts.resolved.get("traffic", {}))}
    there = ", ".join(used[:MOST_NAMES]) + (", …" if len(used) > MOST_NAMES else "")
    return tuple(
        Fault(
            f"no request was named '{objective.on}', which '{objective}' is about",
            f"name one of those that were recorded ({there})",
        )
        for objective in asked
        if objective.on is not None and objective.on not in known
    )


def _list_stated_names(traffic: Mapping[str, Any]) -> Iterator[str]:
    """The names of the endpoints and steps of a scenario's traffic."""
    steps = [step for journey in traffic.get("journeys", ()) for step in journey["steps"]]
    for each in (*traffic.get("endpoints", ()), *traffic.get("login", ()), *steps):
        yield each["name"]
