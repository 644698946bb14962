"""What can be measured about a run: each metric is one function from a scope to an observation.

A new metric is a new function under `@metric(...)`; objectives can then be stated about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reports.data.columns import Floats, Mask
from reports.data.facts import Facts
from reports.data.percentiles import compute_percentile
from reports.data.samples import Samples
from reports.data.telemetry import Telemetry

Units: TypeAlias = Mapping[str, Fraction]

TIME: Units = {"ms": Fraction(1), "s": Fraction(1000), "us": Fraction(1, 1000)}
SHARE: Units = {"%": Fraction(1, 100)}
COUNT: Units = {"": Fraction(1)}
REQUESTS_PER_S: Units = {"requests/s": Fraction(1)}
ROWS_PER_S: Units = {"rows/s": Fraction(1)}
PER_REQUESTS: Units = {"per <number> requests": Fraction(1)}
"""A share told as so many in so many; the scale of such a unit is one over the number in it."""


@dataclass(frozen=True)
class Scope:
    """What an objective looks at: requests in order of their intended start, and what was observed beside.

    `duration_s` is the planned duration of the scope, `start_s` where it begins in the run.
    """

    samples: Samples
    telemetry: Telemetry
    facts: Facts
    duration_s: float
    start_s: float = 0.0


@dataclass(frozen=True)
class Percentile:
    """The nearest-rank percentile `q` (0 to 1) of `values`, which are in order of time."""

    values: Floats
    q: float

    @property
    def value(self) -> float | None:
        """The percentile, None where there are no values."""
        return compute_percentile(self.values, self.q)

    @property
    def samples(self) -> int:
        """How many values it rests on."""
        return len(self.values)


@dataclass(frozen=True)
class Share:
    """The share of true ones among `hits`, which are in order of time."""

    hits: Mask

    @property
    def value(self) -> float | None:
        """The share, 0 to 1, None where there is nothing to divide by."""
        return int(np.count_nonzero(self.hits)) / len(self.hits) if len(self.hits) else None

    @property
    def samples(self) -> int:
        """How many observations it rests on."""
        return len(self.hits)


@dataclass(frozen=True)
class Plain:
    """A figure that is what it is: a census, an extreme or a rate, of which no interval is told."""

    value: float | None
    samples: int
    reachable: bool = False
    """Whether a run that was cut short might still have come to it, as to a peak."""
    rising: bool = False
    """Whether it can only rise as more requests come: a maximum, a count, a peak."""
    at_s: float | None = None
    """Where its worst window begins, in s since the run's start; None for what is no window's figure."""


Observation: TypeAlias = Percentile | Share | Plain


@dataclass(frozen=True)
class Metric:
    """A name with an optional `<argument>` in it, the units its limits are stated in, and its function."""

    name: str
    units: Units
    better: Literal["lower", "higher"] | None
    clauses: tuple[str, ...]
    """How an objective may narrow it: on an endpoint, during a stage, in any window."""
    measure: Callable[..., Observation]

    def argument(self, text: str) -> Mapping[str, str] | None:
        """What stands for the name's `<argument>` in `text`; None if `text` is another metric."""
        found = re.fullmatch(re.sub(r"<(\w+)>", r"(?P<\1>[0-9.]+)", self.name), text)
        return found.groupdict() if found else None

    def observe(self, name: str, scope: Scope) -> Observation:
        """The metric over `scope`, `name` being its name with a number in the place of `<argument>`."""
        return self.measure(scope, **(self.argument(name) or {}))


METRICS: list[Metric] = []

_PART = 1 << 20
"""Replies looked at together, so that the memory for them doesn't grow with the run."""


def metric(
    name: str,
    units: Units,
    better: Literal["lower", "higher"] | None,
    clauses: tuple[str, ...] = ("on", "during", "in any"),
) -> Callable[[Callable[..., Observation]], Callable[..., Observation]]:
    """Register a function of a scope (and of what stands for `<argument>` in `name`) as a metric."""

    def register(measure: Callable[..., Observation]) -> Callable[..., Observation]:
        METRICS.append(Metric(name, units, better, clauses, measure))
        return measure

    return register


def peak(samples: Samples, weights: NDArray[np.integer[Any]] | None = None) -> float:
    """The most successful replies (or the greatest sum of `weights`) completed in any second [t, t + 1).

    Times are compared in whole microseconds, so that replies exactly a second apart never share one.
    """
    ok = samples.ok & np.isfinite(samples.latency_ms)
    end_us = np.rint(samples.end_s[ok] * 1e6).astype(np.int64)
    if weights is None:
        end_us.sort()
        before = None
    else:
        order = np.argsort(end_us)
        end_us = end_us[order]
        before = np.concatenate(([0], np.cumsum(weights[ok][order], dtype=np.int64)))
    most = 0
    for first in range(0, len(end_us), _PART):
        starts = np.arange(first, min(first + _PART, len(end_us)))
        ends = np.searchsorted(end_us, end_us[starts] + 1_000_000, side="left")
        inside = ends - starts if before is None else before[ends] - before[starts]
        most = max(most, int(inside.max()))
    return float(most)


def _latencies(scope: Scope, column: Literal["latency_ms", "service_ms"]) -> Floats:
    values: Floats = getattr(scope.samples, column)[scope.samples.answered]
    return values[np.isfinite(values)]


