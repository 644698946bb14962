"""The M/M/c queue: how long requests wait at `servers` equal servers, exactly.

Arrivals come at random (Poisson) with a rate, service times are exponential with a mean; the queue is
unbounded and in order of arrival. Source: Kleinrock, "Queueing Systems", volume 1 (1975), sections 3.5 and
5.9 for the distribution of the time in the system. Times in s, rates in 1/s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MultiServerQueue:
    """M/M/c: `servers` of them, each with a mean service time of `service_s`."""

    servers: int
    service_s: float

    def __post_init__(self) -> None:
        if self.servers < 1 or not self.service_s > 0:
            raise ValueError("expected one server or more, and a service time above zero")

    @property
    def saturation_per_s(self) -> float:
        """The rate above which the queue grows without end."""
        return self.servers / self.service_s

    def compute_waiting_probability(self, rate_per_s: float) -> float:
        """The probability that a request has to wait (Erlang C); 1 at saturation and beyond."""
        load = rate_per_s * self.service_s
        if load >= self.servers:
            return 1.0
        blocked = 1.0  # Erlang B by its recursion, which loses no digits
        for servers in range(1, self.servers + 1):
            blocked = load * blocked / (servers + load * blocked)
        return blocked / (1 - load / self.servers * (1 - blocked))

    def compute_mean_wait_s(self, rate_per_s: float) -> float:
        """The mean time before service; infinite at saturation and beyond."""
        spare = self.saturation_per_s - rate_per_s
        return math.inf if spare <= 0 else self.compute_waiting_probability(rate_per_s) / spare

    def compute_tail(self, rate_per_s: float, t_s: float) -> float:
        """The probability that a request takes longer than `t_s`, waiting and service together."""
        spare, own = self.saturation_per_s - rate_per_s, 1 / self.service_s
        if spare <= 0:
            return 1.0
        waits = self.compute_waiting_probability(rate_per_s)
        if math.isclose(spare, own, rel_tol=1e-9):
            return math.exp(-own * t_s) * (1 + waits * own * t_s)
        mixed = (math.exp(-spare * t_s) - math.exp(-own * t_s)) * own / (own - spare)
        return math.exp(-own * t_s) + waits * mixed

    def compute_percentile_s(self, rate_per_s: float, q: float) -> float:
        """The time within which a share `q` of the requests is answered; infinite from saturation on."""
        if rate_per_s >= self.saturation_per_s:
            return math.inf
        low, high = 0.0, self.service_s
        while self.compute_tail(rate_per_s, high) > 1 - q:
            low, high = high, 2 * high
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self.compute_tail(rate_per_s, middle) > 1 - q else (low, middle)
        return high

    def find_capacity_per_s(self, q: float, limit_s: float) -> float:
        """The highest rate at which a share `q` of the requests takes at most `limit_s`; 0 if none does."""
        if self.compute_percentile_s(0.0, q) > limit_s:
            return 0.0
        low, high = 0.0, self.saturation_per_s
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self.compute_percentile_s(middle, q) <= limit_s else (low, middle)
        return low
