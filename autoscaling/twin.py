"""Runs an autoscaler, its pods and a load against each other in virtual time.

Requests are a fluid: what is above the pods' saturation waits, evenly for all. A pod's latency is that
measured at its share of the rate, plus the time in which the requests that wait before it are answered. What
this grain doesn't show is left out: single arrivals, uneven balancing, throttling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from autoscaling.controller import AutoscalerController, ScalingStep, check_metrics
from autoscaling.deployment import Deployment
from autoscaling.pods import ClusterTiming, PodSet, Usage
from autoscaling.rules import AutoscalerSettings
from shapes.composition import Floats, Profile

STEP_S: Final = 1.0
PARTS: Final = 20
"""At so many moments within a step the load is read."""


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
    twin = _Twin(settings, deployment, timing, signals or {}, step_s)
    return twin.run(load, duration_s, initial or settings.least)


@dataclass
class _Twin:
    settings: AutoscalerSettings
    deployment: Deployment
    timing: ClusterTiming
    signals: Mapping[str, str]
    step_s: float
    queued: float = 0.0

    def run(self, load: Profile, duration_s: float, initial: int) -> TwinRun:
        times = np.arange(0.0, duration_s, self.step_s)
        rates = _average_levels(load, times, self.step_s)
        pods = PodSet.start(initial, self.timing)
        controller = AutoscalerController(self.settings, self.deployment, self.timing, self.signals)
        controller.begin(0.0, initial)
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
                pods.scale(t_s, controller.look(t_s, pods.pods, pods.count_ready(t_s)))
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
            steps=tuple(controller.steps),
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
        replica = self.deployment.limited_replica
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


def _average_levels(load: Profile, times_s: Floats, step_s: float) -> Floats:
    """The mean rate over each step, so that bursts count that are shorter than a step."""
    total = np.zeros_like(times_s)
    for part in range(PARTS):
        total += load.compute_levels(times_s + (part + 0.5) / PARTS * step_s)
    return total / PARTS


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
