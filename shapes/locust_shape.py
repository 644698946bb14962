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
    completed: bool = False
    """Whether the profile was followed to its end."""

    def follow(self, profile: Profile) -> None:
        """Take `profile` for the next test."""
        self.profile = profile
        self.completed = False

    def tick(self) -> tuple[int, float] | None:
        """Users at this moment and how fast to reach them; None once the profile has ended."""
        if self.profile is None:
            return None
        elapsed_s = self._wait_for_edge(self.profile)
        if elapsed_s >= self.profile.duration_s:
            self.completed = True
            return None
        users = int(self.profile.level_at(elapsed_s) + 0.5)
        return users, max(SPAWN_RATE, self.profile.peak)

    def _wait_for_edge(self, profile: Profile) -> float:
        elapsed_s: float = self.get_run_time()
        edges = [stage.end_s for stage in profile.stages if elapsed_s < stage.end_s < elapsed_s + 1.0]
        if edges:
            gevent.sleep(edges[0] - elapsed_s)
            elapsed_s = max(edges[0], self.get_run_time())
        return elapsed_s
