"""Defines all metrics: each is one function from a scope to a measurement.

A new metric is a new function under `@metric(...)`; objectives can then be stated for it. Whether it is known
while a run goes on follows from the kind of measurement it returns (`reports.objectives.counters`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log
from typing import Any

import numpy as np

from reports.data.columns import Floats
from reports.data.samples import Samples
from reports.data.telemetry import ECHOED, READINESS, SERVICE, list_generators, sum_memory_mib
from reports.data.turns import mark_turns
from reports.objectives.growth import Growth
from reports.objectives.measurements import (
    Count,
    Maximum,
    Mean,
    Measurement,
    Peak,
    Percentile,
    PointEstimate,
    Proportion,
    Rate,
)
from reports.objectives.metric import METRICS, Scope, metric
from reports.objectives.units import (
    COUNT,
    MEMORY_PER_HOUR,
    PER_ANSWERS,
    PER_REQUESTS,
    PER_TIME,
    REQUESTS_PER_S,
    ROWS_PER_S,
    SHARE,
    SHARE_PER_HOUR,
    TIME,
)

__all__ = ["METRICS"]

MEMORY_STEP_MIB = 1.0
"""Programs take memory from the system in steps: Python's allocator 1 MiB at once (`arena`, since 3.10)."""


@metric("p<percentile> latency", TIME, better="lower")
def latency_percentile(scope: Scope, percentile: Fraction) -> Measurement:
    """From the intended start to the last byte, over answered requests."""
    return Percentile(_select_latencies_ms(scope.samples), percentile / 100)


@metric("p<percentile> service time", TIME, better="lower")
def service_time_percentile(scope: Scope, percentile: Fraction) -> Measurement:
    """From the actual send to the last byte, over answered requests."""
    return Percentile(_select_service_times_ms(scope.samples), percentile / 100)


@metric("mean latency", TIME, better="lower")
def mean_latency(scope: Scope) -> Measurement:
    """The arithmetic mean over answered requests."""
    return Mean(_select_latencies_ms(scope.samples))


@metric("max latency", TIME, better="lower")
def max_latency(scope: Scope) -> Measurement:
    """The slowest answered request."""
    return Maximum(_select_latencies_ms(scope.samples))


@metric("mean service time", TIME, better="lower")
def mean_service_time(scope: Scope) -> Measurement:
    """The arithmetic mean over answered requests, from the actual send."""
    return Mean(_select_service_times_ms(scope.samples))


@metric("max service time", TIME, better="lower")
def max_service_time(scope: Scope) -> Measurement:
    """The slowest answered request, from the actual send."""
    return Maximum(_select_service_times_ms(scope.samples))


@metric("error rate", SHARE, better="lower")
def error_rate(scope: Scope) -> Measurement:
    """Failed requests as a share of all, those never sent included; expected outcomes are no failures."""
    return Proportion(scope.samples.mark_failed(scope.facts.expected))


@metric("errors", PER_REQUESTS, better="lower")
def errors(scope: Scope) -> Measurement:
    """The error rate, stated as so many in so many."""
    return error_rate.measure(scope)


@metric("wrong answers", SHARE, better="lower")
def wrong_answer_share(scope: Scope) -> Measurement:
    """Wrong answers as a share of those that were compared.

    Compared are the answers to probes and to invalid records, and those of endpoints that echo a field of
    their request; where the echo is optional, of those that echoed it in some reply.
    """
    samples = scope.samples
    wrong = samples.outcome.equal("wrong_answer")
    compared = samples.kind.isin(("probe", "invalid")) | samples.endpoint.isin(_list_echoing(scope))
    return Proportion(wrong[wrong | (samples.ok & compared)])


@metric("wrong answers", PER_ANSWERS, better="lower")
def wrong_answers(scope: Scope) -> Measurement:
    """The same, stated as so many in so many."""
    return wrong_answer_share.measure(scope)


@metric("status <code>", COUNT, better=None)
def status_count(scope: Scope, code: Fraction) -> Measurement:
    """The number of replies with this status."""
    return Count(scope.samples.status == int(code))


@metric("throughput", REQUESTS_PER_S, better="higher")
def throughput(scope: Scope) -> Measurement:
    """Successful replies divided by the planned duration."""
    samples = scope.samples
    return Rate(int(np.count_nonzero(samples.ok)), scope.duration_s, len(samples))


@metric("throughput", ROWS_PER_S, better="higher")
def row_throughput(scope: Scope) -> Measurement:
    """Rows in successful replies divided by the planned duration."""
    samples = scope.samples
    return Rate(int(samples.rows[samples.ok].sum(dtype=np.int64)), scope.duration_s, len(samples))


@metric("peak throughput", REQUESTS_PER_S, better="higher")
def peak_throughput(scope: Scope) -> Measurement:
    """Most successful replies completed in any sliding second."""
    return Peak.from_samples(scope.samples)


@metric("peak throughput", ROWS_PER_S, better="higher")
def peak_row_throughput(scope: Scope) -> Measurement:
    """Most rows in successful replies completed in any sliding second."""
    return Peak.from_samples(scope.samples, scope.samples.rows)


