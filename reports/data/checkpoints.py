"""Checkpoints: the moments at which a run may be judged before its end."""

from __future__ import annotations

from typing import Final

from reports.data.facts import Facts

PARTS: Final = 100
"""The judged load is divided into as many equal parts."""
FIRST: Final = 20
"""From this part on there is a checkpoint after each; the last is the end.

Before, a run has seen too little to stand for its plan: stalls that come seldom have not had time to show
(`benchmarks/judge`).
"""

Lengths = list[tuple[float, float]]
"""Start and end of each judged stage, in s."""


def compute_checkpoints_s(facts: Facts) -> tuple[float, ...]:
    """The checkpoints in s since the run's start, the end included; empty where no end is planned."""
    if facts.planned_s is None or not facts.judged_stages:
        return ()
    lengths = _list_lengths(facts)
    part_s = _sum_until(lengths, lengths[-1][1]) / PARTS
    return (*(_find_moment(lengths, number * part_s) for number in range(FIRST, PARTS)), lengths[-1][1])


def find_tenth_before_s(facts: Facts, until_s: float) -> float:
    """The moment after which a tenth of the judged load was planned until `until_s`."""
    lengths = _list_lengths(facts)
    return _find_moment(lengths, _sum_until(lengths, until_s) - compute_tenth_s(facts, until_s))


def compute_tenth_s(facts: Facts, until_s: float) -> float:
    """A tenth of the judged load, in s; less if less than that was planned until `until_s`."""
    lengths = _list_lengths(facts)
    return min(_sum_until(lengths, lengths[-1][1]) / 10.0, _sum_until(lengths, until_s))


def _list_lengths(facts: Facts) -> Lengths:
    return [(stage.start_s, stage.end_s) for stage in facts.judged_stages]


def _sum_until(lengths: Lengths, until_s: float) -> float:
    """How much of the judged load, in s, was planned until then."""
    return sum(max(0.0, min(end_s, until_s) - start_s) for start_s, end_s in lengths)


def _find_moment(lengths: Lengths, judged_s: float) -> float:
    """The moment at which `judged_s` of the judged load have passed."""
    for start_s, end_s in lengths:
        if judged_s <= end_s - start_s:
            return start_s + judged_s
        judged_s -= end_s - start_s
    return lengths[-1][1]