@metric("p<percentile> latency", TIME, better="lower")
def latency_percentile(scope: Scope, percentile: str) -> Observation:
    """From the intended start to the last byte, over answered requests."""
    return Percentile(_latencies(scope, "latency_ms"), float(Fraction(percentile) / 100))


@metric("p<percentile> service time", TIME, better="lower")
def service_percentile(scope: Scope, percentile: str) -> Observation:
    """From the actual send to the last byte, over answered requests."""
    return Percentile(_latencies(scope, "service_ms"), float(Fraction(percentile) / 100))


@metric("mean latency", TIME, better="lower")
def mean_latency(scope: Scope) -> Observation:
    """The arithmetic mean over answered requests."""
    values = _latencies(scope, "latency_ms")
    return Plain(float(values.mean()) if len(values) else None, len(values))


@metric("max latency", TIME, better="lower")
def max_latency(scope: Scope) -> Observation:
    """The slowest answered request."""
    values = _latencies(scope, "latency_ms")
    return Plain(float(values.max()) if len(values) else None, len(values), rising=True)


@metric("mean service time", TIME, better="lower")
def mean_service(scope: Scope) -> Observation:
    """The arithmetic mean over answered requests, from the actual send."""
    values = _latencies(scope, "service_ms")
    return Plain(float(values.mean()) if len(values) else None, len(values))


@metric("max service time", TIME, better="lower")
def max_service(scope: Scope) -> Observation:
    """The slowest answered request, from the actual send."""
    values = _latencies(scope, "service_ms")
    return Plain(float(values.max()) if len(values) else None, len(values), rising=True)


@metric("error rate", SHARE, better="lower")
def error_rate(scope: Scope) -> Observation:
    """Failed requests as a share of all, those never sent included; expected outcomes are no failures."""
    return Share(scope.samples.failed(scope.facts.expected))


@metric("errors", PER_REQUESTS, better="lower")
def errors(scope: Scope) -> Observation:
    """The error rate, told as so many in so many."""
    return error_rate(scope)


@metric("status <code>", COUNT, better=None)
def status_count(scope: Scope, code: str) -> Observation:
    """How many replies bore this status."""
    count = int(np.count_nonzero(scope.samples.status == int(code)))
    return Plain(count if len(scope.samples) else None, len(scope.samples), reachable=True, rising=True)


@metric("throughput", REQUESTS_PER_S, better="higher")
def throughput(scope: Scope) -> Observation:
    """Successful replies by the planned duration."""
    replies = int(np.count_nonzero(scope.samples.ok))
    return Plain(_rate(replies, scope), len(scope.samples), reachable=True)


@metric("throughput", ROWS_PER_S, better="higher")
def row_throughput(scope: Scope) -> Observation:
    """Rows in successful replies by the planned duration."""
    rows = int(scope.samples.rows[scope.samples.ok].sum(dtype=np.int64))
    return Plain(_rate(rows, scope), len(scope.samples), reachable=True)


@metric("peak throughput", REQUESTS_PER_S, better="higher")
def peak_throughput(scope: Scope) -> Observation:
    """Most successful replies completed in any sliding second."""
    return Plain(peak(scope.samples), len(scope.samples), reachable=True, rising=True)


@metric("peak throughput", ROWS_PER_S, better="higher")
def peak_row_throughput(scope: Scope) -> Observation:
    """Most rows in successful replies completed in any sliding second."""
    return Plain(peak(scope.samples, scope.samples.rows), len(scope.samples), reachable=True, rising=True)


@metric("goodput", SHARE, better="higher")
def goodput(scope: Scope) -> Observation:
    """Successful replies by the planned duration, as a share of the capacity that the calibration found."""
    rate = _rate(int(np.count_nonzero(scope.samples.ok)), scope)
    capacity = scope.facts.capacity_per_s
    share = rate / capacity if rate is not None and capacity else None
    return Plain(share, len(scope.samples), reachable=True)


@metric("shed share", SHARE, better="lower")
def shed_share(scope: Scope) -> Observation:
    """Requests that the service refused for lack of room, as a share of all."""
    return Share(scope.samples.outcome.equal("shed"))


@metric("recovery time", TIME, better="lower", clauses=("during",))
def recovery_time(scope: Scope) -> Observation:
    """From the scope's beginning until the last request in it that was not answered as expected was due."""
    bad_s = scope.samples.intended_s[~scope.samples.ok]
    took_ms = max(0.0, float(bad_s.max()) - scope.start_s) * 1000.0 if len(bad_s) else 0.0
    return Plain(took_ms if len(scope.samples) else None, len(scope.samples), rising=True)


@metric("offered load", SHARE, better="higher", clauses=())
def offered_load(scope: Scope) -> Observation:
    """Requests sent as a share of those planned."""
    sent = ~scope.samples.outcome.equal("dropped")
    if scope.facts.offered is not None:
        return Plain(scope.facts.offered, len(sent))
    if scope.facts.model == "open" and len(sent):
        return Plain(int(np.count_nonzero(sent)) / len(sent), len(sent))
    return Plain(None, len(sent))


@metric("availability", SHARE, better="higher", clauses=("during", "in any"))
def availability(scope: Scope) -> Observation:
    """Readiness probes that found the service ready, as a share of all."""
    _, ready = scope.telemetry.series("readiness")
    return Share(ready > 0)


def _rate(count: int, scope: Scope) -> float | None:
    return count / scope.duration_s if scope.duration_s > 0 else None
