"""The adapters between Locust and the load: users follow a profile, or a load shape of somebody's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from locust import LoadTestShape

if TYPE_CHECKING:
    from shapes.composition import Profile

SPAWN_RATE = 100.0
"""Users started a second at the least, so that the slope is the profile's and not the spawner's."""


class ProfileShape(LoadTestShape):
    """Follows `profile`; with `profile` None no test runs.

    Locust asks about once a second. So that a stage begins on time, and not up to a second late, the answer
    waits for the end of a stage that comes before the next question.
    """

    abstract: ClassVar[bool] = False
    use_common_options: ClassVar[bool] = True
    """Users, spawn rate and run time stay in the web form: the scenario `manual` reads them."""

    profile: Profile | None = None
    stage_ends_s: tuple[float, ...] = ()

    _started: bool = False
    _end_requested: bool = False

    one_user_per_process: bool = False
    """Whether one user in each process drives the profile's arrivals, instead of users being its level."""

    def follow(self, profile: Profile, one_user_per_process: bool = False) -> None:
        """Take `profile` for the next test."""
        self.profile = profile
        self.one_user_per_process = one_user_per_process
        self.stage_ends_s = tuple(stage.end_s for stage in profile.stages)
        self._started = False
        self._end_requested = False

    def request_end(self) -> None:
        """End the test at Locust's next question, before the profile does."""
        self._end_requested = True

    def start_at(self, instant: float) -> None:
        """Count the profile's time from `instant`, on the clock of `time.perf_counter`."""
        self.start_time = instant
        self._started = True

    def reset_time(self) -> None:
        """Count from now, unless the run has begun: on a master Locust calls this once more after that."""
        if not self._started:
            super().reset_time()

    def tick(self) -> tuple[int, float] | None:
        """Users at this moment and how fast to reach them; None once the profile has ended."""
        if self.profile is None:
            return None
        elapsed_s = self._wait_for_stage_end()
        if self._end_requested or (self._started and elapsed_s >= self.profile.duration_s):
            if self.runner is not None:
                self.runner.stop()  # a master would quit without having stopped its workers
            return None
        if self.one_user_per_process:
            return getattr(self.runner, "worker_count", 1), SPAWN_RATE
        return int(self.profile.compute_level(elapsed_s) + 0.5), max(SPAWN_RATE, self.profile.peak)

    def _wait_for_stage_end(self) -> float:
        """The elapsed seconds, after a wait for a stage's end that comes before Locust's next question."""
        elapsed_s: float = max(0.0, self.get_run_time())
        if not self._started:
            return elapsed_s
        end_s = next((end_s for end_s in self.stage_ends_s if elapsed_s < end_s < elapsed_s + 1.0), None)
        if end_s is not None:
            gevent.sleep(end_s - elapsed_s)
            elapsed_s = max(end_s, self.get_run_time())
        return elapsed_s


class GuestShape(ProfileShape):
    """Asks a load shape of somebody's own how many users there should be, in place of the profile.

    The load ends when that shape answers None, after the profile's duration, or when it raises an exception,
    with which `on_error` is called.
    """

    def __init__(self, shape: LoadTestShape, on_error: Callable[[Exception], object]) -> None:
        super().__init__()
        self.shape = shape
        self._on_error = on_error

    def reset_time(self) -> None:
        """Let the shape count from now, unless the run has begun."""
        super().reset_time()
        if not self._started:
            self.shape.reset_time()

    def start_at(self, instant: float) -> None:
        """Count the shape's time from `instant`, on the clock of `time.perf_counter`."""
        super().start_at(instant)
        self.shape.start_time = instant

    def tick(self) -> Any:
        """What the shape answers: users, spawn rate, perhaps user classes; None to end."""
        self.shape.runner = self.runner
        duration_s = math.inf if self.profile is None else self.profile.duration_s
        is_over = self._end_requested or (self._started and self.get_run_time() >= duration_s)
        answer = None if is_over else self._ask()
        if answer is None and self.runner is not None:
            self.runner.stop()  # a master would quit without having stopped its workers
        return answer

    def _ask(self) -> Any:
        try:
            return self.shape.tick()
        except Exception as error:
            self._on_error(error)
            return None
