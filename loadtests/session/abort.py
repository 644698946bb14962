"""Give a hopeless run up: what passes a limit is counted exactly, batch by batch, and asked each second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import ceil
from typing import Final

import gevent
import numpy as np

from configuration.objectives import Abort
from loadtests.recording.recorder import OUTCOME_CODES, Batch
from loadtests.recording.run import RunRecording
from reports.data.facts import Stage
from reports.data.quantities import beside, counted, with_unit
from reports.data.samples import Mask
from reports.judging.objectives import Objective

PERIOD_S: Final = 1.0


class Condition:
    """One objective without which a run is hopeless, and how many judged requests passed its limit."""

    def __init__(self, objective: Objective, stages: Sequence[Stage], expected: Iterable[str]) -> None:
        self.requests = 0
        """Those that the limit is about: answered ones for a latency, all for an error rate or a status."""
        self.over = 0
        self._objective = objective
        self._kind = objective.definition.name
        self._stages = [
            index
            for index, stage in enumerate(stages)
            if stage.judged and objective.during in (None, stage.name)
        ]
        self._fine = [OUTCOME_CODES[name] for name in ("ok", *expected)]
        self._timed = [OUTCOME_CODES[name] for name in ("ok", "timeout")]

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        chosen = self._chosen(batch)
        rows = batch.rows[chosen]
        match self._kind:
            case "error rate" | "errors":
                over = ~np.isin(rows["outcome"], self._fine)
            case "status <code>":
                over = rows["status"] == int(self._objective.argument)
            case _:
                column = "latency_ms" if self._kind.endswith("latency") else "service_ms"
                values = rows[column][np.isin(rows["outcome"], self._timed)]
                over = self._objective.passed_by(values[np.isfinite(values)])
        self.requests += len(over)
        self.over += int(np.count_nonzero(over))

    def broken(self) -> str | None:
        """How the limit is broken by the requests so far; None where it holds."""
        objective = self._objective
        verb = "were" if objective.metric == "errors" else "was"
        beyond = "more than" if objective.comparison == "<=" else "not below"
        limit = objective.limit_text
        match self._kind:
            case "error rate" | "errors" | "status <code>":
                value = self.over if self._kind == "status <code>" else self.over / max(self.requests, 1)
                if objective.allows(value):
                    return None
                observed = with_unit(beside(objective.displayed(value), objective.stated), objective.unit)
                return f"{objective.subject} {verb} {observed}, {beyond} {limit}"
            case _:
                if self.over <= self._allowed():
                    return None
                slow = f"{self.over:,} of {counted(self.requests, 'reply', 'replies')}"
                return f"{objective.subject} was {beyond} {limit} ({slow} took that long)"

    def _allowed(self) -> int:
        """How many may pass the limit: those beyond the nearest rank of the percentile."""
        if self._kind.startswith("max"):
            return 0
        return self.requests - ceil(Fraction(self._objective.argument) / 100 * self.requests)

    def _chosen(self, batch: Batch) -> Mask:
        chosen: Mask = np.isin(batch.stages, self._stages)
        if self._objective.on is not None:
            names = [code for code, name in enumerate(batch.endpoints) if name == self._objective.on]
            chosen &= np.isin(batch.rows["endpoint"], names)
        return chosen


def watch(run: RunRecording, abort: Abort, give_up: Callable[[str], None]) -> gevent.Greenlet:
    """Call `give_up(reason)` once, as soon as a condition is broken after the grace."""
    facts = run.facts
    conditions = [Condition(objective, facts.stages, facts.expected) for objective in abort.unless]
    for condition in conditions:
        run.add_batch_listener(condition.add)
    from_s = min((stage.start_s for stage in facts.judged_stages), default=0.0) + abort.after_s
    return gevent.spawn(_watch, run, conditions, from_s, give_up)


def _watch(
    run: RunRecording, conditions: Sequence[Condition], from_s: float, give_up: Callable[[str], None]
) -> None:
    gevent.sleep(max(0.0, from_s - run.elapsed_s))
    while run.is_running:
        reasons = [reason for condition in conditions if (reason := condition.broken())]
        if reasons:
            give_up("; ".join(reasons))
            return
        gevent.sleep(PERIOD_S)
