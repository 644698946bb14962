"""Formats what came of an autoscaler for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from autoscaling.study import ScalingStudy
from autoscaling.tuning import list_shown
from autoscaling.wording import (
    describe_judgement,
    describe_question,
    describe_steps,
    describe_tuning,
    list_notes,
    name_candidate,
    summarise_outcome,
)
from reports.data.quantities import format_number
from reports.judging.outcomes import SYMBOLS
from reports.rendering.terminal import paint
from reports.rendering.text_table import remove_controls

MOST_CANDIDATES = 5


def format_study(study: ScalingStudy, color: bool, width: int) -> str:
    """The answer, each objective, what the autoscaler did, and what was not followed."""
    return "\n".join(_list_lines(study, color, width))


def _list_lines(study: ScalingStudy, color: bool, width: int) -> Iterator[str]:
    word = "fail" if study.exit_code else "pass"
    sentence = summarise_outcome(study.outcome, study.settings)
    for line in _wrap(f"{SYMBOLS[word]} {sentence}", width, "  "):
        yield paint(line, word, color, bold=True)
    yield ""
    for judged in study.outcome.judgements:
        outcome = paint(f"{SYMBOLS[judged.outcome]} {judged.outcome}", judged.outcome, color)
        yield f"{outcome}: {remove_controls(judged.objective.text)}"
        yield from _wrap(f"    {describe_judgement(judged)}", width, "    ")
    yield ""
    for name, value in describe_question(study.question):
        yield from _wrap(f"{name}: {value}", width, "  ")
    yield ""
    yield "Replicas:"
    yield from (f"  {remove_controls(line)}" for line in describe_steps(study.outcome))
    if study.tuning is not None:
        yield ""
        yield from _wrap(describe_tuning(study.tuning), width, "  ")
        for each in list_shown(study.tuning, MOST_CANDIDATES):
            outcome = "met" if each.keeps else "missed"
            paid = f"{format_number(each.replica_hours)} replica-hours"
            told = f"  {SYMBOLS[outcome]} {paid}: {name_candidate(each)}"
            yield from _wrap(told, width, "      ")
    if study.rehearsal is not None:
        yield ""
        yield from _wrap(study.rehearsal.sentence, width, "  ")
        for rehearsed in study.rehearsal.judgements:
            outcome = paint(f"{SYMBOLS[rehearsed.outcome]} {rehearsed.outcome}", rehearsed.outcome, color)
            yield f"{outcome}: {remove_controls(rehearsed.objective.text)}"
            yield from _wrap(f"    {rehearsed.message}", width, "    ")
    notes = list(list_notes(study.settings, study.left_out))
    if notes:
        yield ""
        for note in notes:
            yield from _wrap(f"- {note}", width, "  ")


def _wrap(text: str, width: int, indent: str) -> list[str]:
    wrapper = textwrap.TextWrapper(max(width, 20), subsequent_indent=indent, break_on_hyphens=False)
    return wrapper.wrap(remove_controls(text)) or [""]
