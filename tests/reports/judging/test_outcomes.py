"""Outcomes: each has a symbol, and several make the worst of them."""

from __future__ import annotations

from itertools import permutations
from typing import get_args

from reports.judging.outcomes import EMOJI, SYMBOLS, Outcome, StageOutcome, VerdictWord, find_worst


def test_every_outcome_has_a_symbol() -> None:
    outcomes = {*get_args(Outcome), *(each for part in get_args(StageOutcome) for each in get_args(part))}
    assert set(SYMBOLS) == {*outcomes, *get_args(VerdictWord)}
    assert set(EMOJI) == {*get_args(Outcome), *get_args(VerdictWord)}


def test_the_outcomes_of_an_objective_are_told_apart_without_colour() -> None:
    for symbols in (SYMBOLS, EMOJI):
        assert len({symbols[outcome] for outcome in get_args(Outcome)}) == 3
        assert len({symbols[word] for word in get_args(VerdictWord)}) == 3


def test_the_worst_counts() -> None:
    for outcomes in permutations(get_args(Outcome)):
        assert find_worst(outcomes) == "missed"
    assert find_worst(("met", "unproven", "met")) == "unproven"
    assert find_worst(("met",)) == "met"
    assert find_worst(()) is None
