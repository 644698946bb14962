"""Checkpoints: moments, fixed before the run begins, at which it may be judged before its end."""

from __future__ import annotations

from typing import Final

from reports.data.facts import Facts

CHECKPOINTS: Final = 10
"""The judged load is divided into as many equal parts, with a checkpoint after each; the last is the end.

The permitted error probability is shared by all checkpoints. With more of them, each needs more samples than
it saves time; with fewer, a decision comes late.
"""


def compute_checkpoints_s(facts: Facts) -> tuple[float, ...]:
    """The checkpoints in s since the run's start, the end included; empty where no end is planned."""
    if facts.planned_s is None or not facts.judged_stages:
        return ()
    lengths = [(stage.start_s, stage.end_s) for stage in facts.judged_stages]
    part_s = sum(end_s - start_s for start_s, end_s in lengths) / CHECKPOINTS
    return (*(_find_moment(lengths, number * part_s) for number in range(1, CHECKPOINTS)), lengths[-1][1])


def _find_moment(lengths: list[tuple[float, float]], judged_s: float) -> float:
    """The moment at which `judged_s` of the judged load have passed."""
    for start_s, end_s in lengths:
        if judged_s <= end_s - start_s:
            return start_s + judged_s
        judged_s -= end_s - start_s
    return lengths[-1][1]
