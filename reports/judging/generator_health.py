"""The generator's own health: whether the figures of a run are the service's or the generator's.

A generator that sends late, whose core is full or whose event loop stands still measures itself. The limits
are stated in the scenario; what broke one makes the run invalid, with its figure and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.percentiles import compute_percentiles
from reports.data.quantities import counted, duration, number
from reports.data.run import Run
from reports.data.telemetry import MACHINE, OBSERVED
from reports.figures.reasons import reason

TOLERATED_SHARE = 0.1
TOLERATED_S = 3
"""In a tenth of the seconds a limit may be broken, and in three seconds at any rate."""
RARELY = 0.01
"""Share of requests sent a second time that is not worth a word beside the verdict."""
LACKED = {
    "no_descriptor": "raise its limit (ulimit -n 65536), let fewer users or requests be under way at a time, "
    "or use --processes 2: each process has a limit of its own",
    "no_port": "let connections be kept (a service that closes each of them uses up the ports), widen "
    "net.ipv4.ip_local_port_range, or generate the load from a second machine",
}
"""Outcomes that are the generator's own lack of something, and what to do about it."""


@dataclass(frozen=True)
class Limits:
    """What a generator may do and still be believed.

    The defaults, and why:

    `lateness_ms` 20: the 99th percentile of how late requests left (open model). Latency counts from the
    intended start, so that the generator's lateness is in it; a fifth of a limit of 100 ms is the most
    that can be overlooked.
    `busy` 0.95: share of a core. Above, requests queue for the generator's own processor.
    `starved` 0.25: share of the time spent waiting for a core that something else is running on.
    `lag_ms` 100: how long the event loop may stand still. As long, no reply is read and none is timed.
    `others` 0.25: cores that other programs may take of a machine on which less than a tenth is idle. What
    is missed only while they take more is no finding about the service (`reports.judging.interference`).
    """

    lateness_ms: float = 20.0
    busy: float = 0.95
    starved: float = 0.25
    lag_ms: float = 100.0
    others: float = 0.25

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Limits:
        """The limits that run.json holds; those it does not are the defaults."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})


@dataclass(frozen=True)
class Process:
    """One generator process, a value a second; empty where it wasn't observed."""

    source: str
    busy: Floats
    """Share of a core; gevent runs on one."""
    starved: Floats
    """Share of the second spent waiting for a core (Linux only)."""
    lag_ms: Floats
    """The longest the event loop stood still."""

    @property
    def seconds(self) -> Floats:
        """How many seconds each of `lag_ms` stands for: one, or as long as the event loop stood still."""
        return np.maximum(1.0, self.lag_ms / 1000.0)


class Fault(NamedTuple):
    """Why a run's figures can't be trusted, and what to do about it; together, its text."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        joint = "; " if ": " in self.what else ": "
        return f"{self.what}{joint}{self.remedy}" if self.remedy else self.what


class Lateness(NamedTuple):
    """How long after their intended start requests left, in ms."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Health:
    """How the generator did: how late it sent (None in the closed model), and each of its processes."""

    lateness: Lateness | None
    processes: tuple[Process, ...]
    others: Floats
    """What programs took that are neither generator nor service: shares of a core; empty if not observed."""
    resent: int = 0
    """Requests sent a second time, because the service had closed their connection as they left."""


def health(run: Run) -> Health:
    """The generator's figures over the judged part of a run."""
    others = set(run.telemetry.source.names) - OBSERVED
    sources = {source for source in others if len(_series(run, "cpu_percent", source))}
    return Health(
        _lateness(run),
        tuple(
            Process(
                source,
                _series(run, "cpu_percent", source) / 100.0,
                _series(run, "waiting_percent", source) / 100.0,
                _series(run, "loop_lag_ms", source),
            )
            for source in sorted(sources)
        ),
        _series(run, "others_percent", MACHINE) / 100.0,
        sum(int(run.telemetry.series("resent", source)[1].max(initial=0)) for source in sources),
    )


def described(found: Health) -> list[str]:
    """The generator's figures in words, a process or a measure each; none of what wasn't observed."""
    told = []
    if late := found.lateness:
        told.append(
            f"sends late by {number(late.p50_ms)} ms at p50, {number(late.p99_ms)} ms at p99, "
            f"{number(late.max_ms)} ms at most"
        )
    if len(found.others):
        most = 100 * float(found.others.max())
        told.append(f"other programs took {_percent(found.others)} of a core ({most:.0f} % at most)")
    for process in found.processes:
        parts = [f"{process.source}: {_percent(process.busy)} of a core"]
        parts[0] += f" ({100 * float(process.busy.max()):.0f} % at most)"
        if len(process.starved):
            parts.append(f"waited for it {_percent(process.starved)} of the time")
        if len(process.lag_ms):
            parts.append(f"event loop still for {number(float(process.lag_ms.max()))} ms at most")
        told.append(", ".join(parts))
    if found.resent:
        told.append(f"{sent_again(found)} over a fresh connection: the service had closed the kept one")
    return told


