"""The run under way, where its samples come together: in the only process, or on the master."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final

from loadtests.recording.live import LiveFigures
from loadtests.recording.observing import observe_every
from loadtests.recording.sample_writer import SampleBatch
from loadtests.recording.writer import Observation, Recording
from reports.data.facts import Facts, Stage
from reports.data.telemetry import GENERATOR
from reports.objectives.objective import Objective

logger = logging.getLogger(__name__)

USERS_PERIOD_S: Final = 0.5


class Run:
    """Take samples and observations in, keep the live figures, close the folder in the end.

    `on_break` is called when the folder can no longer be written.
    """

    def __init__(
        self,
        folder: Path,
        facts: Facts,
        objectives: Sequence[Objective],
        users: Callable[[], int],
        on_break: Callable[[], object],
    ) -> None:
        self.facts = facts
        self.folder = folder
        self.live = LiveFigures(facts, objectives)
        self.faults: list[str] = []
        self.heed: list[Callable[[SampleBatch], None]] = []
        """Who else is shown each batch."""
        self.latest: dict[tuple[str, str], float] = {}
        """What was observed last, by source and name."""
        self.started = perf_counter()
        self._users = users
        self._on_break = on_break
        self._ended_s: float | None = None
        self._recording = Recording(folder, facts)
        self._watch = observe_every(USERS_PERIOD_S, self._watch_users, "how many users run")

    @property
    def requests(self) -> int:
        """Samples written so far."""
        return self._recording.requests

    @property
    def goes_on(self) -> bool:
        """Whether the load has not stopped yet."""
        return self._ended_s is None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, until the load stopped."""
        return perf_counter() - self.started if self._ended_s is None else self._ended_s

    @property
    def users(self) -> int:
        """Users that run now."""
        return self._users()

    def take(self, raw: bytes, endpoints: Sequence[str], worker: int = 0) -> int:
        """Write packed rows and count them; return how many were written."""
        try:
            batch = self._recording.append(raw, endpoints, worker)
        except OSError as error:
            self._break(f"samples could not be written to {self.folder}: {error.strerror or error}")
            return 0
        self.live.add(batch, self.elapsed_s)
        for show in self.heed:
            show(batch)
        return len(batch.rows)

    def observe(self, observations: Sequence[Observation]) -> None:
        """Write what was observed just now."""
        self.latest.update(((each.source, each.name), each.value) for each in observations)
        try:
            self._recording.observe(self.elapsed_s, observations)
        except OSError as error:
            self._break(f"telemetry could not be written to {self.folder}: {error.strerror or error}")

    def fault(self, reason: str) -> None:
        """Note, once, why this run's figures can't be trusted."""
        if reason not in self.faults:
            self.faults.append(reason)
            logger.error(reason)

    def _break(self, reason: str) -> None:
        """What comes from here on is lost: the run is at fault, and may as well end."""
        if reason not in self.faults:
            self.fault(reason)
            self._on_break()

    def stop_clock(self) -> None:
        """The load stops here; replies may still come."""
        if self._ended_s is None:
            self._ended_s = perf_counter() - self.started

    def close(self, interrupted: str | None, offered: Callable[[int, float], float | None]) -> None:
        """End the streams, write the facts; `offered(judged requests, elapsed_s)` is a share of the plan."""
        self.stop_clock()
        self._watch.kill()
        ended_s = self.elapsed_s
        self.facts = replace(
            self.facts,
            stages=tuple(_ended(stage, ended_s, self.facts.planned_s) for stage in self.facts.stages),
            ended_s=ended_s,
            interrupted=interrupted,
            offered=offered(self.live.compute_totals().requests, ended_s),
            faults=tuple(self.faults),
        )
        self._recording.close(self.facts)
        self.facts = self._recording.facts

    def _watch_users(self) -> None:
        """Observe the users; in the open model there are none, and the look is for the workers' sake."""
        users = self._users()
        if self.facts.model == "closed":
            self.observe([Observation(GENERATOR, "users", float(users))])


def _ended(stage: Stage, ended_s: float, planned_s: float | None) -> Stage:
    """A stage without a planned end ends when the run does."""
    return stage if planned_s is not None or stage.end_s <= ended_s else replace(stage, end_s=ended_s)