@metric("goodput", SHARE, better="higher")
def goodput(scope: Scope) -> Measurement:
    """Throughput as a share of the capacity that the calibration found."""
    rate, capacity = throughput.measure(scope).value, scope.facts.capacity_per_s
    share = rate / capacity if rate is not None and capacity else None
    return PointEstimate(share, len(scope.samples), reachable=True)


@metric("shed share", SHARE, better="lower")
def shed_share(scope: Scope) -> Measurement:
    """Requests that the service shed (503 with Retry-After), as a share of all."""
    return Proportion(scope.samples.outcome.equal("shed"))


@metric("recovery time", TIME, better="lower", clauses=("during",))
def recovery_time(scope: Scope) -> Measurement:
    """From the scope's beginning to the intended start of the last request in it that did not succeed."""
    bad_s = scope.samples.intended_s[~scope.samples.ok]
    took_ms = max(0.0, float(bad_s.max()) - scope.start_s) * 1000.0 if len(bad_s) else 0.0
    return PointEstimate(took_ms if len(scope.samples) else None, len(scope.samples), rising=True)


@metric("offered load", SHARE, better="higher", clauses=())
def offered_load(scope: Scope) -> Measurement:
    """Requests sent as a share of those planned; turns, where there are journeys."""
    sent = ~scope.samples.outcome.equal("dropped")[mark_turns(scope.samples, scope.facts)]
    if scope.facts.offered is not None:
        return PointEstimate(scope.facts.offered, len(sent))
    if scope.facts.model == "open" and len(sent):
        return PointEstimate(int(np.count_nonzero(sent)) / len(sent), len(sent))
    return PointEstimate(None, len(sent))


@metric("availability", SHARE, better="higher", clauses=("during", "in any"))
def availability(scope: Scope) -> Measurement:
    """Readiness probes that found the service ready, as a share of all."""
    _, ready = scope.telemetry.select_series(READINESS)
    return Proportion(ready > 0)


@metric("p<percentile> drift", SHARE_PER_HOUR, better="lower", clauses=("on", "during"))
def latency_drift(scope: Scope, percentile: Fraction) -> Measurement:
    """How fast the percentile of latency grows, as a share of its median window."""
    answered = scope.samples.answered
    return Growth(
        scope.samples.intended_s[answered],
        scope.samples.latency_ms[answered],
        scope.start_s,
        scope.start_s + scope.duration_s,
        percentile / 100,
        relative=True,
    )


@metric("service memory growth", MEMORY_PER_HOUR, better="lower", clauses=("during",))
def service_memory_growth(scope: Scope) -> Measurement:
    """How fast the memory of the service grows, all its processes together."""
    return _measure_memory_growth(scope, [SERVICE])


@metric("generator memory growth", MEMORY_PER_HOUR, better="lower", clauses=("during",))
def generator_memory_growth(scope: Scope) -> Measurement:
    """How fast the memory of the processes that generate the load grows, all together."""
    return _measure_memory_growth(scope, list_generators(scope.telemetry))


def _measure_memory_growth(scope: Scope, sources: Sequence[str]) -> Measurement:
    t_s, memory_mib = sum_memory_mib(scope.telemetry, sources)
    return Growth(
        t_s,
        memory_mib,
        scope.start_s,
        scope.start_s + scope.duration_s,
        Fraction(1, 2),
        resolution=MEMORY_STEP_MIB,
    )


@metric("unseen stalls", PER_TIME, better="lower", clauses=("during",))
def unseen_stalls(scope: Scope) -> Measurement:
    """How often stalls may come and still not have shown, at the run's confidence: the rule of three.

    Of events that come at random at a rate r, none falls into a time T with the probability exp(-r T)
    (Hanley and Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249, 1983).
    """
    doubt = 1.0 - scope.facts.verdict_confidence
    rate = -log(doubt) / scope.duration_s if scope.duration_s > 0 else None
    return PointEstimate(
        rate if len(scope.samples) else None, len(scope.samples), reachable=True, falling=True
    )


def _list_echoing(scope: Scope) -> list[str]:
    """The endpoints whose replies are compared with a field of their request (`equals`)."""
    traffic = scope.facts.resolved.get("traffic", {})
    seen = scope.telemetry.names
    steps = [
        *traffic.get("login", ()),
        *(step for each in traffic.get("journeys", ()) for step in each["steps"]),
    ]
    return [
        each["name"]
        for each in (*traffic.get("endpoints", ()), *steps)
        if any(
            "equals" in rule and not (rule.get("optional") and f"{ECHOED} {each['name']}" not in seen)
            for rule in _list_rules(each)
        )
    ]


def _list_rules(endpoint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the fields of an endpoint's replies must be."""
    fields = (endpoint.get("reply") or {}).get("fields") or {}
    return [rule for rule in fields.values() if isinstance(rule, Mapping)]


def _select_latencies_ms(samples: Samples) -> Floats:
    return _drop_infinite(samples.latency_ms[samples.answered])


def _select_service_times_ms(samples: Samples) -> Floats:
    return _drop_infinite(samples.service_ms[samples.answered])


def _drop_infinite(values: Floats) -> Floats:
    return values[np.isfinite(values)]
