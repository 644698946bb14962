"""Defines what an objective is: a limit for a metric, such as `p99 latency <= 100 ms during steady`."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.quantities import add_unit, format_exact
from reports.data.samples import Samples
from reports.objectives.measurements import Count, Maximum, Measurement, Percentile, Provable
from reports.objectives.metric import Metric, Scope
from reports.objectives.units import SHARE_PER_HOUR

Comparison: TypeAlias = Literal["<=", "<", ">=", ">"]

_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


@dataclass(frozen=True)
class Objective:
    """`metric comparison limit`, perhaps on one endpoint, during one stage, in any window of `window_s`.

    `metric` is the name as written and `definition` the metric of this name; `argument` is the number in the
    name, 99 in `p99 latency`. `stated` is the limit as written, in `unit`; one `unit` is `unit_scale` of the
    metric's base unit (ms, share, count, per second). `str()` is the sentence, which parses to an equal
    objective.
    """

    metric: str
    comparison: Comparison
    stated: float
    unit: str
    unit_scale: Fraction
    definition: Metric
    argument: Fraction | None
    on: str | None = None
    during: str | None = None
    window_s: float | None = None
    percent: float | None = None
    """Of an objective relative to a baseline: 110 in `<= 110 % of baseline`; None for any other."""
    baseline: float | None = None
    """The figure of the baseline, in `unit`; None where it isn't known yet, and then `stated` is 0."""

    @property
    def lacks_baseline(self) -> bool:
        """Whether it can't be judged yet, because the figure of its baseline isn't known."""
        return self.percent is not None and self.baseline is None

    @property
    def scale(self) -> float:
        """How many of the metric's base unit one `unit` is."""
        return float(self.unit_scale)

    @property
    def limit(self) -> float:
        """The limit in the metric's base unit."""
        if self.lacks_baseline:
            return math.nan
        return float(Fraction(repr(self.stated)) * self.unit_scale)

    @property
    def quantile(self) -> Fraction | None:
        """The quantile that the limit is for, from 0 to 1; None if it is for none, or for its drift."""
        about_percentile = self.definition.argument_name == "percentile"
        if self.argument is None or not about_percentile or self.definition.units is SHARE_PER_HOUR:
            return None
        return self.argument / 100

    @property
    def is_minimum(self) -> bool:
        """Whether the limit is a minimum."""
        return self.comparison in (">=", ">")

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self)

    @property
    def limit_text(self) -> str:
        """The limit as written: 100 ms; 44 ms (110 % of baseline 40 ms)."""
        if self.percent is None:
            return add_unit(format_exact(self.stated), self.unit)
        if self.lacks_baseline:
            return self._relation
        return f"{add_unit(format_exact(self.stated), self.unit)} ({self._relation})"

    @property
    def _relation(self) -> str:
        """The limit in the sentence of a relative objective."""
        words = f"{format_exact(self.percent or 0.0)} % of baseline"
        return (
            words if self.baseline is None else f"{words} {add_unit(format_exact(self.baseline), self.unit)}"
        )

    @property
    def subject(self) -> str:
        """What the limit is set for: `p99 latency on batch during steady`."""
        return self.text.replace(f" {self.comparison} {self._limit_in_sentence}", "", 1)

    @property
    def _limit_in_sentence(self) -> str:
        return self.limit_text if self.percent is None else self._relation

    def select(self, samples: Samples) -> Samples:
        """The requests of the endpoint and the stage that the objective names."""
        return select_requests(samples, self.on, self.during)

    def mark(self, samples: Samples) -> Mask:
        """Which requests are to the endpoint and in the stage that the objective names."""
        mask = np.ones(len(samples), dtype=np.bool_)
        if self.during is not None:
            mask &= samples.stage.equal(self.during)
        if self.on is not None:
            mask &= samples.endpoint.equal(self.on)
        return mask

    def measure(self, scope: Scope) -> Measurement:
        """The metric over `scope`."""
        return self.definition.measure(scope, self.argument)

    def allows(self, value: float) -> bool:
        """Whether a value in the metric's base unit keeps the limit."""
        return bool(_COMPARE[self.comparison](value, self.limit))

    def mark_exceeding(self, measured: Provable | Maximum | Count) -> Mask:
        """Which of the measured requests exceed the limit, or are hits that count against it."""
        if isinstance(measured, Percentile | Maximum):
            return self._mark_outside(measured.values)
        return ~measured.hits if self.definition.better == "higher" else measured.hits

    def compute_budget(self, measured: Provable) -> float:
        """The share of the measured requests that may exceed the limit."""
        if isinstance(measured, Percentile):
            return float(1 - measured.quantile)
        return 1.0 - self.limit if self.definition.better == "higher" else self.limit

    def convert_to_unit(self, value: float) -> float:
        """A value in the metric's base unit, converted to `unit`."""
        return float(Fraction(repr(float(value))) / self.unit_scale)

    def _mark_outside(self, values: Floats) -> Mask:
        return ~np.asarray(_COMPARE[self.comparison](values, self.limit), dtype=np.bool_)

    def __str__(self) -> str:
        parts = [self.metric, self.comparison, self._limit_in_sentence]
        parts += ["on", self.on] if self.on else []
        parts += ["during", self.during] if self.during else []
        parts += ["in any", f"{format_exact(self.window_s)} s"] if self.window_s else []
        return " ".join(parts)


def select_requests(samples: Samples, endpoint: str | None, stage: str | None) -> Samples:
    """The requests to one endpoint, in one stage; all where it is None."""
    if stage is not None:
        samples = samples.select(samples.stage.equal(stage))
    if endpoint is not None:
        samples = samples.select(samples.endpoint.equal(endpoint))
    return samples
