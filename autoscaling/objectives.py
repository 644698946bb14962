"""What is asked of an autoscaler: latency, failed requests, and for how long there are too few replicas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from configuration.errors import ConfigurationError
from configuration.units import parse_duration
from reports.data.quantities import format_duration
from reports.objectives.objective import Objective
from reports.objectives.parsing import ObjectiveError, parse_objective

SCALE_UP: Final = "scale-up"
"""The stage of the seconds in which more replicas are needed or wanted than are ready."""
EXAMPLES: Final = "'p99 latency <= 100 ms', 'error rate <= 1 %' or 'under-provisioned <= 30 s'"
_UNDER: Final = re.compile(r"under-provisioned\s*([<>=]+)\s*(.*)")

ScalingSubject = Literal["latency", "error rate", "under-provisioned"]


@dataclass(frozen=True)
class ScalingObjective:
    """A limit, and what for; `limit` is in ms, a share of 1, or seconds.

    `quantile` is that of a latency; `during` a stage of the load, `SCALE_UP`, or None for all of the time.
    """

    text: str
    subject: ScalingSubject
    limit: float
    quantile: float | None = None
    during: str | None = None
    strict: bool = False
    """Whether the limit itself is too much."""

    def allows(self, value: float) -> bool:
        """Whether a value keeps the limit."""
        return value < self.limit if self.strict else value <= self.limit


def parse_scaling_objective(text: str, stages: Sequence[str] = ()) -> ScalingObjective:
    """The objective that a sentence states about a load with these stages.

    ConfigurationError if it is none that can be asked of an autoscaler.
    """
    sentence = " ".join(text.split())
    found = _UNDER.fullmatch(sentence)
    if found:
        return _make_under_provisioned(sentence, found)
    try:
        objective = parse_objective(sentence, stages=(SCALE_UP, *stages))
    except ObjectiveError as error:
        raise ConfigurationError(str(error)) from None
    if reason := _find_reason(objective):
        raise ConfigurationError(f"'{sentence}': {reason}")
    return _adopt(objective)


def choose_scaling_objectives(
    objectives: Iterable[Objective],
) -> tuple[list[ScalingObjective], list[str]]:
    """Those objectives of a scenario that can be asked of an autoscaler, and why each other one can't."""
    chosen, left_out = [], []
    for objective in objectives:
        if reason := _find_reason(objective):
            left_out.append(f"'{objective}' is not asked here: {reason}")
        else:
            chosen.append(_adopt(objective))
    return chosen, left_out


def find_quantile(objectives: Sequence[ScalingObjective]) -> tuple[float, float | None]:
    """The quantile whose latency is followed, and its lowest limit in ms; 0.99 and None without a limit.

    ConfigurationError if objectives are about several quantiles.
    """
    limits = [each for each in objectives if each.quantile is not None]
    quantiles = sorted({each.quantile for each in limits if each.quantile is not None})
    if len(quantiles) > 1:
        told = ", ".join(f"p{100 * quantile:g}" for quantile in quantiles)
        raise ConfigurationError(
            f"the objectives are about several percentiles ({told}): a twin follows one; state objectives of "
            "one percentile with --objective, which replace those of a scenario"
        )
    if not quantiles:
        return 0.99, None
    return quantiles[0], min(each.limit for each in limits)


def _make_under_provisioned(sentence: str, found: re.Match[str]) -> ScalingObjective:
    sign, limit = found.groups()
    if sign not in ("<=", "<"):
        raise ConfigurationError(
            f"'{sentence}': under-provisioned is better when lower: expected <= or <, not {sign}"
        )
    try:
        limit_s = parse_duration(limit)
    except ValueError as error:
        raise ConfigurationError(f"'{sentence}': '{limit}' is no limit, {error}") from None
    text = f"under-provisioned {sign} {format_duration(limit_s) if limit_s else '0 s'}"
    return ScalingObjective(text, "under-provisioned", limit_s, strict=sign == "<")


def _find_reason(objective: Objective) -> str:
    """Why an objective can't be asked of an autoscaler; empty if it can."""
    if objective.definition.name not in ("p<percentile> latency", "error rate"):
        return f"of an autoscaler can be asked {EXAMPLES}"
    if objective.on is not None:
        return "a replica's latency is known over all endpoints together; leave 'on' out"
    if objective.window_s is not None:
        return "the twin looks at each second by itself; leave 'in any' out"
    if objective.percent is not None:
        return "it needs a fixed limit, not one relative to a baseline"
    return ""


def _adopt(objective: Objective) -> ScalingObjective:
    is_latency = objective.definition.name != "error rate"
    return ScalingObjective(
        text=str(objective),
        subject="latency" if is_latency else "error rate",
        limit=objective.limit,
        quantile=float(objective.quantile or 0) if is_latency else None,
        during=objective.during,
        strict=objective.comparison == "<",
    )
