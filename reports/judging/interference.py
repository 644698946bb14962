"""Finds time in which the machine was too busy for generator or service, and judges a run without it.

An objective that is missed only because of this time says nothing about the service: the run is invalid, it
neither fails nor passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.quantities import add_unit, format_duration, format_number
from reports.data.run import Run
from reports.data.samples import Samples
from reports.data.telemetry import MACHINE, OBSERVED
from reports.judging.faults import Fault
from reports.judging.generator_health import GeneratorLimits
from reports.judging.judgement import Judgement, judge_objective
from reports.objectives.objective import Objective

FULL_PERCENT = 10.0
"""With less of its time idle, a machine counts as full."""
WRONG_CONTENT = ("invalid_reply", "wrong_answer")
"""Outcomes of replies that arrived and did not hold what they must."""
ERROR_METRICS = ("error rate", "errors", "wrong answers")
"""Metrics that count failed requests of any kind."""
DISTURBANCE_REMEDY = (
    "let nothing else run here, leave a core to each process of the generator, or generate the load from a "
    "second machine"
)


@dataclass(frozen=True)
class Disturbance:
    """Spans of time in s since the run's start, in order, without overlap."""

    start_s: Floats
    end_s: Floats

    @property
    def length_s(self) -> float:
        """The length of all spans together."""
        return float((self.end_s - self.start_s).sum())

    def mark_touching(self, samples: Samples) -> Mask:
        """Which requests were in flight in one of the spans."""
        until_s = samples.intended_s + np.nan_to_num(samples.latency_ms) / 1000.0
        following = np.searchsorted(self.end_s, samples.intended_s, side="right")
        start_s = np.append(self.start_s, np.inf)
        return np.asarray(start_s[following] <= until_s, dtype=np.bool_)


def find_disturbance(run: Run) -> Disturbance:
    """The judged time in which a generator process broke a limit or other programs filled the machine.

    Each observation stands for the time since the one before it.
    """
    limits = GeneratorLimits.from_json(run.facts.generator)
    spans: list[tuple[float, float]] = []
    for source in set(run.telemetry.source.names) - OBSERVED:
        for name, limit in (
            ("cpu_percent", 100 * limits.busy),
            ("waiting_percent", 100 * limits.starved),
            ("loop_lag_ms", limits.lag_ms),
        ):
            t_s, value = run.telemetry.select_series(name, source)
            spans += _list_spans(t_s, value > limit)
    t_s, others = run.telemetry.select_series("others_percent", MACHINE)
    _, idle = run.telemetry.select_series("idle_percent", MACHINE)
    if len(others) == len(idle):
        spans += _list_spans(t_s, (others > 100 * limits.others) & (idle < FULL_PERCENT))
    judged = run.list_spans()
    return _join_spans(
        [span for span in spans if any(from_s < span[1] and span[0] < to_s for from_s, to_s in judged)]
    )


def explain_by_disturbance(run: Run, asked: Sequence[Objective], found: Sequence[Judgement]) -> Fault | None:
    """Why what `run` missed says nothing about the service; None if a miss remains without disturbed time.

    An error rate that wrong content alone exceeds remains missed: no busy machine makes content wrong.
    """
    disturbed = find_disturbance(run)
    if not len(disturbed.start_s):
        return None
    samples, touched = run.samples, disturbed.mark_touching(run.samples)
    facts = replace(run.facts, offered=_correct_offered(run, disturbed))
    rest = replace(run, samples=samples.select(~touched), facts=facts)
    answered = replace(run, samples=samples.select(~touched | samples.outcome.isin(("ok", *WRONG_CONTENT))))
    missed = [
        (objective, judged) for objective, judged in zip(asked, found, strict=True) if _is_missed(judged)
    ]
    again = [judge_objective(objective, rest) for objective, _ in missed]
    by_content = [
        judge_objective(objective, answered) for objective, _ in missed if objective.metric in ERROR_METRICS
    ]
    if any(judged.observed is None for _, judged in missed):
        return None
    if any(map(_is_measured_miss, (*again, *by_content))):
        return None
    said, without = missed[0][1].message.rstrip("."), again[0]
    if without.observed is None:
        return Fault(f"{said}, all of it while this machine was too busy", DISTURBANCE_REMEDY)
    calm = add_unit(format_number(without.observed), without.unit)
    busy = f"the {format_duration(disturbed.length_s)} in which this machine was too busy"
    return Fault(f"{said}, but {calm} without {busy}", DISTURBANCE_REMEDY)


def describe_disturbance(run: Run) -> tuple[str, ...]:
    """A sentence about disturbed time that doesn't explain a miss; nothing if there was none."""
    busy_s = find_disturbance(run).length_s
    if not busy_s:
        return ()
    return (
        f"this machine was too busy for {format_duration(busy_s)}, which does not explain what was missed",
    )


def _correct_offered(run: Run, disturbed: Disturbance) -> float | None:
    """The offered share of the plan, as if all that was planned in disturbed time had been sent."""
    offered = run.facts.offered
    if offered is None or not run.judged_s:
        return offered
    return min(1.0, offered + disturbed.length_s / run.judged_s)


def _is_missed(judged: Judgement) -> bool:
    return judged.outcome == "missed"


def _is_measured_miss(judged: Judgement) -> bool:
    return _is_missed(judged) and judged.observed is not None


def _list_spans(t_s: Floats, broken: Mask) -> list[tuple[float, float]]:
    start_s = np.concatenate(([0.0], t_s[:-1])) if len(t_s) else t_s
    return list(zip(start_s[broken].tolist(), t_s[broken].tolist(), strict=True))


def _join_spans(spans: list[tuple[float, float]]) -> Disturbance:
    joined: list[tuple[float, float]] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        else:
            joined.append((start_s, end_s))
    columns = np.array(joined, dtype=np.float64).reshape(-1, 2)
    return Disturbance(columns[:, 0], columns[:, 1])
