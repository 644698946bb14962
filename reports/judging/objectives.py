"""An objective is a sentence such as `p99 latency <= 100 ms during steady`; here it is read and written."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, cast

import numpy as np

from reports.data.columns import Floats, Mask
from reports.data.quantities import exact, with_unit
from reports.figures.metrics import COUNT, METRICS, PER_REQUESTS, SHARE, TIME, Metric

Comparison: TypeAlias = Literal["<=", "<", ">=", ">"]

_SENTENCE = re.compile(r"(?P<metric>[^<>=]*?)\s*(?P<comparison>[<>=]+)\s*(?P<limit>.*)")
_CLAUSE = re.compile(r"\s+(on|during|in any)\s+")
_LIMIT = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*)")
_WINDOW = re.compile(r"(?P<seconds>\d+(?:\.\d+)?)\s*s")
_PER = re.compile(r"per\s+(?P<number>\d+)\s+requests")
_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_MEANT = {"=<": "<=", "=>": ">=", "=": "<=", "==": "<="}


class ObjectiveError(ValueError):
    """A sentence that is no objective; the message says what was expected instead."""


@dataclass(frozen=True)
class Objective:
    """`metric comparison limit`, perhaps on one endpoint, during one stage, in any window of `window_s`.

    `stated` is the limit as written, in `unit`; `str()` gives the sentence, which reads back alike.
    """

    metric: str
    comparison: Comparison
    stated: float
    unit: str
    on: str | None = None
    during: str | None = None
    window_s: float | None = None

    @property
    def definition(self) -> Metric:
        """The registered metric this is about."""
        return next(m for m in METRICS if m.argument(self.metric) is not None and _scale(m, self.unit))

    @property
    def scale(self) -> float:
        """How many of the metric's base unit (ms, share, count, per second) one `unit` is."""
        return float(self._exact_scale)

    @property
    def limit(self) -> float:
        """The limit in the metric's base unit."""
        return float(Fraction(repr(self.stated)) * self._exact_scale)

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self)

    @property
    def limit_text(self) -> str:
        """The limit as written: 100 ms."""
        return with_unit(exact(self.stated), self.unit)

    @property
    def subject(self) -> str:
        """What the limit is set for: `p99 latency on batch during steady`."""
        return self.text.replace(f" {self.comparison} {self.limit_text}", "", 1)

    @property
    def argument(self) -> Fraction:
        """The number in the metric's name: 99 in `p99 latency`, 503 in `status 503`."""
        return Fraction(next(iter((self.definition.argument(self.metric) or {"": "0"}).values())))

    def allows(self, value: float) -> bool:
        """Whether a value in the metric's base unit keeps the limit."""
        return bool(_COMPARE[self.comparison](value, self.limit))

    def passed_by(self, values: Floats) -> Mask:
        """Which values in the metric's base unit pass the limit."""
        return ~np.asarray(_COMPARE[self.comparison](values, self.limit), dtype=np.bool_)

    def displayed(self, value: float) -> float:
        """A value in the metric's base unit, told in `unit`."""
        return float(Fraction(repr(float(value))) / self._exact_scale)

    @property
    def _exact_scale(self) -> Fraction:
        scale = _scale(self.definition, self.unit)
        if scale is None:
            raise ObjectiveError(f"{self.metric} is not told in {self.unit!r}")
        return scale

    def __str__(self) -> str:
        parts = [self.metric, self.comparison, self.limit_text]
        parts += ["on", self.on] if self.on else []
        parts += ["during", self.during] if self.during else []
        parts += ["in any", f"{exact(self.window_s)} s"] if self.window_s else []
        return " ".join(parts)


def parse_objective(text: str, endpoints: Sequence[str] = (), stages: Sequence[str] = ()) -> Objective:
    """The objective a sentence states; names it bears are checked against those given, if any are.

    Raises `ObjectiveError`, whose message begins with the sentence.
    """
    sentence = " ".join(str(text).split())
    try:
        return _parse(sentence, endpoints, stages)
    except ObjectiveError as error:
        raise ObjectiveError(f"'{sentence}': {error}") from None


def _parse(sentence: str, endpoints: Sequence[str], stages: Sequence[str]) -> Objective:
    parts = _SENTENCE.fullmatch(sentence)
    if not parts:
        raise ObjectiveError(
            "expected a metric, a comparison (<=, <, >= or >) and a limit, such as 'p99 latency <= 100 ms'"
        )
    candidates = _metrics(parts["metric"])
    comparison = _comparison(parts["comparison"], candidates[0])
    limit, clauses = _clauses(parts["limit"], candidates[0])
    number, unit = _limit(limit, candidates)
    objective = Objective(
        parts["metric"],
        comparison,
        number,
        unit,
        on=_known(clauses.get("on"), endpoints, "endpoint"),
        during=_known(clauses.get("during"), stages, "stage"),
        window_s=_window(clauses.get("in any")),
    )
    _possible(objective)
    return objective


