"""What runs on the pods of an autoscaler: the replica, and what its Deployment requests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from autoscaling.replica import ReplicaModel
from autoscaling.rules import ScalingMetric


@dataclass(frozen=True)
class Deployment:
    """What runs on the pods: the measured replica, its requests in cores and bytes, and its time limit."""

    replica: ReplicaModel
    cpu_request_cores: float | None = None
    memory_request_bytes: float | None = None
    cpu_limit_cores: float | None = None
    timeout_s: float = math.inf
    """Requests that have waited longer are given up; they count as failed."""
    container_requests: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What each container requests of `cpu` and `memory`, by its name."""

    def __post_init__(self) -> None:
        limit, idle = self.cpu_limit_cores, self.replica.idle_cores
        if limit is not None and limit <= idle:
            raise ValueError(
                f"the limit leaves nothing for requests: {limit:g} cores, of which a replica uses {idle:g} "
                "without any; raise the limit of cpu, or state --idle-cores"
            )

    def find_request(self, metric: ScalingMetric) -> float | None:
        """What the pods, or the metric's container, request of its resource; None where it isn't known.

        ValueError if there is no such container.
        """
        if metric.source != "ContainerResource" or not self.container_requests:
            return self.cpu_request_cores if metric.name == "cpu" else self.memory_request_bytes
        name = metric.container or ""
        if name not in self.container_requests:
            raise ValueError(
                f"{metric.title}: the pods have no container named {name!r}: expected one of "
                f"{', '.join(self.container_requests)}"
            )
        return self.container_requests[name].get(metric.name)

    @cached_property
    def limited_replica(self) -> ReplicaModel:
        """The replica within its limit of processor time: all its rates are lower in the same proportion."""
        replica, cost_s = self.replica, self.replica.cpu_s_per_request
        if self.cpu_limit_cores is None or not cost_s:
            return replica
        share = (self.cpu_limit_cores - replica.idle_cores) / cost_s / replica.saturation_per_s
        if share >= 1:
            return replica
        return replace(
            replica,
            rates_per_s=[rate * share for rate in replica.rates_per_s],
            capacity_per_s=replica.capacity_per_s * share,
            saturation_per_s=replica.saturation_per_s * share,
        )

    @property
    def saturation_per_s(self) -> float:
        """The most that one pod answers, within its limit of processor time."""
        return self.limited_replica.saturation_per_s
