"""Runs an autoscaler, its pods and a load against each other in virtual time.

Requests are a fluid: what is above the pods' saturation waits, evenly for all. A pod's latency is that
measured at its share of the rate, plus the time in which the requests that wait before it are answered. What
this grain doesn't show is left out: single arrivals, uneven balancing, throttling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autoscaling.limits import ScalingHistory
from autoscaling.pods import ClusterTiming, PodSet, Usage
from autoscaling.recommendation import recommend_by_total, recommend_replicas
from autoscaling.replica import ReplicaModel
from autoscaling.rules import AutoscalerSettings, ScalingMetric
from shapes.composition import Floats, Profile

STEP_S: Final = 1.0
SIGNALS: Final = ("rate", "queued", "in_flight")
"""What metrics of pods, objects and other systems may measure here."""
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
        if self.cpu_limit_cores is None or not cost_s:
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
    """What happened, one value for each step of `step_s`: those of `rate_per_s` are arrivals.

    `replicas` are those wanted, `ready` those that get requests. `usage` is that of a ready pod, by the names
    of `Usage`. `queued` requests wait because all ready pods together are full.
    """

    step_s: float
    t_s: Floats
    rate_per_s: Floats
    replicas: NDArray[np.int64]
    ready: NDArray[np.int64]
    latency_ms: Floats
    queued: Floats
    failed: Floats
    usage: Mapping[str, Floats]
    steps: tuple[ScalingStep, ...]

    @property
    def replica_hours(self) -> float:
        """What is paid for."""
        return float(self.replicas.sum() * self.step_s / 3600)


def simulate(
    settings: AutoscalerSettings,
    deployment: Deployment,
    timing: ClusterTiming,
    load: Profile,
    duration_s: float,
    signals: Mapping[str, str] | None = None,
    initial: int | None = None,
    step_s: float = STEP_S,
) -> TwinRun:
    """The autoscaler under a load, arrivals a second over time, in steps of `step_s`.

    `signals` says what metrics that aren't resources measure: one of `SIGNALS`, by the metric's name.
    ValueError where a metric can't be followed.
    """
    check_metrics(settings, deployment, signals or {})
    twin = _Twin(settings, deployment, timing, dict(signals or {}), step_s)
    return twin.run(load, duration_s, initial or settings.least)


def check_metrics(settings: AutoscalerSettings, deployment: Deployment, signals: Mapping[str, str]) -> None:
    """Raise ValueError, with what to do, for a metric of which nothing is known."""
    for metric in settings.metrics:
        find_signal(metric, deployment, signals)


def find_signal(metric: ScalingMetric, deployment: Deployment, signals: Mapping[str, str]) -> tuple[str, int]:
    """What of a pod's usage a metric measures, and the pods' request of it in thousandths."""
    if metric.source not in ("Resource", "ContainerResource"):
        if metric.name not in signals:
            raise ValueError(
                f"what the metric {metric.name} measures is not known: say --metric {metric.name}=queued (or "
                "in_flight, or rate), each of one pod"
            )
        return signals[metric.name], 0
    is_cpu = metric.name == "cpu"
    known = deployment.replica.cpu_s_per_request if is_cpu else deployment.replica.memory_bytes
    if known is None:
        told = "processor time of a request" if is_cpu else "memory of a replica"
        option = "--cpu-per-request 4ms" if is_cpu else "--memory 150Mi"
        raise ValueError(f"{metric.title}: the {told} is not known; state it, such as {option}")
    request = deployment.cpu_request_cores if is_cpu else deployment.memory_request_bytes
    if request is None and metric.kind == "Utilization":
        raise ValueError(
            f"{metric.title}: the pods' request of {metric.name} is not known; name the file of their "
            "Deployment with --deployment FILE"
        )
    return "cores" if is_cpu else "memory_bytes", round((request or 0) * MILLI)


@dataclass
class _Twin:
    settings: AutoscalerSettings
    deployment: Deployment
    timing: ClusterTiming
    signals: dict[str, str]
    step_s: float
    queued: float = 0.0
    steps: list[ScalingStep] = field(default_factory=list)

    def run(self, load: Profile, duration_s: float, initial: int) -> TwinRun:
        times = np.arange(0.0, duration_s, self.step_s)
        rates = np.asarray(load.compute_levels(times), dtype=float)
        pods = PodSet.start(initial, self.timing)
        history = ScalingHistory(self.settings)
        history.begin(0.0, initial)
        rows: list[tuple[float, ...]] = []
        scraped = 0
        looks = _Clock(self.timing.sync_s, self.timing.sync_phase_s)
        scrapes = _Clock(self.timing.scrape_s, self.timing.scrape_phase_s)
        for t_s, rate_per_s in zip(times.tolist(), rates.tolist(), strict=True):
            if scrapes.strikes(t_s):
                _, uses = self._measure(rows[scraped:])
                scraped = len(rows)
                for pod in pods.pods:
                    pod.scrape(t_s, uses, self.step_s)
            if looks.strikes(t_s):
                self._look(t_s, pods, history)
            ready = pods.count_ready(t_s)
            rows.append((len(pods.pods), ready, *self._serve(rate_per_s, ready)))
        latency_ms, uses = self._measure(rows)
        replicas, ready_pods, _, queued, failed = np.array(rows).T
        return TwinRun(
            step_s=self.step_s,
            t_s=times,
            rate_per_s=rates,
            replicas=replicas.astype(np.int64),
            ready=ready_pods.astype(np.int64),
            latency_ms=latency_ms,
            queued=queued,
            failed=failed,
            usage=dict(zip(Usage._fields, uses.T, strict=True)),
            steps=tuple(self.steps),
        )

    def _serve(self, rate_per_s: float, ready: int) -> tuple[float, float, float]:
        """Answer what arrives and waits; the answers, what waits then, and the requests given up."""
        ceiling_per_s = ready * self.deployment.saturation_per_s
        offered = self.queued + rate_per_s * self.step_s
        answered = min(offered, ceiling_per_s * self.step_s)
        most = ceiling_per_s * self.deployment.timeout_s if ready else offered
        self.queued = min(offered - answered, most)
        return answered, self.queued, offered - answered - self.queued

    def _measure(self, rows: Sequence[tuple[float, ...]]) -> tuple[Floats, Floats]:
        """The latency in ms of each step, and what a ready pod uses, in the order of `Usage`."""
        replica = self.deployment.replica
        _, ready, answered, queued, _ = np.array(rows).reshape(-1, 5).T
        pods = np.maximum(ready, 1)
        share = answered / self.step_s / pods
        behind = np.where(ready, queued / pods, 0.0)
        uses = (
            np.where(ready, replica.find_cores(share), 0.0),
            np.where(ready, replica.memory_bytes or 0.0, 0.0),
            share,
            replica.find_waiting(share) + behind,
            replica.find_in_flight(share) + behind,
        )
        waiting_ms = queued / (pods * self.deployment.saturation_per_s) * 1000
        latency_ms = np.where(ready, replica.find_latency_ms(share) + waiting_ms, math.inf)
        return latency_ms, np.column_stack(uses)

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
        signal, request = find_signal(metric, self.deployment, self.signals)
        readings = [pod.read(metric, signal, t_s, self.timing) for pod in pods.pods]
        if metric.source in ("Object", "External"):
            total = sum(reading.usage for reading in readings if reading.kind == "counted")
            return recommend_by_total(self.settings, metric, total, current, pods.count_ready(t_s))
        return recommend_replicas(self.settings, metric, readings, current, request)


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
