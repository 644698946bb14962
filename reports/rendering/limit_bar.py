"""Scales the bar of an objective: what was observed, the limit and the interval."""

from __future__ import annotations

from dataclasses import dataclass

from reports.data.quantities import add_unit, format_against_limit, format_exact
from reports.judging.judgement import Judgement


@dataclass(frozen=True)
class LimitBar:
    """An observed figure beside its limit; positions and lengths are per cent of the width of the bar."""

    words: str
    observed: float
    limit: float
    allowed: tuple[float, float]
    interval: tuple[float, float] | None


def scale_bar(judged: Judgement) -> LimitBar | None:
    """The bar of an objective; None if nothing was observed."""
    seen = judged.observed
    if seen is None:
        return None
    high = max(judged.interval) if judged.interval else seen
    full = 1.2 * max(seen, judged.limit, min(high, 3 * max(seen, judged.limit))) or 1.0

    def place(value: float) -> float:
        return round(100 * min(max(value, 0.0), full) / full, 2)

    limit = place(judged.limit)
    at_most = "<" in judged.text
    return LimitBar(
        words=f"{add_unit(format_against_limit(seen, judged.limit), judged.unit)} observed, limit "
        f"{'at most' if at_most else 'at least'} {add_unit(format_exact(judged.limit), judged.unit)}",
        observed=place(seen),
        limit=limit,
        allowed=(0.0, limit) if at_most else (limit, round(100 - limit, 2)),
        interval=None if judged.interval is None else (place(judged.interval[0]), place(judged.interval[1])),
    )
