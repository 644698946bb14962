"""The pods of a Deployment in virtual time: starting, ready, gone; and what metrics-server knows of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from autoscaling.recommendation import PodReading
from autoscaling.rules import ScalingMetric


@dataclass(frozen=True)
class ClusterTiming:
    """The delays of a cluster, in seconds; those of the controller manager are its defaults."""

    start_s: float
    """From the decision for a pod until it is ready: scheduling, image, start, readiness probe."""
    sync_s: float = 15.0
    """`--horizontal-pod-autoscaler-sync-period`: how often the autoscaler looks."""
    scrape_s: float = 15.0
    """`--metric-resolution` of metrics-server: how often the use of pods is measured, over that time."""
    initialization_s: float = 300.0
    """`--horizontal-pod-autoscaler-cpu-initialization-period`."""
    sync_phase_s: float = 0.0
    """When the first look is."""
    scrape_phase_s: float = 0.0
    """When the first measurement is."""

    def __post_init__(self) -> None:
        for name in ("start_s", "sync_phase_s", "scrape_phase_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected no time below zero")
        for name in ("sync_s", "scrape_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: expected a time above zero")


@dataclass(frozen=True)
class Usage:
    """What a pod uses at a moment: cores, bytes, requests a second, requests waiting."""

    cores: float
    memory_bytes: float
    rate_per_s: float
    queued: float


@dataclass
class Pod:
    """One pod; times in seconds."""

    born_s: float
    ready_s: float
    _sums: dict[str, float] = field(default_factory=dict)
    _measured: dict[str, float] = field(default_factory=dict)
    _since_s: float = 0.0
    _scraped_s: float | None = None

    def is_ready(self, t_s: float) -> bool:
        """Whether it gets requests."""
        return t_s >= self.ready_s

    def use(self, usage: Usage, step_s: float) -> None:
        """Use resources for a while."""
        for name, value in vars(usage).items():
            self._sums[name] = self._sums.get(name, 0.0) + value * step_s

    def scrape(self, t_s: float) -> None:
        """Measure the mean use since the last measurement."""
        span_s = t_s - max(self._since_s, self.born_s)
        if span_s > 0:
            self._measured = {name: value / span_s for name, value in self._sums.items()}
            self._scraped_s = t_s
        self._sums, self._since_s = {}, t_s

    def read(self, metric: ScalingMetric, signal: str, t_s: float, timing: ClusterTiming) -> PodReading:
        """What the autoscaler reads of it, as `groupPods` of Kubernetes sorts pods."""
        if self._scraped_s is None or signal not in self._measured:
            return PodReading("missing" if self.is_ready(t_s) else "unready")
        if metric.name == "cpu" and metric.source == "Resource":
            is_young = t_s < self.born_s + timing.initialization_s
            is_warm = self.is_ready(t_s) and self._scraped_s >= self.ready_s + timing.scrape_s
            if (is_young and not is_warm) or not self.is_ready(t_s):
                return PodReading("unready")
        return PodReading("counted", round(self._measured[signal] * 1000))


@dataclass
class PodSet:
    """The pods of a Deployment; those that must go are the ones that are not ready, then the youngest."""

    timing: ClusterTiming
    pods: list[Pod]

    @classmethod
    def start(cls, count: int, timing: ClusterTiming) -> PodSet:
        """Pods that have been ready for long."""
        long_ago = -timing.initialization_s - timing.start_s - 3600
        return cls(timing, [Pod(long_ago, long_ago + timing.start_s) for _ in range(count)])

    def count_ready(self, t_s: float) -> int:
        """The pods that get requests."""
        return sum(pod.is_ready(t_s) for pod in self.pods)

    def scale(self, t_s: float, count: int) -> None:
        """Start pods, or end some."""
        while len(self.pods) < count:
            self.pods.append(Pod(t_s, t_s + self.timing.start_s))
        if len(self.pods) > count:
            self.pods.sort(key=lambda pod: pod.ready_s)
            del self.pods[count:]

    def for_ready(self, t_s: float, act: Callable[[Pod], None]) -> None:
        """Do something with each pod that gets requests."""
        for pod in self.pods:
            if pod.is_ready(t_s):
                act(pod)
