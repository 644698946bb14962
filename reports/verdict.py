"""The verdict on a run: whether it met its objectives, how sure that is, and if the figures can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.figures import StageFigures

Word: TypeAlias = Literal["pass", "fail", "invalid"]
Outcome: TypeAlias = Literal["met", "missed", "unproven"]

EXIT_CODES = {"pass": 0, "fail": 1, "invalid": 3}


@dataclass(frozen=True)
class Judgement:
    """An objective beside what was observed; figures are in `unit`, as in the sentence.

    `observed` is None where nothing was there to measure. `interval` holds the observed figure at
    `confidence`, None where the samples can't bound it or none is told. `needed` says how many more samples
    would prove an `unproven` objective, None where no number is known.
    """

    text: str
    metric: str
    observed: float | None
    limit: float
    unit: str
    samples: int
    interval: tuple[float, float] | None
    confidence: float
    outcome: Outcome
    needed: int | None
    message: str


@dataclass(frozen=True)
class Verdict:
    """The verdict in one word and one sentence, the reasons for it, and what it rests on."""

    verdict: Word
    sentence: str
    reasons: tuple[str, ...]
    objectives: tuple[Judgement, ...]
    stages: tuple[StageFigures, ...]
