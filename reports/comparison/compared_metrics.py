"""What two versions are compared in: latency, failures, throughput, processor time, stated objectives."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from reports.data.run import Run
from reports.data.telemetry import SERVICE
from reports.objectives.measurements import Measurement, PointEstimate
from reports.objectives.metric import Metric, Scope
from reports.objectives.metrics import errors, offered_load
from reports.objectives.parsing import parse_objective, parse_objectives
from reports.objectives.units import COUNT, SHARES, TIME

Scale: TypeAlias = Literal["ratio", "share"]
"""Ratios are compared by their logarithms, shares by their difference."""

ALWAYS: Final = (
    "p50 latency <= 1 ms",
    "p95 latency <= 1 ms",
    "p99 latency <= 1 ms",
    "error rate <= 1 %",
    "throughput >= 1 requests/s",
)
"""Objectives whose metrics are compared whatever the scenario asks; their limits play no part."""
_TAIL: Final = 5
"""Requests that a block needs beyond a percentile."""
_FEWEST: Final = 10


@dataclass(frozen=True)
class ComparedMetric:
    """A metric of one endpoint and stage, or of all; `unit` is the metric's base unit."""

    name: str
    metric: Metric
    argument: Fraction | None = None
    on: str | None = None
    during: str | None = None

    @property
    def text(self) -> str:
        """What is compared: `p99 latency on predict during steady`."""
        parts = [self.name, *(("on", self.on) if self.on else ())]
        return " ".join([*parts, *(("during", self.during) if self.during else ())])

    @property
    def scale(self) -> Scale:
        """How figures of it are compared."""
        return "share" if any(self.metric.units is each for each in SHARES) else "ratio"

    @property
    def unit(self) -> str:
        """In which its figures are told; shares in %."""
        return "%" if self.scale == "share" else next(iter(self.metric.units))

    @property
    def fewest_requests(self) -> int:
        """How many requests a block needs: five beyond a percentile, else ten."""
        if self.metric.argument_name != "percentile" or self.argument is None:
            return _FEWEST
        return max(_FEWEST, math.ceil(_TAIL / (1 - self.argument / 100)))

    def measure(self, scope: Scope) -> Measurement:
        """The metric over a block."""
        return self.metric.measure(scope, self.argument)

    def convert_to_unit(self, value: float) -> float:
        """A figure in the metric's base unit, converted to `unit`."""
        return value * 100.0 if self.scale == "share" else value


def measure_processor_time(scope: Scope) -> Measurement:
    """The service's processor time a request, in ms: its mean use of a core, times the duration."""
    _, percent = scope.telemetry.select_series("cpu_percent", SERVICE)
    if not len(percent) or not len(scope.samples):
        return PointEstimate(None, len(scope.samples))
    used_ms = float(percent.mean()) * 10.0 * scope.duration_s
    return PointEstimate(used_ms / len(scope.samples), len(scope.samples))


PROCESSOR_TIME: Final = Metric("processor time a request", TIME, "lower", (), measure_processor_time)
"""Known where the service runs on the machine of the load test, or tells its processor time."""


def list_compared_metrics(runs: Iterable[Run]) -> list[ComparedMetric]:
    """Those of every endpoint, the processor time of all, and those of the objectives, each once.

    Left out of the objectives are counts, which grow with the run, `errors`, which is the error rate, and the
    offered load, which is the load test's own.
    """
    known = list(runs)
    names = sorted({name for run in known for name in run.judged.endpoint.names if _is_asked(run, name)})
    endpoints: list[str | None] = [*names] if len(names) > 1 else [None]
    found = [
        ComparedMetric(each.metric, each.definition, each.argument, endpoint)
        for endpoint in endpoints
        for each in map(parse_objective, ALWAYS)
    ]
    found.append(ComparedMetric("processor time a request", PROCESSOR_TIME))
    for run in known:
        for stated in parse_objectives(run.facts.objectives):
            definition = stated.definition
            if definition.better is None or definition in (errors, offered_load) or definition.units is COUNT:
                continue
            on = stated.on if len(names) > 1 else None
            found.append(ComparedMetric(stated.metric, definition, stated.argument, on, stated.during))
    return list({(each.text, each.unit): each for each in found}.values())


def _is_asked(run: Run, endpoint: str) -> bool:
    return bool(run.judged.endpoint.equal(endpoint).any())
