"""Says whether latency was steady while the load was constant, or since when: steady state is not assumed.

It is steady unless the medians of its windows are proven to change by more than `SMALL_CHANGE`, by the test
that judges drift (`reports.judging.trends`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from reports.data.columns import Floats
from reports.data.quantities import format_duration, format_number
from reports.data.run import Run
from reports.figures.constancy import find_constant_span
from reports.judging.trends import compute_growth_interval
from reports.objectives.growth import HOUR_S, Growth

SMALL_CHANGE: Final = 0.05
"""From the beginning of the time to its end, as a share of the median window."""
LARGE_CHANGE: Final = 0.25
"""If so large a change is possible, that none is proven says nothing."""
MAIN_PART: Final = 0.5
"""The share of the judged time that has to be of constant load for anything to be said."""
PARTS: Final = 10
"""Latency may be steady from the end of the first of so many parts on, or of the second, up to the half."""


class _Latencies(NamedTuple):
    """The intended starts in s and the latencies of the answered requests, in order of time."""

    t_s: Floats
    ms: Floats


class _Change(NamedTuple):
    """The interval of the change of p50 over a time, as a share of the median window."""

    low: float
    high: float

    @property
    def has_trend(self) -> bool:
        """Whether there was a change, if perhaps a small one."""
        return not self.low <= 0 <= self.high

    @property
    def is_proven(self) -> bool:
        """Whether the change was more than small."""
        return self.low > SMALL_CHANGE or self.high < -SMALL_CHANGE

    @property
    def is_steady(self) -> bool:
        """Whether no change is proven that is more than small, nor a large one possible."""
        return not self.is_proven and max(abs(self.low), abs(self.high)) <= LARGE_CHANGE

    def __str__(self) -> str:
        low, high = (format_number(100 * change, 2) for change in (self.low, self.high))
        return f"{low} to {high} %" if low != high else f"{low} %"


def describe_steadiness(run: Run) -> str:
    """A sentence; empty if most of the time the load changed, or if too few requests were answered."""
    span = find_constant_span(run)
    if span is None or span[1] - span[0] < MAIN_PART * run.judged_s:
        return ""
    start_s, end_s = span
    answered = run.judged.answered
    latencies = _Latencies(run.judged.intended_s[answered], run.judged.latency_ms[answered])
    confidence = run.facts.confidence
    change = _measure_change(latencies, start_s, end_s, confidence)
    if change is None:
        return ""
    lasted = f"the {format_duration(end_s - start_s)} of constant load"
    if change.is_steady:
        return f"Latency was steady: p50 changed by {change} in {lasted}."
    verb = "rose" if change.low + change.high > 0 else "fell"
    since = _find_steady_rest(latencies, start_s, end_s, confidence) if change.has_trend else None
    if since is not None:
        from_s, rest = since
        return (
            f"Latency was steady from {format_duration(from_s)} on: p50 changed by {rest} from then to the "
            f"end. Before, it {verb}; a longer warm-up would leave that out."
        )
    if change.is_proven:
        return f"Latency was not steady: p50 {verb}, by {change} in {lasted}."
    return f"Whether latency was steady can't be told: p50 may have changed by {change} in {lasted}."


def _find_steady_rest(
    latencies: _Latencies, start_s: float, end_s: float, confidence: float
) -> tuple[float, _Change] | None:
    """From when on latency was steady, and how it changed since; None if for no half of the time."""
    for part in range(1, PARTS // 2 + 1):
        from_s = start_s + part * (end_s - start_s) / PARTS
        rest = _measure_change(latencies, from_s, end_s, confidence)
        if rest is not None and rest.is_steady and not rest.has_trend:
            return from_s, rest
    return None


def _measure_change(latencies: _Latencies, start_s: float, end_s: float, confidence: float) -> _Change | None:
    """The change of p50 in a part of the run; None if too few requests were answered in it."""
    inside = slice(*np.searchsorted(latencies.t_s, (start_s, end_s)).tolist())
    growth = Growth(
        latencies.t_s[inside], latencies.ms[inside], start_s, end_s, Fraction(1, 2), relative=True
    )
    if growth.value is None:
        return None
    hours = (end_s - start_s) / HOUR_S
    low, high = compute_growth_interval(growth, confidence)
    return _Change(low * hours, high * hours)
