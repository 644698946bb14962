"""Runs an autoscaler, its pods and a load against each other in virtual time.

Requests are a fluid: what is above the pods' saturation waits, evenly for all. A pod's latency is that
measured at its share of the rate, plus the time in which the requests that wait before it are answered. What
this grain doesn't show is left out: single arrivals, uneven balancing, throttling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autoscaling.limits import ScalingHistory
from autoscaling.pods import ClusterTiming, PodSet, Usage
from autoscaling.recommendation import recommend_by_total, recommend_replicas
from autoscaling.replica import ReplicaModel
from autoscaling.rules import AutoscalerSettings, ScalingMetric
from shapes.composition import Profile

STEP_S: Final = 1.0
MILLI: Final = 1000


@dataclass(frozen=True)
class Deployment:
    """What runs on the pods: the measured replica, its requests in cores and bytes, and its time limit."""

    replica: ReplicaModel
    cpu_request_cores: float | None = None
    memory_request_bytes: float | None = None
    cpu_limit_cores: float | None = None
    timeout_s: float = math.inf
    """Requests that have waited longer are given up; they count as failed."""

    @property
    def saturation_per_s(self) -> float:
        """The most that one pod answers, within its limit of processor time."""
        cost_s = self.replica.cpu_s_per_request
        if self.cpu_limit_cores is None or cost_s == 0:
            return self.replica.saturation_per_s
        return min(self.replica.saturation_per_s, (self.cpu_limit_cores - self.replica.idle_cores) / cost_s)


@dataclass(frozen=True)
class ScalingStep:
    """A change of replicas, and the metric that asked for it."""

    t_s: float
    before: int
    after: int
    metric: str


@dataclass(frozen=True)
class TwinRun:
    """What happened, second by second."""

    t_s: NDArray[np.float64]
    rate_per_s: NDArray[np.float64]
    replicas: NDArray[np.int64]
    ready: NDArray[np.int64]
    cores_per_pod: NDArray[np.float64]
    latency_ms: NDArray[np.float64]
    queued: NDArray[np.float64]
    failed: float
    steps: tuple[ScalingStep, ...]

    @property
    def replica_seconds(self) -> float:
        """What is paid for."""
        return float(self.replicas.sum() * STEP_S)


def simulate(
    settings: AutoscalerSettings,
    deployment: Deployment,
    timing: ClusterTiming,
    load: Profile,
    duration_s: float,
    signals: Mapping[str, str] | None = None,
    initial: int | None = None,
) -> TwinRun:
    """The autoscaler under a load, arrivals a second over time.

    `signals` says what metrics that aren't resources measure: `rate_per_s` or `queued`, by the metric's name.
    """
    twin = _Twin(settings, deployment, timing, dict(signals or {}))
    return twin.run(load, duration_s, initial or settings.least)


@dataclass
class _Twin:
    settings: AutoscalerSettings
    deployment: Deployment
    timing: ClusterTiming
    signals: dict[str, str]
    queued: float = 0.0
    failed: float = 0.0
    steps: list[ScalingStep] = field(default_factory=list)

    def run(self, load: Profile, duration_s: float, initial: int) -> TwinRun:
        times = np.arange(0.0, duration_s, STEP_S)
        rates = np.asarray(load.compute_levels(times), dtype=float)
        pods = PodSet.start(initial, self.timing)
        history = ScalingHistory(self.settings)
        history.begin(0.0, initial)
        rows = []
        looks, scrapes = (
            _Clock(self.timing.sync_s, self.timing.sync_phase_s),
            _Clock(self.timing.scrape_s, self.timing.scrape_phase_s),
        )
        for t_s, rate_per_s in zip(times.tolist(), rates.tolist(), strict=True):
            if scrapes.strikes(t_s):
                for pod in pods.pods:
                    pod.scrape(t_s)
            if looks.strikes(t_s):
                self._look(t_s, pods, history)
            rows.append((len(pods.pods), pods.count_ready(t_s), *self._serve(t_s, rate_per_s, pods)))
        replicas, ready, cores, latency_ms, queued = (np.array(column) for column in zip(*rows, strict=True))
        return TwinRun(
            times, rates, replicas, ready, cores, latency_ms, queued, self.failed, tuple(self.steps)
        )

    def _serve(self, t_s: float, rate_per_s: float, pods: PodSet) -> tuple[float, float, float]:
        """Answer what arrives and waits; the cores a pod uses, the latency and what waits then."""
        ready = pods.count_ready(t_s)
        ceiling_per_s = ready * self.deployment.saturation_per_s
        offered = self.queued + rate_per_s * STEP_S
        answered = min(offered, ceiling_per_s * STEP_S)
        self.queued = offered - answered
        if self.queued > ceiling_per_s * self.deployment.timeout_s:
            self.failed += self.queued - ceiling_per_s * self.deployment.timeout_s
            self.queued = ceiling_per_s * self.deployment.timeout_s
        if not ready:
            return 0.0, math.inf, self.queued
        share_per_s = answered / STEP_S / ready
        cores = self.deployment.replica.find_cores(share_per_s)
        usage = Usage(cores, self.deployment.replica.memory_bytes, share_per_s, self.queued / ready)
        pods.for_ready(t_s, lambda pod: pod.use(usage, STEP_S))
        waiting_ms = self.queued / ceiling_per_s * 1000
        return cores, self.deployment.replica.find_latency_ms(share_per_s) + waiting_ms, self.queued

    def _look(self, t_s: float, pods: PodSet, history: ScalingHistory) -> None:
        current = len(pods.pods)
        proposals = [(self._recommend(metric, t_s, pods), metric.title) for metric in self.settings.metrics]
        known = [(count, title) for count, title in proposals if count is not None]
        if not known:
            return
        recommended, title = max(known)
        if len(known) < len(proposals) and recommended < current:
            return  # a metric that can't be read forbids fewer replicas
        wanted = history.limit(t_s, current, recommended)
        if wanted != current:
            self.steps.append(ScalingStep(t_s, current, wanted, title))
            pods.scale(t_s, wanted)

    def _recommend(self, metric: ScalingMetric, t_s: float, pods: PodSet) -> int | None:
        current = len(pods.pods)
        signal, request = self._find_signal(metric)
        readings = [pod.read(metric, signal, t_s, self.timing) for pod in pods.pods]
        if metric.source in ("Object", "External"):
            total = sum(reading.usage for reading in readings if reading.kind == "counted")
            return recommend_by_total(self.settings, metric, total, current, pods.count_ready(t_s))
        return recommend_replicas(self.settings, metric, readings, current, request)

    def _find_signal(self, metric: ScalingMetric) -> tuple[str, int]:
        """What of a pod's use a metric measures, and the request of it in thousandths."""
        if metric.source in ("Resource", "ContainerResource"):
            signal = "cores" if metric.name == "cpu" else "memory_bytes"
            request = (
                self.deployment.cpu_request_cores
                if metric.name == "cpu"
                else self.deployment.memory_request_bytes
            )
            if request is None and metric.kind == "Utilization":
                raise ValueError(f"{metric.title}: the pods' request of {metric.name} is not known")
            return signal, round((request or 0) * MILLI)
        if metric.name not in self.signals:
            raise ValueError(f"what the metric {metric.name} measures is not known")
        return self.signals[metric.name], 0


@dataclass
class _Clock:
    """Strikes once a period, from its phase on."""

    period_s: float
    next_s: float

    def strikes(self, t_s: float) -> bool:
        if t_s < self.next_s:
            return False
        while self.next_s <= t_s:
            self.next_s += self.period_s
        return True
