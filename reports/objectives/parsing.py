"""Parses a sentence such as `p99 latency <= 100 ms during steady` into an objective."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import cast

from reports.data.plugins import PluginError
from reports.data.quantities import add_unit
from reports.objectives.metric import Metric
from reports.objectives.metrics import METRICS
from reports.objectives.objective import Comparison, Objective
from reports.objectives.plugins import load_metric_plugins
from reports.objectives.units import (
    COUNT,
    PER_ANSWERS,
    PER_REQUESTS,
    PER_TIME,
    SHARE,
    SHARES,
    TIME,
    find_scale,
)

_SENTENCE = re.compile(r"(?P<metric>[^<>=]*?)\s*(?P<comparison>[<>=]+)\s*(?P<limit>.*)")
_CLAUSE = re.compile(r"\s+(on|during|in any)\s+")
_LIMIT = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*)")
_RELATIVE = re.compile(r"(?P<percent>[^%]*?)\s*%\s+of\s+baseline(?:\s+(?P<figure>.+))?")
_WINDOW = re.compile(r"(?P<seconds>\d+(?:\.\d+)?)\s*s")
NOT_KNOWN = 0.0
"""The limit of a relative objective without a baseline: one object, so that such objectives are equal."""
_SUGGESTED = {"=<": "<=", "=>": ">=", "=": "<=", "==": "<="}


class ObjectiveError(ValueError):
    """The sentence is no objective; the message says what was expected instead."""


def parse_objective(text: str, endpoints: Sequence[str] = (), stages: Sequence[str] = ()) -> Objective:
    """The objective that a sentence states; endpoint and stage must be among those given, if any are.

    Raises `ObjectiveError`, whose message begins with the sentence.
    """
    sentence = " ".join(str(text).split())
    try:
        return _parse(sentence, endpoints, stages)
    except ObjectiveError as error:
        raise ObjectiveError(f"'{sentence}': {error}") from None


def parse_objectives(texts: Iterable[str]) -> list[Objective]:
    """The objectives that several sentences state."""
    return [parse_objective(text) for text in texts]


def _parse(sentence: str, endpoints: Sequence[str], stages: Sequence[str]) -> Objective:
    parts = _SENTENCE.fullmatch(sentence)
    if not parts:
        raise ObjectiveError(
            "expected a metric, a comparison (<=, <, >= or >) and a limit, such as 'p99 latency <= 100 ms'"
        )
    candidates = _find_metrics(parts["metric"])
    argument = _read_argument(candidates[0], parts["metric"])
    comparison = _read_comparison(parts["comparison"], candidates[0])
    limit, clauses = _split_clauses(parts["limit"], candidates[0])
    relation = _RELATIVE.fullmatch(limit)
    stated, unit, scale, definition, percent, baseline = (
        (*_read_limit(limit, candidates), None, None)
        if relation is None
        else _read_relation(relation, candidates)
    )
    objective = Objective(
        parts["metric"],
        comparison,
        stated,
        unit,
        scale,
        definition,
        argument,
        on=_check_name(clauses.get("on"), endpoints, "endpoint"),
        during=_check_name(clauses.get("during"), stages, "stage"),
        window_s=_read_window(clauses.get("in any")),
        percent=percent,
        baseline=baseline,
    )
    if not objective.lacks_baseline:
        _check_limit(objective)
    return objective


def _find_metrics(name: str) -> list[Metric]:
    """The metrics of this name; several metrics may share a name if their units differ."""
    found = _list_metrics(name)
    if not found:
        try:
            load_metric_plugins()
        except PluginError as error:
            raise ObjectiveError(f"there is no metric '{name}' built in, and {error}") from None
        found = _list_metrics(name)
    if found:
        return found
    names = list(dict.fromkeys(metric.name for metric in METRICS))
    said = re.search(r"\d+(\.\d+)?", name)
    spelled = [re.sub(r"<\w+>", said[0] if said else "99", known) for known in names]
    raise ObjectiveError(f"there is no metric '{name}'{_suggest(name, spelled)} There is: {', '.join(names)}")


def _list_metrics(name: str) -> list[Metric]:
    return [metric for metric in METRICS if metric.read_argument(name) is not None]


def _read_argument(metric: Metric, name: str) -> Fraction | None:
    text = metric.read_argument(name)
    if not text:
        return None
    try:
        argument = Fraction(text)
    except ValueError:
        raise ObjectiveError(f"'{name}' holds no number, expected {metric.name}") from None
    if metric.argument_name == "percentile" and not 0 < argument < 100:
        raise ObjectiveError(
            f"a percentile lies between 0 and 100, both excluded, not at {text}; "
            "for the slowest request say 'max latency'"
        )
    if metric.argument_name == "code" and not (argument.denominator == 1 and 100 <= argument <= 599):
        raise ObjectiveError(f"a status is a whole number from 100 to 599, not {text}")
    return argument


def _read_comparison(sign: str, metric: Metric) -> Comparison:
    if sign not in ("<=", "<", ">=", ">"):
        meant = f"; did you mean '{_SUGGESTED[sign]}'?" if sign in _SUGGESTED else ""
        raise ObjectiveError(f"'{sign}' is no comparison, expected <=, <, >= or >{meant}")
    if metric.better == "lower" and sign[0] == ">":
        raise ObjectiveError(f"{metric.name} is better when lower: expected <= or <, not {sign}")
    if metric.better == "higher" and sign[0] == "<":
        raise ObjectiveError(f"{metric.name} is better when higher: expected >= or >, not {sign}")
    return cast(Comparison, sign)


def _split_clauses(text: str, metric: Metric) -> tuple[str, dict[str, str]]:
    limit, *rest = _CLAUSE.split(text)
    clauses: dict[str, str] = {}
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        if word in clauses:
            raise ObjectiveError(f"'{word}' is said twice")
        if word not in metric.clauses:
            raise ObjectiveError(f"{metric.name} can't be told '{word}' something; leave that out")
        clauses[word] = value
    return limit, clauses


def _read_limit(text: str, candidates: Sequence[Metric]) -> tuple[float, str, Fraction, Metric]:
    """The limit as stated, its unit, the scale of the unit, and the metric with this unit."""
    units = [unit for metric in candidates for unit in metric.units]
    expected = " or ".join(f"'{add_unit('<number>', unit)}'" for unit in units)
    found = _LIMIT.fullmatch(text)
    if not found:
        raise ObjectiveError(f"'{text}' is no limit, expected {expected}")
    unit = found["unit"]
    scales = [(scale, metric) for metric in candidates if (scale := find_scale(metric.units, unit))]
    if not scales:
        if not unit:
            raise ObjectiveError(f"{found['number']} has no unit, expected {expected}")
        near = _suggest(unit, units).removesuffix(".")
        raise ObjectiveError(f"{found['number']} is told in '{unit}', expected {expected}{near}")
    number = float(found["number"])
    if number < 0:
        raise ObjectiveError(f"a limit can't be negative, not even {found['number']}")
    if number == float("inf"):
        raise ObjectiveError(f"{found['number']} is beyond all numbers; expected a finite limit")
    return number + 0.0, unit, *scales[0]


def _read_relation(
    found: re.Match[str], candidates: Sequence[Metric]
) -> tuple[float, str, Fraction, Metric, float, float | None]:
    """A limit in % of a baseline, whose figure follows once it is known: `110 % of baseline 40 ms`."""
    definition = candidates[0]
    if any(definition.units is each for each in (COUNT, PER_REQUESTS, PER_ANSWERS)):
        raise ObjectiveError(
            f"{definition.name} can't be told in % of a baseline; state a latency, a share or a throughput"
        )
    try:
        percent = float(found["percent"])
    except ValueError:
        percent = 0.0
    if not 0 < percent < float("inf"):
        raise ObjectiveError(
            f"'{found['percent']} %' is no share of a baseline, expected '<number> % of baseline', such as "
            "'110 % of baseline'"
        )
    if found["figure"] is None:
        return NOT_KNOWN, "", Fraction(1), definition, percent, None
    baseline, unit, scale, definition = _read_limit(found["figure"], candidates)
    return compute_relative_limit(percent, baseline), unit, scale, definition, percent, baseline


def compute_relative_limit(percent: float, baseline: float) -> float:
    """So many % of the figure of a baseline, without the last digits of a product."""
    return float(f"{percent * baseline / 100.0:.10g}")


def _read_window(text: str | None) -> float | None:
    if text is None:
        return None
    found = _WINDOW.fullmatch(text)
    if not found or float(found["seconds"]) <= 0:
        raise ObjectiveError(f"'{text}' is no window, expected '<number> s', such as 'in any 10 s'")
    return float(found["seconds"])


def _check_name(name: str | None, names: Sequence[str], kind: str) -> str | None:
    if name is None or not names or name in names:
        return name
    raise ObjectiveError(f"there is no {kind} '{name}'{_suggest(name, names)} There is: {', '.join(names)}")


def _check_limit(objective: Objective) -> None:
    units, limit = objective.definition.units, objective.limit
    if any(units is each for each in SHARES) and limit > 1:
        raise ObjectiveError(f"{objective.limit_text} is more than all; expected at most 100 %")
    if limit == 0 and objective.comparison == "<":
        raise ObjectiveError("nothing is less than 0; to allow none, say '<= 0'")
    if units is TIME and limit == 0:
        raise ObjectiveError("no reply comes in no time; expected a limit above 0")
    if units is PER_TIME and limit == 0:
        raise ObjectiveError("no run is long enough to show everything; expected a limit above 0")
    if units is SHARE and limit == 1 and objective.comparison == ">":
        raise ObjectiveError("nothing is more than 100 %; to allow no exception, say '>= 100 %'")
    if units is COUNT and objective.stated % 1:
        raise ObjectiveError(f"{objective.limit_text} is no count, expected a whole number")


def _suggest(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near and near[0] else "."
