"""Judges whether the figures of a run are the service's or those of an overloaded generator.

A generator that sends late, whose core is full or whose event loop stands still measures itself. The limits
are stated in the scenario; a broken one makes the run invalid, with its figure and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.quantities import format_count, format_duration, format_number
from reports.data.run import Run
from reports.figures.generator import GeneratorProcess, format_mean_percent, measure_generator_health
from reports.figures.reasons import describe_failure
from reports.judging.faults import Fault

TOLERATED_SHARE = 0.1
TOLERATED_S = 3
"""A limit may be broken in a tenth of the seconds, and in three seconds of any run."""
OWN_REMEDIES = {
    "no_descriptor": "raise its limit (ulimit -n 65536), let fewer users or requests be under way at a time, "
    "or use --processes 2: each process has a limit of its own",
    "no_port": "let connections be kept (a service that closes each of them uses up the ports), widen "
    "net.ipv4.ip_local_port_range, or generate the load from a second machine",
    "expired_credential": "let it be renewed before it expires (traffic: credentials: renew); if it had not "
    "expired, find out why the service refused it",
}
"""What to do about failures that are not the service's, by outcome."""


@dataclass(frozen=True)
class GeneratorLimits:
    """Limits within which a generator's figures are believed.

    The defaults, and why:

    `lateness_ms` 20: the 99th percentile of how late requests were sent (open model). Latency counts from the
    intended start, so it includes the generator's lateness; a fifth of a limit of 100 ms is the most that
    can be overlooked.
    `busy` 0.95: share of a core. Above it, requests queue for the generator's own processor.
    `starved` 0.25: share of the time spent waiting for a core on which something else runs.
    `lag_ms` 100: how long the event loop may stand still. For as long, no reply is read and none is timed.
    `others` 0.25: cores that other programs may take of a machine of which less than a tenth is idle. An
    objective that is missed only while they take more says nothing of the service
    (`reports.judging.interference`).
    """

    lateness_ms: float = 20.0
    busy: float = 0.95
    starved: float = 0.25
    lag_ms: float = 100.0
    others: float = 0.25

    @classmethod
    def from_json(cls, values: Mapping[str, float]) -> GeneratorLimits:
        """The limits that run.json holds; those that it doesn't hold are the defaults."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})


def find_generator_faults(run: Run) -> tuple[Fault, ...]:
    """Why the figures can't be trusted; nothing where the generator kept its limits."""
    limits = GeneratorLimits.from_json(run.facts.generator)
    found = measure_generator_health(run)
    faults = _find_own_failures(run)
    late, remedy = found.lateness, _suggest_more_processes(run.facts.workers)
    if late is not None and late.p99_ms > limits.lateness_ms:
        faults.append(
            Fault(
                f"requests left {format_number(late.p99_ms)} ms late at p99, limit "
                f"{format_number(limits.lateness_ms)} ms: the generator could not keep its schedule",
                remedy,
            )
        )
    for process in found.processes:
        faults += _find_faults_of(process, limits, remedy)
    return tuple(faults)


def _find_own_failures(run: Run) -> list[Fault]:
    """Requests that failed for a lack on the generator's side: a file descriptor, a port, a credential."""
    faults = []
    for outcome, remedy in OWN_REMEDIES.items():
        count = int(np.count_nonzero(run.judged.outcome.equal(outcome)))
        if count:
            were = format_count(count, "request was", "requests were")
            faults.append(Fault(f"{were} {describe_failure(outcome, 0)}", remedy))
    return faults


def _find_faults_of(process: GeneratorProcess, limits: GeneratorLimits, remedy: str) -> list[Fault]:
    faults = []
    full, starved = process.busy > limits.busy, process.starved > limits.starved
    still, seconds = process.lag_ms > limits.lag_ms, process.seconds
    if _is_too_often(full):
        faults.append(
            Fault(
                f"the core of the {process.source} was {format_mean_percent(process.busy[full])} busy "
                f"for {_format_seconds(full)}",
                remedy,
            )
        )
    if _is_too_often(starved):
        faults.append(
            Fault(
                f"the {process.source} waited for a core {format_mean_percent(process.starved[starved])} of "
                f"the time for {_format_seconds(starved)}",
                "something else is using this machine; leave a core to each process of the generator, or "
                "generate the load from a second machine",
            )
        )
    if _is_too_often(still, seconds):
        faults.append(
            Fault(
                f"the event loop of the {process.source} stood still for more than "
                f"{format_number(limits.lag_ms)} ms in {seconds[still].sum():.0f} of "
                f"{seconds.sum():.0f} seconds, {format_number(float(process.lag_ms.max()))} ms at worst",
                f"something else may be using this machine; if nothing is, {remedy}",
            )
        )
    return faults


def _suggest_more_processes(workers: int) -> str:
    more = "--processes 2" if workers < 2 else f"more processes than the {workers} there were"
    return f"use {more}, or generate the load from a second machine"


def _format_seconds(mask: Mask) -> str:
    return format_duration(int(mask.sum()))


def _is_too_often(broken: Mask, seconds: Floats | None = None) -> bool:
    """Whether a limit was broken for too long; each value stands for 1 s, or for its `seconds`."""
    weights = np.ones(len(broken)) if seconds is None else seconds
    return float(weights[broken].sum()) > max(TOLERATED_S, TOLERATED_SHARE * float(weights.sum()))
