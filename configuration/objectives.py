"""Objectives as a scenario states them: those it is judged by, and those without which it is given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from configuration.document import Node
from configuration.readers import duration, text
from configuration.units import write_duration
from reports.objectives.objective import Objective
from reports.objectives.parsing import ObjectiveError, parse_objective

GRACE_S: Final = 10.0
COUNTED: Final = (
    "error rate",
    "errors",
    "status <code>",
    "p<percentile> latency",
    "p<percentile> service time",
    "max latency",
    "max service time",
)
"""Metrics whose limit is kept or broken by a count of requests, exact at every moment of the run."""


class Names(NamedTuple):
    """What an objective may name; nothing is checked where the rest of the scenario isn't known."""

    endpoints: Sequence[str] = ()
    stages: Sequence[str] = ()


@dataclass(frozen=True)
class Abort:
    """Give the run up as hopeless unless all of it holds, `after_s` into the judged load and from then on."""

    unless: tuple[Objective, ...]
    after_s: float = GRACE_S

    def resolved(self) -> dict[str, Any]:
        """The plain values that read back as this."""
        return {
            "after": write_duration(self.after_s),
            "unless": [str(objective) for objective in self.unless],
        }


def read_objectives(
    node: Node,
    names: Names,
    example: str = "p99 latency <= 100 ms",
    check: Callable[[Objective], None] = lambda _: None,
) -> tuple[Objective, ...]:
    """A list of sentences, no two alike; `check` raises `ObjectiveError` for one that is out of place."""
    seen: set[Objective] = set()

    def read(item: Node) -> Objective:
        try:
            objective = parse_objective(text(item), names.endpoints, names.stages)
            check(objective)
        except ObjectiveError as error:
            raise item.wrong(str(error)) from None
        if objective in seen:
            raise item.wrong(f"'{objective}' stands here already; leave one out")
        seen.add(objective)
        return objective

    return tuple(node.items(read, f"a list of sentences, such as ['{example}']"))


def read_abort(node: Node, names: Names) -> Abort:
    """The abort section: `{after: 10s, unless: [error rate <= 50 %, p99 latency <= 5 s]}`."""
    with node.keys(
        "a mapping with after and unless, such as {after: 10s, unless: [error rate <= 50 %]}"
    ) as keys:
        after_s = keys.take_or("after", duration, GRACE_S)
        unless = keys.take(
            "unless", partial(read_objectives, names=names, example="error rate <= 50 %", check=_countable)
        )
    return Abort(unless, after_s)


def _countable(objective: Objective) -> None:
    """Raise `ObjectiveError` unless a count of requests tells at any moment whether it holds."""
    if objective.definition.name not in COUNTED:
        raise ObjectiveError(
            f"'{objective}': {objective.metric} can't give a run up, no count of requests tells it; "
            f"expected one of {', '.join(COUNTED)}"
        )
    if objective.window_s is not None:
        raise ObjectiveError(f"'{objective}': a run is given up over all its requests; leave 'in any' out")
    if objective.comparison in (">=", ">"):
        raise ObjectiveError(
            f"'{objective}': what is still to come gives no reason to stop; expected <= or <"
        )
