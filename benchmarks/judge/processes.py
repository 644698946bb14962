"""Draws latencies of simulated services, of which the share above the limit is known exactly.

Each process is scaled so that the expected share of requests above `LIMIT_MS` is the share that is asked for;
then `LIMIT_MS` is the true percentile. All runs of a process begin in its stationary state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, isfinite
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, signal, special

from reports.data.columns import Floats

LIMIT_MS: Final = 100.0
BURN_IN: Final = 2_000
"""Requests before the first one that counts, for the process without a known stationary state."""


class RequestProcess(Protocol):
    """A simulated service."""

    @property
    def name(self) -> str:
        """How the tables call it."""

    def draw_ms(self, rng: np.random.Generator, runs: int, requests: int, share: float) -> Floats:
        """Latencies in ms, an array of `runs` x `requests`; the share above `LIMIT_MS` is `share`."""


@dataclass(frozen=True)
class CorrelatedLatency:
    """exp of a Gaussian AR(1) process with variance 1: lognormal, correlated by `memory`^lag.

    `trend` shifts its logarithm over the run: a function of the position in the run, 0 to 1.
    """

    name: str
    memory: float
    trend: Callable[[Floats], Floats] = np.zeros_like

    def draw_ms(self, rng: np.random.Generator, runs: int, requests: int, share: float) -> Floats:
        """As `RequestProcess.draw_ms`."""
        shift = self.trend((np.arange(requests) + 0.5) / requests)
        return np.exp(draw_normal(rng, runs, requests, self.memory) + shift - _find_level(shift, share)) * (
            LIMIT_MS
        )


@dataclass(frozen=True)
class HeavyLatency:
    """Pareto latencies, P(X > x) = x^-`index`, whose ranks are those of a Gaussian AR(1) process."""

    name: str
    memory: float
    index: float

    def draw_ms(self, rng: np.random.Generator, runs: int, requests: int, share: float) -> Floats:
        """As `RequestProcess.draw_ms`."""
        above = special.ndtr(-draw_normal(rng, runs, requests, self.memory))
        scaled: Floats = LIMIT_MS * (above / share) ** (-1.0 / self.index)
        return scaled


@dataclass(frozen=True)
class Queue:
    """Sojourn times of an M/M/c queue at `load`, 0 to 1, with mean service time 1.

    One server: Lindley's recursion from a stationary start. More: that of Kiefer and Wolfowitz (Transactions
    of the AMS 78, 1955), after `BURN_IN` requests.
    """

    name: str
    servers: int
    load: float

    def draw_ms(self, rng: np.random.Generator, runs: int, requests: int, share: float) -> Floats:
        """As `RequestProcess.draw_ms`."""
        waited = self._serve_one if self.servers == 1 else self._serve_many
        return waited(rng, runs, requests) * (LIMIT_MS / self._find_quantile(share))

    def _serve_one(self, rng: np.random.Generator, runs: int, requests: int) -> Floats:
        services = rng.exponential(1.0, (runs, requests))
        gaps = rng.exponential(1.0 / self.load, (runs, requests))
        first = rng.exponential(1.0 / (1.0 - self.load), (runs, 1)) * (rng.random((runs, 1)) < self.load)
        walk = np.cumsum(services[:, :-1] - gaps[:, 1:], axis=1)
        walk = np.concatenate((np.zeros((runs, 1)), walk), axis=1)
        return walk - np.minimum(np.minimum.accumulate(walk, axis=1), -first) + services

    def _serve_many(self, rng: np.random.Generator, runs: int, requests: int) -> Floats:
        busy = np.zeros((self.servers, runs))
        told = np.empty((requests, runs))
        for number in range(-BURN_IN, requests):
            service = rng.standard_exponential(runs)
            if number >= 0:
                told[number] = busy[0] + service
            busy[0] += service
            busy -= rng.standard_exponential(runs) / (self.load * self.servers)
            np.maximum(busy, 0.0, out=busy)
            busy.sort(axis=0)
        return np.ascontiguousarray(told.T)

    def _find_quantile(self, share: float) -> float:
        """The sojourn time that a `share` of requests exceeds (Erlang's C formula)."""
        if self.servers == 1:
            return float(-np.log(share) / (1.0 - self.load))
        offered = self.load * self.servers
        full = offered**self.servers / factorial(self.servers) / (1.0 - self.load)
        waits = full / (full + sum(offered**k / factorial(k) for k in range(self.servers)))
        rate = self.servers * (1.0 - self.load)

        def exceed(t: float) -> float:
            both = (rate * np.exp(-t) - np.exp(-rate * t)) / (rate - 1.0)
            return float((1.0 - waits) * np.exp(-t) + waits * both) - share

        return float(optimize.brentq(exceed, 0.0, 1_000.0))


@dataclass(frozen=True)
class Stalls:
    """Fast requests, and stalls that begin at random: all that arrive in one wait until its end.

    A stall lasts `length` requests; with a finite `index` its length is Pareto distributed from there on, up
    to a hundred times as long. Stalls may overlap, as services in an M/G/infinity queue.
    """

    name: str
    length: int
    index: float = np.inf

    def draw_ms(self, rng: np.random.Generator, runs: int, requests: int, share: float) -> Floats:
        """As `RequestProcess.draw_ms`."""
        longest = self.length if not isfinite(self.index) else 100 * self.length
        rate = -np.log1p(-share) / self._compute_mean_length(longest)
        counts = rng.poisson(rate * (requests + longest - 1), runs)
        run = np.repeat(np.arange(runs), counts)
        begin = rng.integers(1 - longest, requests, len(run))
        end = begin + self._draw_lengths(rng, len(run), longest)
        until = np.zeros((runs, requests + longest))
        np.maximum.at(until, (run, begin + longest - 1), end)
        ends = np.maximum.accumulate(until, axis=1)[:, longest - 1 : longest - 1 + requests]
        remaining = np.maximum(ends - np.arange(requests), 0.0)
        fast = LIMIT_MS / 20.0 * np.exp(0.3 * rng.standard_normal((runs, requests)))
        return np.where(remaining > 0.0, LIMIT_MS * (1.0 + remaining / self.length), fast)

    def _draw_lengths(self, rng: np.random.Generator, count: int, longest: int) -> NDArray[np.int64]:
        if not isfinite(self.index):
            return np.full(count, self.length)
        drawn = self.length * rng.random(count) ** (-1.0 / self.index)
        return np.minimum(drawn, longest).astype(np.int64)

    def _compute_mean_length(self, longest: int) -> float:
        if not isfinite(self.index):
            return float(self.length)
        sizes = np.arange(1, longest + 1)  # the sum of P(length >= size)
        return float(np.minimum(1.0, (sizes / self.length) ** -self.index).sum())


def draw_normal(rng: np.random.Generator, runs: int, requests: int, memory: float) -> Floats:
    """A stationary Gaussian AR(1) process with variance 1, an array of `runs` x `requests`."""
    noise = rng.standard_normal((runs, requests))
    if memory == 0.0:
        return noise
    noise *= np.sqrt(1.0 - memory**2)
    start = memory * rng.standard_normal((runs, 1))
    drawn: Floats = signal.lfilter([1.0], [1.0, -memory], noise, axis=1, zi=start)[0]
    return drawn


def _find_level(shift: Floats, share: float) -> float:
    """The level that standard normal values, shifted so over the run, exceed with this mean probability."""

    def exceed(level: float) -> float:
        return float(special.ndtr(shift - level).mean()) - share

    return float(optimize.brentq(exceed, -20.0, 20.0 + float(shift.max())))


def _rise(position: Floats) -> Floats:
    shift: Floats = np.log(2.0) * position
    return shift


def _warm_up(position: Floats) -> Floats:
    shift: Floats = np.log(3.0) * np.exp(-position / 0.05)
    return shift


PROCESSES: Final[tuple[RequestProcess, ...]] = (
    CorrelatedLatency("independent", 0.0),
    CorrelatedLatency("AR(1), 0.5", 0.5),
    CorrelatedLatency("AR(1), 0.9", 0.9),
    CorrelatedLatency("AR(1), 0.98", 0.98),
    HeavyLatency("Pareto 1.1, AR(1) 0.9", 0.9, 1.1),
    Queue("M/M/1 at 0.5", 1, 0.5),
    Queue("M/M/1 at 0.7", 1, 0.7),
    Queue("M/M/1 at 0.9", 1, 0.9),
    Queue("M/M/4 at 0.8", 4, 0.8),
    Stalls("stalls of 5 requests", 5),
    Stalls("stalls of 20 requests", 20),
    Stalls("stalls of 100 requests", 100),
    Stalls("stalls of 500 requests", 500),
    Stalls("stalls of 10 and more, Pareto 1.5", 10, 1.5),
    CorrelatedLatency("drift: doubles during the run", 0.5, _rise),
    CorrelatedLatency("warm-up: three times as slow at first", 0.5, _warm_up),
)
