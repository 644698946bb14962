"""When a run may be looked at before its end: fixed moments, known before it begins."""

from __future__ import annotations

from typing import Final

from reports.data.facts import Facts

CHECKPOINTS: Final = 10
"""The judged load is cut in as many equal parts; there is a look after each, the last one being the end.

Each look gets a tenth of the doubt. With more looks each would ask for more samples than it saves time; with
fewer a decision would come late.
"""


def compute_checkpoints_s(facts: Facts) -> tuple[float, ...]:
    """The moments of the looks, in s since the run's start, the end among them.

    Empty where no end is planned, since such a load has no tenth.
    """
    if facts.planned_s is None or not facts.judged_stages:
        return ()
    lengths = [(stage.start_s, stage.end_s) for stage in facts.judged_stages]
    part_s = sum(end_s - start_s for start_s, end_s in lengths) / CHECKPOINTS
    return (*(_find_moment(lengths, look * part_s) for look in range(1, CHECKPOINTS)), lengths[-1][1])


def _find_moment(lengths: list[tuple[float, float]], judged_s: float) -> float:
    """The moment at which `judged_s` of the judged load have passed."""
    for start_s, end_s in lengths:
        if judged_s <= end_s - start_s:
            return start_s + judged_s
        judged_s -= end_s - start_s
    return lengths[-1][1]
