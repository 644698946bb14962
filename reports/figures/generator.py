"""How the load generator did: how late it sent, and what each of its processes took of a core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reports.data.columns import Floats
from reports.data.percentiles import compute_percentiles
from reports.data.quantities import format_count, format_number
from reports.data.run import Run
from reports.data.telemetry import MACHINE, OBSERVED

RARE_RESENT_SHARE = 0.01
"""Share of requests sent a second time that is not mentioned beside the verdict."""


@dataclass(frozen=True)
class GeneratorProcess:
    """One generator process, a value a second; empty where it wasn't observed."""

    source: str
    busy: Floats
    """Share of a core; gevent runs on one."""
    starved: Floats
    """Share of the second spent waiting for a core (Linux only)."""
    lag_ms: Floats
    """The longest time for which the event loop stood still."""

    @property
    def seconds(self) -> Floats:
        """How many seconds each of `lag_ms` stands for: one, or as long as the event loop stood still."""
        return np.maximum(1.0, self.lag_ms / 1000.0)


class Lateness(NamedTuple):
    """How long after their intended start requests were sent, in ms."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class GeneratorHealth:
    """The generator over the judged part of a run: how late it sent, and each of its processes."""

    lateness: Lateness | None
    """None in the closed model."""
    processes: tuple[GeneratorProcess, ...]
    others: Floats
    """What programs took that are neither generator nor service, in cores; empty if not observed."""
    resent: int = 0
    """Requests sent a second time, because the service had closed their connection as they were sent."""


def measure_generator_health(run: Run) -> GeneratorHealth:
    """The generator's figures over the judged part of a run."""
    others = set(run.telemetry.source.names) - OBSERVED
    sources = {source for source in others if len(_select_judged(run, "cpu_percent", source))}
    return GeneratorHealth(
        _compute_lateness(run),
        tuple(
            GeneratorProcess(
                source,
                _select_judged(run, "cpu_percent", source) / 100.0,
                _select_judged(run, "waiting_percent", source) / 100.0,
                _select_judged(run, "loop_lag_ms", source),
            )
            for source in sorted(sources)
        ),
        _select_judged(run, "others_percent", MACHINE) / 100.0,
        sum(int(run.telemetry.select_series("resent", source)[1].max(initial=0)) for source in sources),
    )


def describe_generator_health(found: GeneratorHealth) -> list[str]:
    """The figures in words, a process or a measure each; what wasn't observed is left out.

    A processor's share without the time spent waiting for it is said: that limit was not checked.
    """
    told = []
    if late := found.lateness:
        told.append(
            f"sends late by {format_number(late.p50_ms)} ms at p50, {format_number(late.p99_ms)} ms at p99, "
            f"{format_number(late.max_ms)} ms at most"
        )
    if len(found.others):
        most = 100 * float(found.others.max())
        told.append(
            f"other programs took {format_mean_percent(found.others)} of a core ({most:.0f} % at most)"
        )
    for process in found.processes:
        parts = [f"{process.source}: {format_mean_percent(process.busy)} of a core"]
        parts[0] += f" ({100 * float(process.busy.max()):.0f} % at most)"
        if len(process.starved):
            parts.append(f"waited for it {format_mean_percent(process.starved)} of the time")
        else:
            parts.append("how long it waited for it is unknown, as only Linux tells")
        if len(process.lag_ms):
            parts.append(f"event loop still for {format_number(float(process.lag_ms.max()))} ms at most")
        told.append(", ".join(parts))
    if found.resent:
        told.append(f"{_describe_resent(found)} over a fresh connection: the service had closed the kept one")
    return told


def describe_frequent_resending(run: Run) -> tuple[str, ...]:
    """How many requests were sent a second time; nothing where it was at most one in a hundred."""
    found = measure_generator_health(run)
    return (_describe_resent(found),) if found.resent > RARE_RESENT_SHARE * len(run.samples) else ()


def format_mean_percent(shares: Floats) -> str:
    """The mean of shares: 42 %."""
    return f"{100 * float(shares.mean()):.0f} %"


def _describe_resent(found: GeneratorHealth) -> str:
    return f"{format_count(found.resent, 'request was', 'requests were')} sent again"


def _select_judged(run: Run, name: str, source: str) -> Floats:
    """What was observed in judged stages."""
    t_s, values = run.telemetry.select_series(name, source)
    judged = np.ones(len(t_s), dtype=np.bool_)
    for stage in run.facts.stages:
        if not stage.judged:
            judged &= (t_s < stage.start_s) | (t_s >= stage.end_s)
    return values[judged]


def _compute_lateness(run: Run) -> Lateness | None:
    if run.facts.model != "open":
        return None
    samples = run.judged
    late_ms = (samples.sent_s - samples.intended_s) * 1000.0
    late_ms = late_ms[np.isfinite(late_ms)]
    if not len(late_ms):
        return None
    return Lateness(*compute_percentiles(late_ms, (0.5, 0.99, 1.0)))
