"""When the requests of the open model are due: the share of a scenario's arrivals that one process sends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from configuration.scenario import Scenario
from shapes.arrivals import generate_arrivals
from shapes.composition import Floats
from shapes.recorded import Recorded


class ArrivalSchedule:
    """The arrivals of one process, in order, on the clock of `time.perf_counter`.

    It belongs to the process, not to a user: Locust stops users and starts others when a worker joins or
    comes back, and none of them may begin the schedule anew. A worker whose number is beyond the shares was
    late to join: it has no arrivals.
    """

    def __init__(self, scenario: Scenario, started: float, worker: int = 0, workers: int = 1) -> None:
        late = worker >= workers or scenario.load.model == "closed"
        self._times = iter(()) if late else _iterate(scenario, started, worker, workers)
        self._next: float | None = None

    def next_due(self) -> float | None:
        """When the next request is due; None after the last one."""
        if self._next is None:
            self._next = next(self._times, None)
        return self._next

    def mark_sent(self) -> None:
        """Move on: the request that was due is under way, or dropped."""
        self._next = None


def _iterate(scenario: Scenario, started: float, worker: int, workers: int) -> Iterator[float]:
    for times in _generate_times(scenario, worker, workers):
        yield from (times + started).tolist()


def _generate_times(scenario: Scenario, worker: int, workers: int) -> Iterator[Floats]:
    """The arrivals of one process, in seconds of the run: drawn at the profile's rate, or as recorded."""
    load, seed = scenario.load, scenario.seeds["arrivals"]
    if not isinstance(load.profile, Recorded):
        yield from generate_arrivals(
            scenario.full_profile, load.spacing, seed=seed, worker=worker, workers=workers
        )
        return
    if load.warm_up is not None:
        yield from generate_arrivals(load.warm_up, load.spacing, seed=seed, worker=worker, workers=workers)
    for times in load.profile.generate_times(seed=seed, worker=worker, workers=workers):
        yield times + scenario.judged_from_s


def count_arrivals(scenario: Scenario, shares: int, start_s: float, end_s: float) -> int:
    """How many arrivals the schedules of `shares` processes have in [`start_s`, `end_s`) of the run."""
    due = 0
    for share in range(shares):
        for times in _generate_times(scenario, share, shares):
            due += int(np.count_nonzero((times >= start_s) & (times < end_s)))
            if times[-1] >= end_s:
                break
    return due
