"""The objectives in a scenario: those that decide the verdict, and those that abort a hopeless run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from configuration.document import Node
from configuration.readers import read_duration, read_text
from configuration.units import write_duration
from reports.objectives.objective import Objective
from reports.objectives.parsing import ObjectiveError, parse_objective

ABORT_GRACE_S: Final = 10.0
NEVER: Final = "never"
"""The abort section of a run that goes on whatever happens."""
COUNTABLE: Final = (
    "error rate",
    "errors",
    "status <code>",
    "p<percentile> latency",
    "p<percentile> service time",
    "max latency",
    "max service time",
)
"""Metrics that a count of requests decides exactly at every moment of the run."""


class KnownNames(NamedTuple):
    """What an objective may name; without names nothing is checked."""

    endpoints: Sequence[str] = ()
    stages: Sequence[str] = ()


@dataclass(frozen=True)
class Abort:
    """Abort the run as hopeless unless all these objectives hold, from `after_s` into the judged load on.

    Without objectives it is aborted if its first requests all fail (`loadtests/session/abort.py`).
    """

    unless: tuple[Objective, ...] = ()
    after_s: float = ABORT_GRACE_S

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this section."""
        return {
            "after": write_duration(self.after_s),
            "unless": [str(objective) for objective in self.unless],
        }


def read_objectives(
    node: Node,
    names: KnownNames,
    example: str = "p99 latency <= 100 ms",
    check: Callable[[Objective], None] = lambda _: None,
) -> tuple[Objective, ...]:
    """A list of different sentences; `check` raises `ObjectiveError` for one that is not allowed here."""
    seen: set[Objective] = set()

    def read(item: Node) -> Objective:
        try:
            objective = parse_objective(read_text(item), names.endpoints, names.stages)
            check(objective)
        except ObjectiveError as error:
            raise item.report_problem(str(error)) from None
        if objective in seen:
            raise item.report_problem(f"'{objective}' is stated already; leave one out")
        seen.add(objective)
        return objective

    return tuple(node.read_items(read, f"a list of sentences, such as ['{example}']"))


def write_abort(abort: Abort | None) -> dict[str, Any]:
    """The abort section as it is kept with a run, by its key; nothing for the default."""
    if abort is None:
        return {"abort": NEVER}
    return {"abort": abort.resolve()} if abort.unless else {}


def read_abort(node: Node, names: KnownNames) -> Abort | None:
    """The abort section, such as `{after: 10s, unless: [error rate <= 50 %]}`; None for `never`."""
    if node.value == NEVER:
        return None
    example = "error rate <= 50 %"
    read_unless = partial(read_objectives, names=names, example=example, check=_check_countable)
    expected = f"{NEVER}, or a mapping with after and unless, such as {{after: 10s, unless: [{example}]}}"
    with node.read_mapping(expected) as keys:
        after_s = keys.read_or("after", read_duration, ABORT_GRACE_S)
        unless = keys.read("unless", read_unless)
    return Abort(unless, after_s)


def _check_countable(objective: Objective) -> None:
    """Raise `ObjectiveError` unless a count of requests decides at any moment whether the objective holds."""
    if objective.definition.name not in COUNTABLE:
        raise ObjectiveError(
            f"'{objective}': {objective.metric} can't abort a run, because no count of requests decides it; "
            f"expected one of {', '.join(COUNTABLE)}"
        )
    if objective.percent is not None:
        raise ObjectiveError(
            f"'{objective}': a hopeless run is one by a fixed limit; state it without baseline"
        )
    if objective.window_s is not None:
        raise ObjectiveError(f"'{objective}': all requests of a run decide on its abort; leave 'in any' out")
    if objective.comparison in (">=", ">"):
        raise ObjectiveError(f"'{objective}': later requests can still reach a lower limit; expected <= or <")
