"""Records one run where its samples come together: in the only process, or on the master."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final

from loadtests.recording.failures import merge_failures
from loadtests.recording.live import LiveFigures
from loadtests.recording.observing import observe_every
from loadtests.recording.row import ROW_BYTES
from loadtests.recording.sample_writer import SampleBatch
from loadtests.recording.writer import Observation, RunWriter
from reports.data.answers import ComparedAnswers
from reports.data.facts import Facts, Stage
from reports.data.failed_requests import FailedRequests
from reports.data.quantities import format_count
from reports.data.telemetry import GENERATOR
from reports.objectives.objective import Objective

logger = logging.getLogger(__name__)

USERS_PERIOD_S: Final = 0.5


class RunRecording:
    """Takes in samples and observations, keeps the live figures, closes the run's folder at the end.

    `count_users` tells how many users are running; `on_break` is called when the folder can no longer be
    written.
    """

    def __init__(
        self,
        folder: Path,
        facts: Facts,
        objectives: Sequence[Objective],
        count_users: Callable[[], int],
        on_break: Callable[[], object],
    ) -> None:
        self.facts = facts
        self.folder = folder
        self.live = LiveFigures(facts, objectives)
        self.faults: list[str] = []
        self._batch_listeners: list[Callable[[SampleBatch], None]] = []
        self.latest: dict[tuple[str, str], float] = {}
        """The last observed values, by source and name."""
        self._failures: list[FailedRequests] = []
        self._unwritten = 0
        """Requests whose rows the disk refused."""
        self.started = perf_counter()
        self._count_users = count_users
        self._on_break = on_break
        self._ended_s: float | None = None
        self._writer = RunWriter(folder, facts)
        closed = facts.model == "closed"
        self._user_observer = (
            observe_every(USERS_PERIOD_S, self._observe_users, "how many users run") if closed else None
        )

    @property
    def requests(self) -> int:
        """Samples written so far."""
        return self._writer.requests

    @property
    def is_running(self) -> bool:
        """Whether the load has not stopped yet."""
        return self._ended_s is None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, until the load stopped."""
        return perf_counter() - self.started if self._ended_s is None else self._ended_s

    @property
    def users(self) -> int:
        """How many users are running."""
        return self._count_users()

    def add_batch_listener(self, listener: Callable[[SampleBatch], None]) -> None:
        """Call `listener` with every batch of samples written from now on."""
        self._batch_listeners.append(listener)

    def record(self, raw: bytes, endpoints: Sequence[str], worker: int = 0) -> int:
        """Write packed rows and count them; return how many were written: none once the disk refused some."""
        if self._unwritten:
            self._unwritten += len(raw) // ROW_BYTES
            return 0
        try:
            batch = self._writer.append(raw, endpoints, worker)
        except OSError as error:
            self._unwritten = len(raw) // ROW_BYTES
            self._break(f"samples could not be written to {self.folder}: {error.strerror or error}")
            return 0
        self.live.add(batch, self.elapsed_s)
        for listener in self._batch_listeners:
            listener(batch)
        return len(batch.rows)

    def observe(self, observations: Sequence[Observation]) -> None:
        """Write values observed at this moment."""
        self.latest.update(((each.source, each.name), each.value) for each in observations)
        try:
            self._writer.observe(self.elapsed_s, observations)
        except OSError as error:
            self._break(f"telemetry could not be written to {self.folder}: {error.strerror or error}")

    def add_fault(self, reason: str) -> None:
        """Note, once, why the figures of this run can't be trusted."""
        if reason not in self.faults:
            self.faults.append(reason)
            logger.error(reason)

    def add_answers(self, answers: ComparedAnswers | None) -> None:
        """Note what probe inputs told, at rest or in one of the processes; None tells nothing."""
        if answers is not None:
            known = self.facts.answers or ComparedAnswers()
            self.facts = replace(self.facts, answers=known.merge(answers))

    def keep_failures(self, failures: FailedRequests) -> None:
        """Keep the first failed requests of one process with the run."""
        self._failures.append(failures)

    def _break(self, reason: str) -> None:
        """Note that samples are lost from now on, and ask for the end of the run."""
        if reason not in self.faults:
            self.add_fault(reason)
            self._on_break()

    def stop_clock(self) -> None:
        """Note that the load has stopped; replies may still come.

        The start agreed with workers lies a little ahead: a run may be stopped before it.
        """
        if self._ended_s is None:
            self._ended_s = max(0.0, perf_counter() - self.started)

    def close(self, interrupted: str | None, offered: Callable[[int, float], float | None]) -> None:
        """End the streams and write the facts.

        `offered(judged turns, elapsed_s)` is the share of the planned turns that was begun, None where none
        were planned.
        """
        self.stop_clock()
        if self._user_observer is not None:
            self._user_observer.kill()
        if self._unwritten:
            self.add_fault(f"{format_count(self._unwritten, 'request')} could not be recorded")
        ended_s = self.elapsed_s
        self.facts = replace(
            self.facts,
            stages=tuple(_with_end(stage, ended_s, self.facts.planned_s) for stage in self.facts.stages),
            ended_s=ended_s,
            interrupted=interrupted,
            offered=offered(self.live.turns, ended_s),
            faults=tuple(self.faults),
        )
        self._writer.close(self.facts, merge_failures(self._failures))
        self.facts = self._writer.facts

    def _observe_users(self) -> None:
        self.observe([Observation(GENERATOR, "users", float(self.users))])


def _with_end(stage: Stage, ended_s: float, planned_s: float | None) -> Stage:
    """The stage; one without a planned end ends when the run ended."""
    return stage if planned_s is not None or stage.end_s <= ended_s else replace(stage, end_s=ended_s)
