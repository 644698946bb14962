"""The pods of a Deployment in virtual time: starting, ready, gone; and what metrics-server knows of each."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from autoscaling.recommendation import PodReading
from autoscaling.rules import ScalingMetric
from shapes.composition import Floats


@dataclass(frozen=True)
class ClusterTiming:
    """The delays of a cluster, in seconds; those of the controller manager are its defaults."""

    start_s: float
    """From the decision for a pod until it is ready: scheduling, image, start, readiness probe."""
    sync_s: float = 15.0
    """`--horizontal-pod-autoscaler-sync-period`: how often the autoscaler looks."""
    scrape_s: float = 15.0
    """`--metric-resolution` of metrics-server: how often the use of pods is measured, over that time."""
    lag_s: float = 0.0
    """How old a measurement is before the autoscaler can read it, besides the wait for the next one."""
    initialization_s: float = 300.0
    """`--horizontal-pod-autoscaler-cpu-initialization-period`."""
    sync_phase_s: float = 0.0
    """When the first look is."""
    scrape_phase_s: float = 0.0
    """When the first measurement is."""

    def __post_init__(self) -> None:
        for name in ("start_s", "lag_s", "sync_phase_s", "scrape_phase_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected no time below zero")
        for name in ("sync_s", "scrape_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected a time above zero")

    def scale_time(self, factor: float) -> ClusterTiming:
        """The same with every delay `factor` times as long."""
        return ClusterTiming(**{name: value * factor for name, value in vars(self).items()})


class Usage(NamedTuple):
    """What a pod uses at a moment: cores, bytes, answers a second, requests waiting and under way."""

    cores: float
    memory_bytes: float
    rate: float
    queued: float
    in_flight: float


@dataclass
class Pod:
    """One pod; times in seconds."""

    born_s: float
    ready_s: float
    _since_s: float = 0.0
    _measurements: list[tuple[float, Usage]] = field(default_factory=list)

    def is_ready(self, t_s: float) -> bool:
        """Whether it gets requests."""
        return t_s >= self.ready_s

    def scrape(self, t_s: float, uses: Floats, step_s: float) -> None:
        """Measure the mean use since the last measurement.

        `uses` has a row a step, up to now, of what a pod uses that is ready, in the order of `Usage`.
        """
        span_s = t_s - max(self._since_s, self.born_s)
        if span_s > 0 and self.is_ready(t_s):
            served = min(len(uses), math.ceil((t_s - self.ready_s) / step_s - 1e-9))
            total = uses[len(uses) - served :].sum(axis=0) * step_s
            self.record(t_s, Usage(*(total / span_s).tolist()))
        self._since_s = t_s

    def record(self, t_s: float, usage: Usage) -> None:
        """Take in a measurement: the mean use up to now."""
        self._measurements.append((t_s, usage))

    def read(self, metric: ScalingMetric, signal: str, t_s: float, timing: ClusterTiming) -> PodReading:
        """What the autoscaler reads of it, as `groupPods` of Kubernetes sorts pods."""
        while len(self._measurements) > 1 and self._measurements[1][0] + timing.lag_s <= t_s:
            del self._measurements[0]
        if not self._measurements or self._measurements[0][0] + timing.lag_s > t_s:
            return PodReading("missing" if self.is_ready(t_s) else "unready")
        scraped_s, measured = self._measurements[0]
        if metric.name == "cpu" and metric.source in ("Resource", "ContainerResource"):
            is_young = t_s < self.born_s + timing.initialization_s
            is_warm = self.is_ready(t_s) and scraped_s >= self.ready_s + timing.scrape_s
            if (is_young and not is_warm) or not self.is_ready(t_s):
                return PodReading("unready")
        return PodReading("counted", round(getattr(measured, signal) * 1000))


@dataclass
class PodSet:
    """The pods of a Deployment in the order in which they become ready; the last ones go first."""

    timing: ClusterTiming
    pods: list[Pod]

    @classmethod
    def start(cls, count: int, timing: ClusterTiming) -> PodSet:
        """Pods that have been ready for long."""
        long_ago = -timing.initialization_s - timing.start_s - 3600
        return cls(timing, [Pod(long_ago, long_ago + timing.start_s) for _ in range(count)])

    def count_ready(self, t_s: float) -> int:
        """The pods that get requests."""
        return bisect_right(self.pods, t_s, key=lambda pod: pod.ready_s)

    def scale(self, t_s: float, count: int) -> None:
        """Start pods, or end some."""
        while len(self.pods) < count:
            self.pods.append(Pod(t_s, t_s + self.timing.start_s))
        del self.pods[count:]
