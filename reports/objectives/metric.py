"""Defines what a metric is: a name, the units of its limits, and a function from a scope to a measurement."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from reports.data.facts import Facts
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry
from reports.objectives.measurements import Measurement
from reports.objectives.units import Units

_ARGUMENT = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Scope:
    """The part of a run that a metric is measured over: requests in order of intended start, and telemetry.

    `duration_s` is the planned duration of the part, `start_s` its beginning in the run.
    """

    samples: Samples
    telemetry: Telemetry
    facts: Facts
    duration_s: float
    start_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Metric:
    """Something that limits can be set for; metrics are compared by identity.

    `name` may contain a named number, as in `p<percentile> latency`; `function` is called with the scope and,
    if there is one, this number as a Fraction.
    """

    name: str
    units: Units
    better: Literal["lower", "higher"] | None
    clauses: tuple[str, ...]
    """Clauses that an objective may have: on an endpoint, during a stage, in any window."""
    function: Callable[..., Measurement]

    @property
    def argument_name(self) -> str | None:
        """The name of the number in the metric's name; None without one."""
        found = _ARGUMENT.search(self.name)
        return found[1] if found else None

    def read_argument(self, text: str) -> str | None:
        """The number in `text` as written, '' if the name has none; None if `text` names another metric."""
        found = re.fullmatch(_ARGUMENT.sub("([0-9.]+)", self.name), text)
        return "".join(found.groups()) if found else None

    def measure(self, scope: Scope, argument: Fraction | None = None) -> Measurement:
        """The metric over `scope`."""
        return self.function(scope) if argument is None else self.function(scope, argument)


METRICS: list[Metric] = []
"""All metrics, in the order of their registration."""


def metric(
    name: str,
    units: Units,
    better: Literal["lower", "higher"] | None,
    clauses: tuple[str, ...] = ("on", "during", "in any"),
) -> Callable[[Callable[..., Measurement]], Metric]:
    """Register the decorated function as a metric that objectives can be stated for."""

    def register(function: Callable[..., Measurement]) -> Metric:
        METRICS.append(Metric(name, units, better, clauses, function))
        return METRICS[-1]

    return register