def _metrics(name: str) -> list[Metric]:
    found = [metric for metric in METRICS if metric.argument(name) is not None]
    if not found:
        names = list(dict.fromkeys(metric.name for metric in METRICS))
        said = re.search(r"\d+(\.\d+)?", name)
        spelled = [re.sub(r"<\w+>", said[0] if said else "99", known) for known in names]
        raise ObjectiveError(
            f"there is no metric '{name}'{_nearest(name, spelled)} There is: {', '.join(names)}"
        )
    _argument(found[0], name)
    return found


def _argument(metric: Metric, name: str) -> None:
    values = metric.argument(name) or {}
    try:
        numbers = {key: Fraction(value) for key, value in values.items()}
    except ValueError:
        raise ObjectiveError(f"'{name}' holds no number, expected {metric.name}") from None
    if not 0 < numbers.get("percentile", Fraction(50)) < 100:
        raise ObjectiveError(
            f"a percentile lies between 0 and 100, both excluded, not at {values['percentile']}; "
            "for the slowest request say 'max latency'"
        )
    code = numbers.get("code", Fraction(200))
    if not (code.denominator == 1 and 100 <= code <= 599):
        raise ObjectiveError(f"a status is a whole number from 100 to 599, not {values['code']}")


def _comparison(sign: str, metric: Metric) -> Comparison:
    if sign not in ("<=", "<", ">=", ">"):
        meant = f"; did you mean '{_MEANT[sign]}'?" if sign in _MEANT else ""
        raise ObjectiveError(f"'{sign}' is no comparison, expected <=, <, >= or >{meant}")
    if metric.better == "lower" and sign[0] == ">":
        raise ObjectiveError(f"{metric.name} is better when lower: expected <= or <, not {sign}")
    if metric.better == "higher" and sign[0] == "<":
        raise ObjectiveError(f"{metric.name} is better when higher: expected >= or >, not {sign}")
    return cast(Comparison, sign)


def _clauses(text: str, metric: Metric) -> tuple[str, dict[str, str]]:
    limit, *rest = _CLAUSE.split(text)
    clauses: dict[str, str] = {}
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        if word in clauses:
            raise ObjectiveError(f"'{word}' is said twice")
        if word not in metric.clauses:
            raise ObjectiveError(f"{metric.name} can't be told '{word}' something; leave that out")
        clauses[word] = value
    return limit, clauses


def _limit(text: str, candidates: Sequence[Metric]) -> tuple[float, str]:
    units = [unit for metric in candidates for unit in metric.units]
    expected = " or ".join(f"'{with_unit('<number>', unit)}'" for unit in units)
    found = _LIMIT.fullmatch(text)
    if not found:
        raise ObjectiveError(f"'{text}' is no limit, expected {expected}")
    unit = found["unit"]
    if not any(_scale(metric, unit) for metric in candidates):
        if not unit:
            raise ObjectiveError(f"{found['number']} has no unit, expected {expected}")
        near = _nearest(unit, units).removesuffix(".")
        raise ObjectiveError(f"{found['number']} is told in '{unit}', expected {expected}{near}")
    number = float(found["number"])
    if number < 0:
        raise ObjectiveError(f"a limit can't be negative, not even {found['number']}")
    if number == float("inf"):
        raise ObjectiveError(f"{found['number']} is beyond all numbers; expected a finite limit")
    return number + 0.0, unit


def _scale(metric: Metric, unit: str) -> Fraction | None:
    if metric.units is PER_REQUESTS:
        per = _PER.fullmatch(unit)
        return Fraction(1, int(per["number"])) if per and int(per["number"]) else None
    return metric.units.get(unit)


def _window(text: str | None) -> float | None:
    if text is None:
        return None
    found = _WINDOW.fullmatch(text)
    if not found or float(found["seconds"]) <= 0:
        raise ObjectiveError(f"'{text}' is no window, expected '<number> s', such as 'in any 10 s'")
    return float(found["seconds"])


def _known(name: str | None, names: Sequence[str], kind: str) -> str | None:
    if name is None or not names or name in names:
        return name
    raise ObjectiveError(f"there is no {kind} '{name}'{_nearest(name, names)} There is: {', '.join(names)}")


def _possible(objective: Objective) -> None:
    units, limit = objective.definition.units, objective.limit
    if units in (SHARE, PER_REQUESTS) and limit > 1:
        raise ObjectiveError(f"{objective.limit_text} is more than all; expected at most 100 %")
    if limit == 0 and objective.comparison == "<":
        raise ObjectiveError("nothing is less than 0; to allow none, say '<= 0'")
    if units is TIME and limit == 0:
        raise ObjectiveError("no reply comes in no time; expected a limit above 0")
    if units is SHARE and limit == 1 and objective.comparison == ">":
        raise ObjectiveError("nothing is more than 100 %; to allow no exception, say '>= 100 %'")
    if units is COUNT and objective.stated % 1:
        raise ObjectiveError(f"{objective.limit_text} is no count, expected a whole number")


def _nearest(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near and near[0] else "."
