"""The one adapter between a profile and Locust: users follow the profile, its end is the test's end."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import gevent
from locust import LoadTestShape

if TYPE_CHECKING:
    from shapes.profiles import Profile

SPAWN_RATE = 100.0
"""Users started a second at the least, so that the slope is the profile's and not the spawner's."""


class ProfileShape(LoadTestShape):
    """Follow `profile`; with `profile` None no test runs.

    Locust asks about once a second. So that a stage begins when the profile says so, and not up to a second
    later, the answer waits for a stage's edge that is nearer than the next question.
    """

    abstract: ClassVar[bool] = False
    use_common_options: ClassVar[bool] = True
    """Users, spawn rate and run time stay in the web form: the scenario `manual` reads them."""

    profile: Profile | None = None
    edges: tuple[float, ...] = ()
    """Where a stage ends, in seconds."""

    _started: bool = False
    _ends: bool = False

    one_a_process: bool = False
    """Whether one user in each process drives the profile's arrivals, instead of users being its level."""

    def follow(self, profile: Profile, one_a_process: bool = False) -> None:
        """Take `profile` for the next test."""
        self.profile = profile
        self.one_a_process = one_a_process
        self.edges = tuple(stage.end_s for stage in profile.stages)
        self._started = False
        self._ends = False

    def end(self) -> None:
        """End the test at the next question, before the profile does."""
        self._ends = True

    def start_at(self, instant: float) -> None:
        """Count the profile's time from `instant`, on the clock of `time.perf_counter`."""
        self.start_time = instant
        self._started = True

    def reset_time(self) -> None:
        """Count from now, as Locust asks at a start; on a master it asks once more when the run has begun."""
        if not self._started:
            super().reset_time()

    def tick(self) -> tuple[int, float] | None:
        """Users at this moment and how fast to reach them; None once the profile has ended."""
        if self.profile is None:
            return None
        elapsed_s = self._wait_for_edge()
        if self._ends or (self._started and elapsed_s >= self.profile.duration_s):
            if self.runner is not None:
                self.runner.stop()  # a master would quit without having stopped its workers
            return None
        if self.one_a_process:
            return getattr(self.runner, "worker_count", 1), SPAWN_RATE
        return int(self.profile.level_at(elapsed_s) + 0.5), max(SPAWN_RATE, self.profile.peak)

    def _wait_for_edge(self) -> float:
        elapsed_s: float = max(0.0, self.get_run_time())
        if not self._started:
            return elapsed_s
        edge_s = next((edge_s for edge_s in self.edges if elapsed_s < edge_s < elapsed_s + 1.0), None)
        if edge_s is not None:
            gevent.sleep(edge_s - elapsed_s)
            elapsed_s = max(edge_s, self.get_run_time())
        return elapsed_s
