"""A serial service that stalls on a schedule, as a pure function: when each request is answered, by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stall:
    """A stretch in which the service does nothing, `start_s` <= t < `end_s`."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"a stall from {self.start_s} s to {self.end_s} s: expected 0 <= start < end")


@dataclass(frozen=True)
class Service:
    """Requests are answered one after the other, each `work_s` long; `stalls` are in order and apart."""

    work_s: float
    stalls: Sequence[Stall] = ()

    def done_s(self, begun_s: float) -> float:
        """When a request is answered that the service turned to at `begun_s`: a stall interrupts the work."""
        at_s, left_s = begun_s, self.work_s
        for stall in self.stalls:
            if stall.end_s <= at_s:
                continue
            if at_s + left_s <= stall.start_s:
                break
            left_s -= max(0.0, stall.start_s - at_s)
            at_s = stall.end_s
        return at_s + left_s

    def answers(self, arrivals_s: Iterable[float]) -> Iterator[float]:
        """When each of the arrivals, in their order, is answered; who comes meanwhile waits in line."""
        free_s = 0.0
        for arrival_s in arrivals_s:
            free_s = self.done_s(max(arrival_s, free_s))
            yield free_s


def true_latency_ms(service: Service, arrivals_s: Floats) -> Floats:
    """How long each arrival waits for its answer, in milliseconds, on a network that takes no time."""
    answered_s = np.fromiter(service.answers(arrivals_s.tolist()), dtype=np.float64, count=len(arrivals_s))
    latency_ms: Floats = (answered_s - arrivals_s) * 1000.0
    return latency_ms


def stalls(period_s: float, length_s: float, freeze: Stall, until_s: float) -> tuple[Stall, ...]:
    """A stall of `length_s` in the middle of each period, and one `freeze`, which swallows those it meets."""
    short = [
        Stall(start_s, start_s + length_s)
        for start_s in np.arange(period_s / 2, until_s, period_s).tolist()
        if start_s + length_s < freeze.start_s or start_s > freeze.end_s
    ]
    return tuple(sorted([*short, freeze], key=lambda stall: stall.start_s))