def often_sent_again(run: Run) -> tuple[str, ...]:
    """How many requests were sent a second time, where that were more than one in a hundred."""
    found = health(run)
    return (sent_again(found),) if found.resent > RARELY * len(run.samples) else ()


def sent_again(found: Health) -> str:
    """How many requests were sent a second time."""
    return f"{counted(found.resent, 'request was', 'requests were')} sent again"


def faults(run: Run) -> tuple[Fault, ...]:
    """Why the figures can't be trusted; none where the generator kept its limits."""
    limits = Limits.of(run.facts.generator)
    found = health(run)
    reasons = _never_sent(run)
    late = found.lateness
    if late is not None and late.p99_ms > limits.lateness_ms:
        reasons.append(
            Fault(
                f"requests left {number(late.p99_ms)} ms late at p99, limit {number(limits.lateness_ms)} ms: "
                "the generator could not keep its schedule",
                _remedy(run.facts.workers),
            )
        )
    for process in found.processes:
        reasons += _faults_of(process, limits, _remedy(run.facts.workers))
    return tuple(reasons)


def _faults_of(process: Process, limits: Limits, remedy: str) -> list[Fault]:
    reasons = []
    full, starved = process.busy > limits.busy, process.starved > limits.starved
    still, seconds = process.lag_ms > limits.lag_ms, process.seconds
    if _too_often(full):
        reasons.append(
            Fault(
                f"the core of the {process.source} was {_percent(process.busy[full])} busy "
                f"for {_seconds(full)}",
                remedy,
            )
        )
    if _too_often(starved):
        reasons.append(
            Fault(
                f"the {process.source} waited for a core {_percent(process.starved[starved])} of the time "
                f"for {_seconds(starved)}",
                "something else is using this machine; leave a core to each process of the generator, or "
                "generate the load from a second machine",
            )
        )
    if _too_often(still, seconds):
        reasons.append(
            Fault(
                f"the event loop of the {process.source} stood still for more than "
                f"{number(limits.lag_ms)} ms in {seconds[still].sum():.0f} of {seconds.sum():.0f} seconds, "
                f"{number(float(process.lag_ms.max()))} ms at worst",
                f"something else may be using this machine; if nothing is, {remedy}",
            )
        )
    return reasons


def _remedy(workers: int) -> str:
    more = "--processes 2" if workers < 2 else f"more processes than the {workers} there were"
    return f"use {more}, or generate the load from a second machine"


def _percent(shares: Floats) -> str:
    return f"{100 * float(shares.mean()):.0f} %"


def _seconds(mask: Mask) -> str:
    return duration(int(mask.sum()))


def _series(run: Run, name: str, source: str) -> Floats:
    """What was observed in judged stages."""
    t_s, values = run.telemetry.series(name, source)
    warm_up = [stage for stage in run.facts.stages if not stage.judged]
    judged = np.ones(len(t_s), dtype=np.bool_)
    for stage in warm_up:
        judged &= (t_s < stage.start_s) | (t_s >= stage.end_s)
    return values[judged]


def _lateness(run: Run) -> Lateness | None:
    if run.facts.model != "open":
        return None
    samples = run.judged
    late_ms = (samples.sent_s - samples.intended_s) * 1000.0
    late_ms = late_ms[np.isfinite(late_ms)]
    if not len(late_ms):
        return None
    return Lateness(*compute_percentiles(late_ms, (0.5, 0.99, 1.0)))


def _too_often(broken: Mask, seconds: Floats | None = None) -> bool:
    """Whether a limit was broken for longer than is tolerated; an observation is a second if nothing else."""
    weights = np.ones(len(broken)) if seconds is None else seconds
    return float(weights[broken].sum()) > max(TOLERATED_S, TOLERATED_SHARE * float(weights.sum()))


def _never_sent(run: Run) -> list[Fault]:
    """Requests for which the generator's machine had no file descriptor or port left."""
    faults = []
    for outcome, remedy in LACKED.items():
        count = int(np.count_nonzero(run.judged.outcome.equal(outcome)))
        if count:
            were = counted(count, "request was", "requests were")
            faults.append(Fault(f"{were} {reason(outcome, 0)}", remedy))
    return faults
