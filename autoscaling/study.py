"""One autoscaler, asked one question: what is shown of it on the page, in the terminal and in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from autoscaling.agreement import Agreement
from autoscaling.outcome import ScalingOutcome
from autoscaling.question import ScalingQuestion
from autoscaling.rules import AutoscalerSettings
from autoscaling.tuning import Tuning, tune


@dataclass(frozen=True)
class ScalingStudy:
    """The settings, the question, the answer, and what a search for cheaper settings found, if one was made.

    `manifest` and `load` name where they come from; `left_out` says which objectives were not asked, and why.
    """

    manifest: str
    load: str
    settings: AutoscalerSettings
    question: ScalingQuestion
    outcome: ScalingOutcome
    tuning: Tuning | None = None
    left_out: tuple[str, ...] = ()
    rehearsal: Agreement | None = None

    @property
    def exit_code(self) -> int:
        """0 if every objective is met, in the twin and in the rehearsal; 1 if one is missed."""
        rehearsed = () if self.rehearsal is None else self.rehearsal.judgements
        return 1 if self.outcome.missed or any(each.outcome == "missed" for each in rehearsed) else 0


def study_autoscaler(
    manifest: str,
    load: str,
    settings: AutoscalerSettings,
    question: ScalingQuestion,
    left_out: tuple[str, ...] = (),
    *,
    search: bool = False,
) -> ScalingStudy:
    """Ask the question of the settings and, to `search`, of the grid around them; may raise ValueError."""
    found = tune(settings, question.answer) if search else None
    outcome = question.answer(settings) if found is None else found.candidates[0].outcome
    return ScalingStudy(manifest, load, settings, question, outcome, found, left_out)
