"""Gives a hopeless run up: its first requests all failed, or too many are beyond a limit of the scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import gevent
import numpy as np

from configuration.objectives import Abort
from loadtests.recording.row import OUTCOME_CODES
from loadtests.recording.run import RunRecording
from loadtests.recording.sample_writer import SampleBatch, view_samples
from reports.data.facts import Facts
from reports.data.quantities import add_unit, format_against_limit, format_count
from reports.data.run import select_judged
from reports.data.samples import LACKING, OUTCOMES
from reports.data.telemetry import Telemetry
from reports.figures.reasons import describe_failure
from reports.objectives.counters import ExceedanceCounter, FigureCounter, start_counter
from reports.objectives.measurements import Count, Maximum, Percentile, Proportion
from reports.objectives.metric import Scope
from reports.objectives.metrics import errors
from reports.objectives.objective import Objective
from reports.objectives.units import TIME

PERIOD_S: Final = 1.0
FIRST_REQUESTS: Final = 50
FIRST_S: Final = 5.0
FEWEST_REQUESTS: Final = 3
"""Fewer failures prove nothing of a slow service, most of whose requests are still under way."""
_NEVER_SENT: Final = [OUTCOME_CODES[outcome] for outcome in ("dropped", *LACKING)]


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


class TotalFailure:
    """Whether every request failed, of the first `FIRST_REQUESTS` or the first `FIRST_S`, warm-up included.

    Requests that were never sent, and outcomes that the scenario expects, are no failures.
    """

    def __init__(self, expected: Iterable[str], elapsed_s: Callable[[], float]) -> None:
        self._fine = [OUTCOME_CODES[outcome] for outcome in ("ok", *expected)]
        self._elapsed_s = elapsed_s
        self._reasons: Counter[tuple[int, int]] = Counter()
        self._refuted = False

    def add(self, batch: SampleBatch) -> None:
        """Count a batch."""
        if self._refuted:
            return
        outcomes = batch.rows["outcome"]
        self._refuted = bool(np.isin(outcomes, self._fine).any())
        failed = batch.rows[~np.isin(outcomes, _NEVER_SENT)]
        self._reasons.update(zip(failed["outcome"].tolist(), failed["status"].tolist(), strict=True))

    def describe_violation(self) -> str | None:
        """That all requests failed, and why most of them; None while that is not certain."""
        count = self._reasons.total()
        early = count < FIRST_REQUESTS and self._elapsed_s() < FIRST_S
        if self._refuted or count < FEWEST_REQUESTS or early:
            return None
        outcome, status = self._reasons.most_common(1)[0][0]
        reason = describe_failure(OUTCOMES[outcome], status).replace(" (", ", ").removesuffix(")")
        most = f"{'most often ' if len(self._reasons) > 1 else ''}{reason}"
        return f"all of the first {format_count(count, 'request')} failed ({most})"


def watch(run: RunRecording, abort: Abort, give_up: Callable[[str], None]) -> gevent.Greenlet:
    """Call `give_up(reason)` once, as soon as a condition is broken after the grace period."""
    facts = run.facts
    conditions: list[AbortCondition | TotalFailure] = [
        AbortCondition(objective, facts) for objective in abort.unless
    ]
    from_s = min((stage.start_s for stage in facts.judged_stages), default=0.0) + abort.after_s
    if not conditions:
        conditions, from_s = [TotalFailure(facts.expected, lambda: run.elapsed_s)], PERIOD_S
    for condition in conditions:
        run.add_batch_listener(condition.add)
    return gevent.spawn(_watch, run, conditions, from_s, give_up)


def _watch(
    run: RunRecording,
    conditions: Sequence[AbortCondition | TotalFailure],
    from_s: float,
    give_up: Callable[[str], None],
) -> None:
    gevent.sleep(max(0.0, from_s - run.elapsed_s))
    while run.is_running:
        reasons = [reason for condition in conditions if (reason := condition.describe_violation())]
        if reasons:
            give_up("; ".join(reasons))
            return
        gevent.sleep(PERIOD_S)
