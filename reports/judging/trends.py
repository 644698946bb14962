"""Judges whether a figure grows faster than its limit: by the interval of its slope, which has to exclude it.

The slope is Sen's, the test that of Mann and Kendall, both corrected for windows that resemble each other
(`reports.figures.trend`). A straight line by least squares would take all values for independent and call
most healthy services drifting: half-hour runs of memory that only wanders (AR(1), 0.9 from second to second)
in 67 % of cases, where this test does in 5 % (`tests/reports/judging/test_trends.py`).
"""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

from reports.data.quantities import (
    add_unit,
    format_against_limit,
    format_count,
    format_duration,
    format_number,
)
from reports.data.run import Run
from reports.figures.constancy import is_load_constant
from reports.figures.trend import mann_kendall
from reports.judging.outcomes import Outcome
from reports.objectives.growth import HOUR_S, LEAST_WINDOWS, Growth
from reports.objectives.metrics import latency_drift
from reports.objectives.objective import Objective

LONGEST_S: Final = 30 * 24 * HOUR_S
"""A longer run is not advised."""


class GrowthFinding(NamedTuple):
    """How an objective about growth came out; figures are in the unit of the objective."""

    outcome: Outcome
    observed: float | None
    interval: tuple[float, float] | None
    message: str


def judge_growth(objective: Objective, measured: Growth, run: Run) -> GrowthFinding | None:
    """The judgement on growth: met or missed if the whole interval is; None if nothing was observed at all.

    What is asked of a load that changes, or of too short a run, is unproven.
    """
    if not measured.samples:
        return None
    if objective.definition is latency_drift and not is_load_constant(run, objective.during):
        return GrowthFinding("unproven", None, None, _explain_changing_load(objective))
    if measured.value is None:
        return GrowthFinding("unproven", None, None, _explain_shortness(objective, measured))
    confidence = run.facts.verdict_confidence
    low, high = compute_growth_interval(measured, confidence)
    if objective.allows(high):
        outcome: Outcome = "met"
    else:
        outcome = "unproven" if objective.allows(low) else "missed"
    interval = objective.convert_to_unit(low), objective.convert_to_unit(high)
    observed = objective.convert_to_unit(measured.value)
    figure = add_unit(format_against_limit(observed, objective.stated), objective.unit)
    said = f"{objective.subject} was {figure}, limit {objective.limit_text}"
    if outcome == "unproven":
        bounds = " to ".join(map(format_number, interval))
        said += f": not proven, because {add_unit(bounds, objective.unit)} is possible at "
        said += f"{format_number(100 * confidence)} %; {_advise(objective, measured, low, high)}"
    return GrowthFinding(outcome, observed, interval, f"{said}.")


def compute_growth_interval(measured: Growth, confidence: float) -> tuple[float, float]:
    """The slopes per hour that the windows don't exclude; ValueError without windows.

    Growth that is less than the resolution from beginning to end doesn't show, so it is possible.
    """
    t_s, values = measured.windows
    trend = mann_kendall(values, t_s, confidence)
    unseen = measured.resolution * HOUR_S / (measured.end_s - measured.start_s)
    scale = HOUR_S / measured.level
    return trend.low * scale - unseen, trend.high * scale + unseen


def predict_needed_s(measured: Growth, limit: float, low: float, high: float) -> float | None:
    """How long a run tells the slope from `limit`, if it goes on like this; None beyond `LONGEST_S`.

    If the interval from `low` to `high` holds zero, there may be no slope, and the figure observed is chance.
    The error of a slope over equally dense values falls with the power 3/2 of the time, that by the
    resolution with the time.
    """
    slope = measured.value
    if slope is None:
        return None
    lasted_s = measured.end_s - measured.start_s
    unseen = measured.resolution * HOUR_S / lasted_s
    doubt = (high - slope if slope <= limit else slope - low) - unseen
    margin = abs(limit if low <= 0 <= high else limit - slope)
    longer = 1.0
    while doubt * longer**-1.5 + unseen / longer > margin:
        longer *= 1.01
        if longer * lasted_s > LONGEST_S:
            return None
    return longer * lasted_s


def _advise(objective: Objective, measured: Growth, low: float, high: float) -> str:
    needed_s = predict_needed_s(measured, objective.limit, low, high)
    if needed_s is None:
        return "it is too close to the limit for a run of any length"
    return f"about {_format_time(needed_s)} would tell"


def _explain_shortness(objective: Objective, measured: Growth) -> str:
    lasted_s = measured.end_s - measured.start_s
    needed = LEAST_WINDOWS * measured.needed_in_window
    needed_s = lasted_s * max(needed / measured.samples, 1.0)
    noun = "request" if objective.definition is latency_drift else "observation"
    return (
        f"{objective.subject} can't be told from {format_count(measured.samples, noun)} in "
        f"{format_duration(lasted_s)}; it takes {LEAST_WINDOWS} parts of the run with "
        f"{measured.needed_in_window} each, about {_format_time(needed_s)}."
    )


def _explain_changing_load(objective: Objective) -> str:
    return (
        f"{objective.subject} can't be told, because the load changed meanwhile; name a stage of constant "
        "load (during ...)."
    )


def _format_time(seconds: float) -> str:
    """A length of time that is rounded up: to 10 s, from ten minutes on to minutes."""
    step = 60.0 if seconds > 600 else 10.0
    return format_duration(ceil(seconds / step) * step)
