"""Gives a hopeless run up: requests beyond a limit are counted exactly and compared with it each second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import gevent

from configuration.objectives import Abort
from loadtests.recording.run import RunRecording
from loadtests.recording.sample_writer import SampleBatch, view_samples
from reports.data.facts import Facts
from reports.data.quantities import add_unit, format_against_limit, format_count
from reports.data.run import select_judged
from reports.data.telemetry import Telemetry
from reports.objectives.counters import ExceedanceCounter, FigureCounter, start_counter
from reports.objectives.measurements import Count, Maximum, Percentile, Proportion
from reports.objectives.metric import Scope
from reports.objectives.metrics import errors
from reports.objectives.objective import Objective
from reports.objectives.units import TIME

PERIOD_S: Final = 1.0


class AbortCondition:
    """An objective without which a run is hopeless, and how the judged requests so far stand to it."""

    def __init__(self, objective: Objective, facts: Facts) -> None:
        self._objective = objective
        self._facts = facts
        self._telemetry = Telemetry.empty()
        self._exceedances = ExceedanceCounter(objective)
        self._figure: FigureCounter[Any] | None = None

    def add(self, batch: SampleBatch) -> None:
        """Count a batch."""
        stages = self._facts.stages
        samples = self._objective.select(select_judged(view_samples(batch, stages), stages))
        measured = self._objective.measure(Scope(samples, self._telemetry, self._facts, duration_s=0.0))
        if isinstance(measured, Percentile | Proportion | Maximum | Count):
            self._exceedances.add(measured)
        self._figure = self._figure or start_counter(measured)
        if self._figure is not None:
            self._figure.add(measured)

    def describe_violation(self) -> str | None:
        """How the limit is broken by the requests so far; None where it holds."""
        objective = self._objective
        beyond = "more than" if objective.comparison == "<=" else "not below"
        limit = objective.limit_text
        if objective.definition.units is TIME:
            if not self._exceedances.is_broken():
                return None
            replies = format_count(self._exceedances.requests, "reply", "replies")
            slow = f"{self._exceedances.exceeding:,} of {replies}"
            return f"{objective.subject} was {beyond} {limit} ({slow} took that long)"
        value = None if self._figure is None else self._figure.compute_value(0.0)
        if value is None or objective.allows(value):
            return None
        verb = "were" if objective.definition is errors else "was"
        observed = add_unit(
            format_against_limit(objective.convert_to_unit(value), objective.stated), objective.unit
        )
        return f"{objective.subject} {verb} {observed}, {beyond} {limit}"


def watch(run: RunRecording, abort: Abort, give_up: Callable[[str], None]) -> gevent.Greenlet:
    """Call `give_up(reason)` once, as soon as a condition is broken after the grace period."""
    facts = run.facts
    conditions = [AbortCondition(objective, facts) for objective in abort.unless]
    for condition in conditions:
        run.add_batch_listener(condition.add)
    from_s = min((stage.start_s for stage in facts.judged_stages), default=0.0) + abort.after_s
    return gevent.spawn(_watch, run, conditions, from_s, give_up)


def _watch(
    run: RunRecording, conditions: Sequence[AbortCondition], from_s: float, give_up: Callable[[str], None]
) -> None:
    gevent.sleep(max(0.0, from_s - run.elapsed_s))
    while run.is_running:
        reasons = [reason for condition in conditions if (reason := condition.describe_violation())]
        if reasons:
            give_up("; ".join(reasons))
            return
        gevent.sleep(PERIOD_S)
