"""The components of a request's latency, and which stages and components are shown."""

from __future__ import annotations

from typing import NamedTuple

from reports.figures.latency_breakdown import LatencyBreakdown, LatencyComposition, RunBreakdown

MOST_STAGES = 8
_SEEN = 0.01
"""Waiting to be sent is shown if it is more than this share of some request's latency."""


class LatencyComponent(NamedTuple):
    """A component of latency: its field, its colour, its name in the key and in a sentence."""

    field: str
    role: str
    name: str
    words: str

    def of(self, composition: LatencyComposition) -> float:
        """How long it took, in ms."""
        return float(getattr(composition, self.field))


COMPONENTS = (
    LatencyComponent("unsent_ms", "load", "not yet sent", "waiting to be sent"),
    LatencyComponent("queue_ms", "queue", "queue", "queueing"),
    LatencyComponent("inference_ms", "inference", "inference", "inference"),
    LatencyComponent("rest_ms", "rest", "rest", "outside queue and inference"),
)


def select_shares(found: RunBreakdown) -> tuple[LatencyBreakdown, ...]:
    """What is shown: the whole run, then its stages; of many stages those with the highest p99."""
    if len(found.stages) < 2:
        return (found.total,)
    slowest = sorted(found.stages, key=lambda stage: -stage.p99.latency_ms)[:MOST_STAGES]
    return (found.total, *(stage for stage in found.stages if stage in slowest))


def select_components(found: RunBreakdown) -> tuple[LatencyComponent, ...]:
    """All components; waiting to be sent only if it took a visible share of the time."""
    every = [composition for part in (found.total, *found.stages) for composition in (part.p50, part.p99)]
    unsent = any(each.unsent_ms > _SEEN * each.latency_ms for each in every)
    return COMPONENTS if unsent else COMPONENTS[1:]
