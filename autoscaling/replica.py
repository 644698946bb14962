"""One replica as it was measured: latency and processor time at each rate of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ReplicaModel:
    """A replica's latency at rates below its saturation, and what a request costs it.

    `rates_per_s` rise; `latencies_ms` are of the quantile that the objective limits, at those rates.
    `capacity_per_s` is the rate up to which the objectives hold, `saturation_per_s` the most it answers.
    """

    rates_per_s: Sequence[float]
    latencies_ms: Sequence[float]
    capacity_per_s: float
    saturation_per_s: float
    cpu_s_per_request: float
    idle_cores: float = 0.0
    memory_bytes: float = 0.0

    def __post_init__(self) -> None:
        if len(self.rates_per_s) != len(self.latencies_ms) or not self.rates_per_s:
            raise ValueError("expected a latency for each of one rate or more")
        if list(self.rates_per_s) != sorted(self.rates_per_s):
            raise ValueError("rates_per_s fall somewhere: expected rising rates")
        if not 0 < self.capacity_per_s <= self.saturation_per_s:
            raise ValueError("expected a capacity above zero, and a saturation that is no less")

    def find_latency_ms(self, rate_per_s: float) -> float:
        """The latency at a rate, straight between those measured, level beyond them."""
        return float(np.interp(rate_per_s, self.rates_per_s, self.latencies_ms))

    def find_cores(self, rate_per_s: float) -> float:
        """The cores it uses at a rate of answers."""
        return self.idle_cores + rate_per_s * self.cpu_s_per_request
