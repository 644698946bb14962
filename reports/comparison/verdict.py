"""Decides what a comparison says: worse, not worse, undecided, or invalid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from reports.comparison.blocks import (
    BlockDesign,
    choose_design,
    compare_blocks,
    is_known,
)
from reports.comparison.comparability import Mismatch, find_mismatches
from reports.comparison.compared_metrics import list_compared_metrics
from reports.comparison.differences import FigureDifference, Margins, decide_differences
from reports.comparison.wording import describe_change, describe_margin, describe_needed
from reports.data.quantities import format_count, format_number
from reports.data.run_sets import RunSet
from reports.judging.verdict import judge_run

ComparisonWord: TypeAlias = Literal["worse", "not worse", "undecided", "invalid"]
FEWEST_ROUNDS: Final = 2


@dataclass(frozen=True)
class ComparisonSettings:
    """How much worse is too much, how sure the answer has to be, and which mismatches are accepted."""

    margins: Margins = field(default_factory=Margins)
    confidence: float = 0.95
    require_proof: bool = False
    """Whether an undecided comparison exits with 1."""
    accepted: tuple[str, ...] = ()
    """Of `comparability.MISMATCH_NAMES`."""


@dataclass(frozen=True)
class VersionComparison:
    """Two sides and what is said of them."""

    baseline: RunSet
    candidate: RunSet
    settings: ComparisonSettings
    word: ComparisonWord
    sentence: str
    reasons: tuple[str, ...]
    """Why it is invalid, and what was left out or differs without mattering."""
    design: BlockDesign
    differences: tuple[FigureDifference, ...]

    @property
    def exit_code(self) -> int:
        """As of a run: 0, 1 for worse or, where proof is required, undecided, 3 for invalid."""
        if self.word == "undecided":
            return 1 if self.settings.require_proof else 0
        return {"worse": 1, "not worse": 0, "invalid": 3}[self.word]


def compare_versions(baseline: RunSet, candidate: RunSet, settings: ComparisonSettings) -> VersionComparison:
    """The comparison of two sides with at least one run each; invalid runs are left out and told."""
    left_out: list[str] = []
    sides = [_leave_out_invalid(side, left_out) for side in (baseline, candidate)]
    if sides[0].rounds or sides[1].rounds:
        sides = _keep_whole_rounds(sides[0], sides[1])
    before, after = sides
    if not before.runs or not after.runs or (before.rounds and len({*before.rounds}) < FEWEST_ROUNDS):
        kept = "too few rounds are" if baseline.rounds else "a side has no run that is"
        sentence = f"Invalid: {kept} valid{f' ({left_out[0]})' if left_out else ''}."
        return VersionComparison(
            baseline, candidate, settings, "invalid", sentence, tuple(left_out), "runs", ()
        )
    mismatches = find_mismatches(before, after, settings.accepted)
    design = choose_design(before, after)
    compared = list_compared_metrics((*before.runs, *after.runs))
    figures = [compare_blocks(each, before, after) for each in compared]
    known = [
        place
        for place, each in enumerate(figures)
        if is_known(each) or not each.absence.startswith("nothing")
    ]
    differences = decide_differences(
        [compared[place] for place in known],
        [figures[place] for place in known],
        settings.margins,
        settings.confidence,
    )
    word, sentence = _decide(mismatches, differences, design, settings)
    reasons = (*(str(each) for each in mismatches), *left_out)
    return VersionComparison(before, after, settings, word, sentence, reasons, design, differences)


def _leave_out_invalid(side: RunSet, left_out: list[str]) -> RunSet:
    kept = []
    for place, run in enumerate(side.runs):
        verdict = judge_run(run)
        if verdict.verdict == "invalid":
            left_out.append(f"left out: {run.folder.name} of {side.name}. {verdict.sentence}")
        else:
            kept.append(place)
    return _select(side, kept)


def _keep_whole_rounds(baseline: RunSet, candidate: RunSet) -> list[RunSet]:
    """The rounds in which no run of either side is missing."""
    sides = (baseline, candidate)
    most = max((side.rounds.count(number) for side in sides for number in side.rounds), default=0)
    whole = {number for number in baseline.rounds if all(side.rounds.count(number) == most for side in sides)}
    return [
        _select(side, [place for place, number in enumerate(side.rounds) if number in whole])
        for side in sides
    ]


def _select(side: RunSet, places: Sequence[int]) -> RunSet:
    rounds = tuple(side.rounds[place] for place in places) if side.rounds else ()
    return replace(side, runs=tuple(side.runs[place] for place in places), rounds=rounds)


def _decide(
    mismatches: Sequence[Mismatch],
    differences: Sequence[FigureDifference],
    design: BlockDesign,
    settings: ComparisonSettings,
) -> tuple[ComparisonWord, str]:
    matter = [each for each in mismatches if each.matters]
    if matter:
        more = f" (and {len(matter) - 1} more)" if len(matter) > 1 else ""
        return "invalid", f"Invalid: the runs differ in more than the service: {matter[0]}{more}."
    if not differences:
        return "invalid", "Invalid: there is nothing to compare, because no request was recorded."
    worse = [each for each in differences if each.outcome == "worse"]
    undecided = [each for each in differences if each.outcome == "undecided"]
    count = len(differences)
    if worse:
        first = max(worse, key=lambda each: 0.0 if each.bounds is None else each.bounds[0] / each.margin)
        more = f", and {len(worse) - 1} more of {count} figures" if len(worse) > 1 else ""
        return "worse", f"Worse: {first.text} {describe_change(first)}{more}."
    if undecided:
        who = undecided[0].text if len(undecided) == 1 else f"{len(undecided)} of {count} figures"
        needed = describe_needed(undecided, design)
        told = f"; {needed} would probably tell" if needed else ""
        return "undecided", f"Undecided: {who} may be worse by more than the margin{told}."
    margins = " or ".join(dict.fromkeys(describe_margin(each) for each in differences))
    sure = format_number(settings.confidence * 100)
    return (
        "not worse",
        f"Not worse: none of {format_count(count, 'figure')} is worse by more than {margins}, at {sure} %.",
    )
