"""What a master and its workers tell each other, over Locust's own connection.

    worker                          master
      │  LISTENING                    │  the worker has started, or come back
      │ ◀───────────────────── ASSIGN │  your part of this run, and the answers at rest
      │  READY ─────────────────────▶ │  requests are built; what time it is here
      │ ◀────────────────────── START │  the run begins at this time of day
      │  ROWS, OBSERVATIONS ────────▶ │  while the run goes on
      │  ANSWERS ───────────────────▶ │  what was seen of the answers to probes
      │  DONE ──────────────────────▶ │  how many rows were sent in all, and why some failed

Each message but LISTENING carries the name of the run's folder: a message about one run is never taken for
one about another.

To add a message, add a name here and in the picture. From worker to master: a `send_` in `MasterLink` whose
keys are the parameters of a `hear_` in `WorkerRoster`, registered in `hear_workers`. From master to worker: a
handler in `WorkerSession`, which ignores other runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from configuration.loading import restore_scenario
from configuration.scenario import Scenario
from loadtests.traffic.references import References, decode_references

LISTENING: Final = "load test: listening"
ASSIGN: Final = "load test: assign"
READY: Final = "load test: ready"
START: Final = "load test: start"
ROWS: Final = "load test: rows"
OBSERVATIONS: Final = "load test: observations"
ANSWERS: Final = "load test: answers"
DONE: Final = "load test: done"

HEAD_START_S: Final = 1.0
"""The run starts this long after the master says so, so that every worker knows by then."""
READY_PATIENCE_S: Final = 30.0
DONE_PATIENCE_S: Final = 5.0


class WorkerAssignment(NamedTuple):
    """One worker's part of a run."""

    run: str
    """Name of the run's folder."""
    scenario: Scenario
    host: str
    worker: int
    workers: int
    references: References
    """The answers at rest, which the master found."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to send: arrivals are dealt when a run begins, users are not."""
        return self.scenario.load.model == "open" and self.worker >= self.workers


def decode_assignment(data: Mapping[str, Any]) -> WorkerAssignment:
    """The assignment in an ASSIGN message."""
    scenario = restore_scenario(data["scenario"], Path(f"{data['name']}.yaml"))
    references = decode_references(data["references"], scenario)
    return WorkerAssignment(data["run"], scenario, data["host"], data["worker"], data["workers"], references)
