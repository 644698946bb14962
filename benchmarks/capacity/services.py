"""Services of known capacity in virtual time: a queue in front of c servers, and a token bucket."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from capacity.queueing import MultiServerQueue
from reports.data.columns import Floats, Mask


class SimulatedService(Protocol):
    """What a simulated search asks of a service."""

    @property
    def name(self) -> str:
        """What the page calls it."""

    @property
    def objective(self) -> str:
        """What is asked of it."""

    @property
    def capacity_per_s(self) -> float:
        """The highest arrival rate that meets the objective: the truth."""

    def answer(self, arrivals_s: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
        """The latency of each request in ms, and which of them are refused."""


@dataclass(frozen=True)
class QueuedService:
    """M/M/c: `servers` at a time, exponential service times, mean `service_s`; no request is refused."""

    servers: int
    service_s: float
    limit_ms: float
    percent: float = 99.0

    @property
    def name(self) -> str:
        """The queue and its limit."""
        return f"M/M/{self.servers}, {self.service_s * 1000:g} ms, p{self.percent:g} <= {self.limit_ms:g} ms"

    @property
    def objective(self) -> str:
        """A limit for a percentile of latency."""
        return f"p{self.percent:g} latency <= {self.limit_ms:g} ms"

    @property
    def capacity_per_s(self) -> float:
        """By the distribution of the time in the system."""
        queue = MultiServerQueue(self.servers, self.service_s)
        return queue.find_capacity_per_s(self.percent / 100, self.limit_ms / 1000)

    def answer(self, arrivals_s: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
        """In order of arrival, each by the server that is free first; the service is empty at first."""
        free = [0.0] * self.servers
        works = rng.exponential(self.service_s, len(arrivals_s)).tolist()
        ends = [
            _replace_first(free, max(arrival, free[0]) + work)
            for arrival, work in zip(arrivals_s.tolist(), works, strict=True)
        ]
        return (np.array(ends) - arrivals_s) * 1000, np.zeros(len(arrivals_s), np.bool_)


@dataclass(frozen=True)
class TokenBucket:
    """Admits `rate_per_s` in the long run and `depth` at once, and refuses all other requests."""

    rate_per_s: float
    depth: int
    percent: float = 1.0

    @property
    def name(self) -> str:
        """The bucket and its limit."""
        return f"token bucket, {self.rate_per_s:g}/s, {self.depth} deep, error rate <= {self.percent:g} %"

    @property
    def objective(self) -> str:
        """A limit for the share that is refused."""
        return f"error rate <= {self.percent:g} %"

    @property
    def capacity_per_s(self) -> float:
        """Where the refused share of random arrivals is the limit, by bisection."""
        low, high = 0.0, 2 * self.rate_per_s
        for _ in range(60):
            middle = (low + high) / 2
            refused = compute_refused_share(middle / self.rate_per_s, self.depth)
            low, high = (middle, high) if refused <= self.percent / 100 else (low, middle)
        return low

    def answer(self, arrivals_s: Floats, rng: np.random.Generator) -> tuple[Floats, Mask]:
        """At once; the bucket is full at first."""
        refused, tokens, before_s = [], float(self.depth), 0.0
        for arrival_s in arrivals_s.tolist():
            tokens = min(self.depth, tokens + (arrival_s - before_s) * self.rate_per_s)
            before_s = arrival_s
            refused.append(tokens < 1)
            tokens -= 0 if refused[-1] else 1
        return rng.uniform(1.0, 2.0, len(arrivals_s)), np.array(refused, np.bool_)


def compute_refused_share(load: float, depth: int) -> float:
    """The share of random arrivals that a token bucket refuses, `load` being arrivals for each token.

    Tokens that are missing are work of 1/rate each, so the bucket is the queue M/D/1 with room for `depth`.
    Source: Brun and Garcia, *Journal of Applied Probability* 37 (2000), theorem 1.
    """
    room = depth - 1
    weight = math.fsum(
        (-1.0) ** k / math.factorial(k) * (room - k) ** k * math.exp((room - k) * load) * load**k
        for k in range(room + 1)
    )
    return 1 - weight / (1 + load * weight)


def _replace_first(free: list[float], end_s: float) -> float:
    heapq.heapreplace(free, end_s)
    return end_s
