"""States what a run was too short to see: stalls that come so seldom that none may have shown.

No method sees what did not happen. Stalls that come at random, one every `gap` on average, are all missed by
a run of length T with the probability exp(-T / gap), which is 5 % for a gap of T / 3 (the rule of three:
Hanley and Lippman-Hand, JAMA 249, 1983). In the open model a stall of length D makes the requests of its
first D - L take longer than L. So if one comes every `gap`, the share of requests above a limit L rises by
(D - L) / gap, and reaches the budget b of a percentile, of which the share p is used up already, if
D = L + gap (b - p).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from reports.data.quantities import format_duration, format_number
from reports.data.run import Run
from reports.figures.scope import measure_objective
from reports.objectives.measurements import Percentile
from reports.objectives.metrics import latency_percentile
from reports.objectives.objective import Objective

LONGER = 10
"""How many times as long the run is that the sentence compares with."""


@dataclass(frozen=True)
class HarmfulStall:
    """A stall of `length_s` that, if it came as often as may go unseen, would break the objective."""

    length_s: float
    objective: str


@dataclass(frozen=True)
class BlindSpot:
    """What a run of `judged_s` can't exclude at `confidence`: stalls that are more than `gap_s` apart.

    `stall` is the shortest one that would break an objective that the run kept; None in the closed model,
    where its length hardly matters, because each user has one slow request whatever it is.
    """

    judged_s: float
    confidence: float
    gap_s: float
    stall: HarmfulStall | None

    @property
    def sentence(self) -> str:
        """What the run can't exclude, and what a longer one would show."""
        gap_s = float(f"{self.gap_s:.2g}")
        gap = format_duration(gap_s)
        told = (
            f"stalls that come less often than every {gap} may not have shown in "
            f"{format_duration(self.judged_s)} ({format_number(100 * self.confidence)} %)"
        )
        if self.stall is not None:
            length = format_duration(self.stall.length_s)
            told += f"; every {gap}, one of {length} would break '{self.stall.objective}'"
        longer = f"{format_duration(LONGER * self.judged_s)} would show those every"
        return f"Blind spot: {told}; {longer} {format_duration(LONGER * gap_s)}."


def find_blind_spot(run: Run, objectives: Sequence[Objective]) -> BlindSpot | None:
    """What `run` was too short to see; None if nothing was judged."""
    if not run.judged_s or not len(run.judged):
        return None
    confidence = run.facts.verdict_confidence
    gap_s = run.judged_s / -log(1.0 - confidence)
    stalls = list(_list_stalls(run, objectives, gap_s)) if run.facts.model == "open" else []
    return BlindSpot(
        run.judged_s, confidence, gap_s, min(stalls, key=lambda stall: stall.length_s, default=None)
    )


def _list_stalls(run: Run, objectives: Sequence[Objective], gap_s: float) -> Iterator[HarmfulStall]:
    """For each percentile of the whole run's latency that was kept, the stall that would break it."""
    for objective in objectives:
        if objective.definition is not latency_percentile or objective.during or objective.window_s:
            continue
        measured = measure_objective(objective, run)
        if isinstance(measured, Percentile) and measured.samples and not _is_missed(objective, measured):
            used = np.count_nonzero(objective.mark_exceeding(measured)) / measured.samples
            left = max(0.0, objective.compute_budget(measured) - used)
            yield HarmfulStall(objective.limit / 1000.0 + gap_s * left, objective.text)


def _is_missed(objective: Objective, measured: Percentile) -> bool:
    return measured.value is None or not objective.allows(measured.value)
