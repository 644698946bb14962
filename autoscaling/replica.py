"""One replica as it was measured or stated: latency and processor time at each rate of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from capacity.queueing import MultiServerQueue
from shapes.composition import Floats

GRID: Final = tuple(np.linspace(0.0, 0.95, 58).tolist())
"""Shares of the saturation at which a stated replica's latency is computed; between them it is straight.

Nearer to saturation a queue takes minutes until it is as long as its mean, more than scaling takes. There the
latency stays level, and what arrives beyond saturation is counted as it piles up.
"""


@dataclass(frozen=True)
class ReplicaModel:
    """A replica's latency at rates below its saturation, and what a request costs it.

    `rates_per_s` rise; `latencies_ms` are of the quantile that the objective limits, at those rates, and
    `means_ms` the mean latencies, where they are known. `capacity_per_s` is the rate up to which the
    objectives hold, `saturation_per_s` the most it answers. Processor time and memory are None where nobody
    has measured them.
    """

    rates_per_s: Sequence[float]
    latencies_ms: Sequence[float]
    capacity_per_s: float
    saturation_per_s: float
    cpu_s_per_request: float | None = None
    idle_cores: float = 0.0
    memory_bytes: float | None = None
    means_ms: Sequence[float] = ()

    def __post_init__(self) -> None:
        if len(self.rates_per_s) != len(self.latencies_ms) or not self.rates_per_s:
            raise ValueError("expected a latency for each of one rate or more")
        if list(self.rates_per_s) != sorted(self.rates_per_s):
            raise ValueError("rates_per_s fall somewhere: expected rising rates")
        if self.means_ms and len(self.means_ms) != len(self.rates_per_s):
            raise ValueError("expected a mean latency for each rate, or none at all")
        if not 0 < self.capacity_per_s <= self.saturation_per_s:
            raise ValueError("expected a capacity above zero, and a saturation that is no less")

    def find_latency_ms(self, rates_per_s: Floats) -> Floats:
        """The latency at each rate, straight between those measured, level beyond them."""
        return np.interp(rates_per_s, self.rates_per_s, self.latencies_ms)

    def find_in_flight(self, rates_per_s: Floats) -> Floats:
        """The mean number of requests under way (Little's law); 0 where mean latencies are not known."""
        if not self.means_ms:
            return np.zeros_like(rates_per_s)
        return rates_per_s * np.interp(rates_per_s, self.rates_per_s, self.means_ms) / 1000

    def find_waiting(self, rates_per_s: Floats) -> Floats:
        """The mean number that wait for others: those under way, without those that are worked on.

        A request alone takes as long as the mean at the lowest rate.
        """
        if not self.means_ms:
            return np.zeros_like(rates_per_s)
        return np.maximum(0.0, self.find_in_flight(rates_per_s) - rates_per_s * self.means_ms[0] / 1000)

    def find_cores(self, rates_per_s: Floats) -> Floats:
        """The cores it uses at each rate of answers."""
        return self.idle_cores + rates_per_s * (self.cpu_s_per_request or 0.0)


@dataclass(frozen=True)
class ReplicaStatement:
    """What somebody says of a replica instead of measuring it; times in s, rates in 1/s, memory in bytes.

    It works on `concurrency` requests at once, each of which takes `service_s` in the mean, as an M/M/c queue
    does. `capacity_per_s` is the rate that it carries within the objectives; None derives it.
    """

    service_s: float
    concurrency: int = 1
    capacity_per_s: float | None = None
    cpu_s_per_request: float | None = None
    idle_cores: float = 0.0
    memory_bytes: float | None = None

    def model(self, q: float, limit_ms: float | None) -> ReplicaModel:
        """The replica with its latency at the quantile `q`, which has to stay within `limit_ms`.

        ValueError where there is no capacity: neither stated nor limited, or not reached at any rate.
        """
        queue = MultiServerQueue(self.concurrency, self.service_s)
        saturation = queue.saturation_per_s
        capacity = self.capacity_per_s
        if capacity is None:
            if limit_ms is None:
                raise ValueError(
                    "no rate is known that a replica carries: state it with --capacity-per-replica, or give "
                    "an objective for latency"
                )
            capacity = queue.find_capacity_per_s(q, limit_ms / 1000)
            if capacity <= 0:
                alone_ms = queue.compute_percentile_s(0.0, q) * 1000
                raise ValueError(
                    f"a request alone has a p{100 * q:g} of {alone_ms:.3g} ms, above the limit of "
                    f"{limit_ms:g} ms: no rate meets the objective"
                )
        if capacity > saturation:
            raise ValueError(
                f"--capacity-per-replica {capacity:g}/s is more than a replica answers at all: "
                f"{self.concurrency} at once, each in {self.service_s:g} s, are {saturation:.4g}/s"
            )
        rates = sorted({*(share * saturation for share in GRID), min(capacity, 0.999 * saturation)})
        return ReplicaModel(
            rates_per_s=rates,
            latencies_ms=[1000 * queue.compute_percentile_s(rate, q) for rate in rates],
            capacity_per_s=capacity,
            saturation_per_s=saturation,
            cpu_s_per_request=self.cpu_s_per_request,
            idle_cores=self.idle_cores,
            memory_bytes=self.memory_bytes,
            means_ms=[1000 * (self.service_s + queue.compute_mean_wait_s(rate)) for rate in rates],
        )
