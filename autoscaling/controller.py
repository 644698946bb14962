"""One look of the autoscaler at its pods: what its metrics ask for, and what it does about it.

It knows no clock: the twin asks it in virtual time, a rehearsal in real time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from autoscaling.deployment import Deployment
from autoscaling.limits import ScalingHistory
from autoscaling.pods import ClusterTiming, Pod
from autoscaling.recommendation import recommend_by_total, recommend_replicas
from autoscaling.rules import AutoscalerSettings, ScalingMetric

SIGNALS: Final = ("rate", "queued", "in_flight")
"""What metrics of pods, objects and other systems may measure here."""
MILLI: Final = 1000


@dataclass(frozen=True)
class ScalingStep:
    """A change of replicas, and the metric that asked for it."""

    t_s: float
    before: int
    after: int
    metric: str


@dataclass
class AutoscalerController:
    """The autoscaler, with what it remembers; `begin` comes before the first `look`.

    `signals` says what metrics that aren't resources measure: one of `SIGNALS`, by the metric's name.
    """

    settings: AutoscalerSettings
    deployment: Deployment
    timing: ClusterTiming
    signals: Mapping[str, str]
    steps: list[ScalingStep] = field(default_factory=list)
    _history: ScalingHistory = field(init=False)

    def __post_init__(self) -> None:
        self._history = ScalingHistory(self.settings)

    def begin(self, t_s: float, replicas: int) -> None:
        """Take note of the replicas there are."""
        self._history.begin(t_s, replicas)

    def look(self, t_s: float, pods: Sequence[Pod], ready: int) -> int:
        """The replicas to have from now on, given all pods, of which so many are ready."""
        current, settings = len(pods), self.settings
        if not settings.least <= current <= settings.most:  # before any metric is read
            bound = "minReplicas" if current < settings.least else "maxReplicas"
            return self._move(t_s, current, current, bound)
        proposals = [
            (self._recommend(metric, t_s, pods, ready), metric.title) for metric in self.settings.metrics
        ]
        known = [(count, title) for count, title in proposals if count is not None]
        if not known:
            return current
        recommended, title = max(known)
        if len(known) < len(proposals) and recommended < current:
            return current  # a metric that can't be read forbids fewer replicas
        return self._move(t_s, current, recommended, title)

    def _move(self, t_s: float, current: int, recommended: int, title: str) -> int:
        wanted = self._history.limit(t_s, current, recommended)
        if wanted != current:
            self.steps.append(ScalingStep(t_s, current, wanted, title))
        return wanted

    def _recommend(self, metric: ScalingMetric, t_s: float, pods: Sequence[Pod], ready: int) -> int | None:
        signal, request = find_signal(metric, self.deployment, self.signals)
        readings = [pod.read(metric, signal, t_s, self.timing) for pod in pods]
        if metric.source in ("Object", "External"):
            total = sum(reading.usage for reading in readings if reading.kind == "counted")
            return recommend_by_total(self.settings, metric, total, len(pods), ready)
        return recommend_replicas(self.settings, metric, readings, len(pods), request)


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
    request = deployment.find_request(metric)
    if request is None and metric.kind == "Utilization":
        raise ValueError(
            f"{metric.title}: the pods' request of {metric.name} is not known; name the file of their "
            "Deployment with --deployment FILE"
        )
    if metric.kind == "Utilization" and not request:
        raise ValueError(f"{metric.title}: the pods' request of {metric.name} is 0: state one above zero")
    thousandths = math.ceil(
        round((request or 0) * MILLI, 6)
    )  # as Kubernetes rounds, but for errors of floats
    return "cores" if is_cpu else "memory_bytes", thousandths
