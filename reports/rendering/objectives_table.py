"""The first table of the page: each objective, how far from its limit it came out, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from reports.charts.formatting import listing, share
from reports.data.quantities import NOTHING, beside, exact, interval, number, with_unit
from reports.judging.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Bar:
    """An observed figure against its limit; places and lengths are per cent of the bar's width."""

    words: str
    observed: float
    limit: float
    allowed: tuple[float, float]
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class ObjectiveRow:
    """An objective in words, with its bar where there is something to draw."""

    text: str
    outcome: str
    observed: str
    distance: str
    limit: str
    interval: str
    samples: str
    message: str
    """What its figures don't tell: why it was missed or isn't proven."""
    bar: Bar | None


@dataclass(frozen=True)
class ObjectiveTable:
    """All objectives, in the order of the scenario."""

    title: str
    confidence: str
    rows: tuple[ObjectiveRow, ...]


def objective_table(verdict: Verdict) -> ObjectiveTable:
    """Each objective with what was observed, how far that is from the limit, and how sure it is."""
    judged = verdict.objectives
    confidence = share(judged[0].confidence) if judged else "95 %"
    return ObjectiveTable(_objectives_title(verdict), confidence, tuple(map(_objective_row, judged)))


def _objectives_title(verdict: Verdict) -> str:
    judged = verdict.objectives
    if not judged:
        return "The scenario states no objective"
    counts = [
        (outcome, sum(one.outcome == outcome for one in judged)) for outcome in ("met", "missed", "unproven")
    ]
    told = [f"{many} {outcome}" for outcome, many in counts if many]
    title = f"All {told[0]}" if len(told) == 1 and len(judged) > 1 else listing(told)
    return f"{title}, in a run that is invalid" if verdict.verdict == "invalid" else title


def _objective_row(judged: Judgement) -> ObjectiveRow:
    seen = judged.observed
    return ObjectiveRow(
        text=judged.text,
        outcome=judged.outcome,
        observed=NOTHING if seen is None else with_unit(beside(seen, judged.limit), judged.unit),
        distance=_distance(judged),
        limit=with_unit(exact(judged.limit), judged.unit),
        interval=interval(judged.interval, judged.unit, provable=judged.provable),
        samples=f"{judged.samples:,}",
        message="" if judged.outcome == "met" else judged.message,
        bar=None if seen is None else _bar(judged, seen),
    )


def _distance(judged: Judgement) -> str:
    if not judged.observed or not judged.limit:
        return ""
    if judged.observed == judged.limit:
        return "at the limit"
    ratio = judged.observed / judged.limit
    if ratio >= 3:
        return f"{number(ratio, 2)} × the limit"
    return f"{number(abs(ratio - 1) * 100, 2)} % {'above' if ratio > 1 else 'below'}"


def _bar(judged: Judgement, seen: float) -> Bar:
    high = max(judged.interval) if judged.interval else seen
    full = 1.2 * max(seen, judged.limit, min(high, 3 * max(seen, judged.limit))) or 1.0

    def place(value: float) -> float:
        return round(100 * min(max(value, 0.0), full) / full, 2)

    limit = place(judged.limit)
    at_most = _at_most(judged)
    return Bar(
        words=f"{with_unit(beside(seen, judged.limit), judged.unit)} observed, limit "
        f"{'at most' if at_most else 'at least'} {with_unit(exact(judged.limit), judged.unit)}",
        observed=place(seen),
        limit=limit,
        allowed=(0.0, limit) if at_most else (limit, round(100 - limit, 2)),
        interval=None if judged.interval is None else (place(judged.interval[0]), place(judged.interval[1])),
    )


def _at_most(judged: Judgement) -> bool:
    return "<" in judged.text
