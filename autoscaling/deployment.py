"""What runs on the pods of an autoscaler: the replica, and what its Deployment requests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autoscaling.replica import ReplicaModel


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
