"""Where the planned load of a run is constant."""

from __future__ import annotations

from collections.abc import Iterator

from reports.data.run import Run

_ALIKE = 0.01
"""Levels that differ by less than this share are the same."""


def is_load_constant(run: Run, stage: str | None = None) -> bool:
    """Whether the planned load stays the same in all judged time, or in one judged stage.

    A load without a plan, as one that was chosen by hand, is not known to be constant.
    """
    spans, constant = run.list_spans(stage), find_constant_span(run, stage)
    return len(spans) == 1 and constant == spans[0]


def find_constant_span(run: Run, stage: str | None = None) -> tuple[float, float] | None:
    """The longest judged time in which the planned load stays the same, in s; None without a plan."""
    plan = run.facts.plan
    points = list(zip(plan.t_s, plan.users or plan.rate, strict=False))
    found: list[tuple[float, float]] = []
    for start_s, end_s in run.list_spans(stage):
        before = [level for t_s, level in points if t_s <= start_s]
        inside = [(t_s, level) for t_s, level in points if start_s < t_s < end_s]
        if before and end_s > start_s:
            found += _cut_where_it_changes([(start_s, before[-1]), *inside], end_s)
    return max(found, key=lambda span: span[1] - span[0], default=None)


def _cut_where_it_changes(points: list[tuple[float, float]], end_s: float) -> Iterator[tuple[float, float]]:
    """Times without a change; `points` are moments in s and the level from then on."""
    start_s, level = points[0]
    for t_s, other in points[1:]:
        if abs(other - level) > _ALIKE * max(abs(other), abs(level)):
            yield start_s, t_s
            start_s, level = t_s, other
    yield start_s, end_s
