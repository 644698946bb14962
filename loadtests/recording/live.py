"""Computes the figures that are shown while a run goes on; the verdict never uses them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from loadtests.recording.sample_writer import SampleBatch, view_samples
from reports.data.columns import Floats
from reports.data.facts import Facts
from reports.data.percentiles import Quantile, compute_rank
from reports.data.run import select_judged
from reports.data.telemetry import Telemetry
from reports.data.turns import mark_turns
from reports.objectives.counters import FigureCounter, ProportionCounter, start_counter
from reports.objectives.measurements import Measurement, Percentile
from reports.objectives.metric import Metric, Scope
from reports.objectives.metrics import error_rate, latency_percentile
from reports.objectives.objective import Objective, select_requests

HIGHEST_US: Final = 3_600_000_000
SIGNIFICANT_DIGITS: Final = 2
RECENT_S: Final = 5.0
_ANY_PERCENTILE: Final = Fraction(50)
"""One histogram gives all percentiles, so the values are measured with any of them."""


class LatencyHistogram:
    """Counts latencies within 1 % (HDR histogram)."""

    def __init__(self) -> None:
        self._counts_us = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_DIGITS)

    def add(self, values_ms: Floats) -> None:
        """Count values."""
        distinct, counts = np.unique(_round_us(values_ms * 1000.0), return_counts=True)
        for value_us, count in zip(distinct.tolist(), counts.tolist(), strict=True):
            self._counts_us.record_value(min(value_us, HIGHEST_US), count)

    def estimate_percentile_ms(self, quantile: Quantile) -> float | None:
        """The nearest-rank percentile, within 1 %; None where nothing was counted."""
        count = self._counts_us.get_total_count()
        if not count:
            return None
        rank = compute_rank(quantile, count)  # the histogram itself would round to the nearest whole number
        return float(self._counts_us.get_value_at_percentile(100.0 * rank / count)) / 1000.0


class Standing(NamedTuple):
    """The figure of an objective so far, in its unit, and whether it keeps the limit.

    Both are None for a metric that is known only after the run.
    """

    objective: Objective
    observed: float | None
    kept: bool | None


class Totals(NamedTuple):
    """All judged requests so far."""

    requests: int
    errors: int
    p99_ms: float | None


class _Counted(NamedTuple):
    """What is counted: a metric over the judged requests, perhaps of one endpoint or stage."""

    metric: Metric
    argument: Fraction | None = None
    on: str | None = None
    during: str | None = None


_ERRORS: Final = _Counted(error_rate)
_LATENCY: Final = _Counted(latency_percentile, _ANY_PERCENTILE)


class LiveFigures:
    """Counts batches while the run goes on."""

    def __init__(self, facts: Facts, objectives: Iterable[Objective]) -> None:
        self.objectives = tuple(objectives)
        self._facts = facts
        self._counted = {_ERRORS, _LATENCY, *map(_count_for, self.objectives)}
        self._counters: dict[_Counted, FigureCounter[Any]] = {}
        self._histograms: dict[_Counted, LatencyHistogram] = {}
        self._telemetry = Telemetry.empty()
        self._recent: deque[tuple[float, int]] = deque()
        self.turns = 0
        """Judged turns so far, each of one or more requests (`reports.data.turns`)."""

    def add(self, batch: SampleBatch, t_s: float) -> None:
        """Count a batch that was sealed at `t_s`."""
        judged = select_judged(view_samples(batch, self._facts.stages), self._facts.stages)
        self.turns += int(np.count_nonzero(mark_turns(judged, self._facts)))
        scopes: dict[tuple[str | None, str | None], Scope] = {}
        for counted in self._counted:
            part = counted.on, counted.during
            if part not in scopes:
                samples = select_requests(judged, *part)
                scopes[part] = Scope(samples, self._telemetry, self._facts, duration_s=0.0)
            if len(scopes[part].samples):
                self._count(counted, counted.metric.measure(scopes[part], counted.argument))
        self._recent.append((t_s, len(batch.rows)))
        while self._recent[0][0] < t_s - RECENT_S:
            self._recent.popleft()

    def _count(self, counted: _Counted, measured: Measurement) -> None:
        if isinstance(measured, Percentile):
            self._histograms.setdefault(counted, LatencyHistogram()).add(measured.values)
            return
        counter = self._counters.get(counted) or start_counter(measured)
        if counter is not None:
            self._counters[counted] = counter
            counter.add(measured)

    def compute_totals(self) -> Totals:
        """The totals of all judged requests so far."""
        errors, latency = self._counters.get(_ERRORS), self._histograms.get(_LATENCY)
        if not isinstance(errors, ProportionCounter) or latency is None:
            return Totals(0, 0, None)
        return Totals(errors.samples, errors.hits, latency.estimate_percentile_ms("0.99"))

    def estimate_rate(self, t_s: float) -> float:
        """Requests recorded per second over the last five seconds."""
        return sum(count for at_s, count in self._recent if at_s >= t_s - RECENT_S) / min(
            RECENT_S, max(t_s, 1.0)
        )

    def list_standings(self, t_s: float) -> Iterator[Standing]:
        """Each objective's state `t_s` seconds into the run."""
        for objective in self.objectives:
            value = None if objective.window_s else self._compute_value(objective, t_s)
            if value is None:
                yield Standing(objective, None, None)
            else:
                yield Standing(objective, objective.convert_to_unit(value), objective.allows(value))

    def _compute_value(self, objective: Objective, t_s: float) -> float | None:
        counted = _count_for(objective)
        if objective.quantile is not None and counted in self._histograms:
            return self._histograms[counted].estimate_percentile_ms(objective.quantile)
        counter = self._counters.get(counted)
        return None if counter is None else counter.compute_value(self._elapsed_s(objective.during, t_s))

    def _elapsed_s(self, during: str | None, t_s: float) -> float:
        stages = [stage for stage in self._facts.judged_stages if during in (None, stage.name)]
        return max(sum(max(0.0, min(stage.end_s, t_s) - stage.start_s) for stage in stages), 1.0)


def _count_for(objective: Objective) -> _Counted:
    """What has to be counted for an objective."""
    argument = objective.argument if objective.quantile is None else _ANY_PERCENTILE
    return _Counted(objective.definition, argument, objective.on, objective.during)


def _round_us(values_us: Floats) -> NDArray[np.int64]:
    """Microseconds rounded to three significant digits: few distinct values make counting cheap."""
    step = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values_us, 1.0))) - 2.0, 0.0)
    rounded: NDArray[np.int64] = (np.round(values_us / step) * step).astype(np.int64)
    return rounded
