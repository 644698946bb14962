"""A serial service that stalls on a schedule, as a pure function from arrivals to answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stall:
    """A time in which the service does nothing, `start_s` <= t < `end_s`."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"a stall from {self.start_s} s to {self.end_s} s: expected 0 <= start < end")


@dataclass(frozen=True)
class StallingService:
    """Answers requests one after the other, `work_s` each; `stalls` are sorted and don't overlap."""

    work_s: float
    stalls: Sequence[Stall] = ()

    def done_s(self, begun_s: float) -> float:
        """Return when a request is answered whose work began at `begun_s`; stalls interrupt the work."""
        at_s, left_s = begun_s, self.work_s
        for stall in self.stalls:
            if stall.end_s <= at_s:
                continue
            if at_s + left_s <= stall.start_s:
                break
            left_s -= max(0.0, stall.start_s - at_s)
            at_s = stall.end_s
        return at_s + left_s

    def answer_times_s(self, arrivals_s: Iterable[float]) -> Iterator[float]:
        """Yield when each arrival is answered, in order; an arrival during other work waits in a queue."""
        free_s = 0.0
        for arrival_s in arrivals_s:
            free_s = self.done_s(max(arrival_s, free_s))
            yield free_s


def true_latency_ms(service: StallingService, arrivals_s: Floats) -> Floats:
    """Return the latency of each arrival in milliseconds, without any network delay."""
    answers_s = service.answer_times_s(arrivals_s.tolist())
    answered_s = np.fromiter(answers_s, dtype=np.float64, count=len(arrivals_s))
    latency_ms: Floats = (answered_s - arrivals_s) * 1000.0
    return latency_ms


def stalls(period_s: float, length_s: float, freeze: Stall, until_s: float) -> tuple[Stall, ...]:
    """Return a stall of `length_s` in the middle of each period; one `freeze` replaces those near it."""
    short = [
        Stall(start_s, start_s + length_s)
        for start_s in np.arange(period_s / 2, until_s, period_s).tolist()
        if start_s + length_s < freeze.start_s or start_s > freeze.end_s
    ]
    return tuple(sorted([*short, freeze], key=lambda stall: stall.start_s))
