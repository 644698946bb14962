"""The search for the capacity: it closes in on the truth, says what it can't tell, and ends."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.search import (
    CapacityBracket,
    CapacitySearch,
    PlannedTrial,
    SearchLimits,
    TrialOutcome,
    TrialResult,
)


def search(answer: Callable[[float], TrialOutcome], start: float = 100, **limits: float) -> CapacityBracket:
    """The bracket that a search comes to where `answer` says what a trial at a rate comes to."""
    found = CapacitySearch(start, SearchLimits(**limits))  # type: ignore[arg-type]
    while (trial := found.next_trial()) is not None:
        assert len(found.results) < 200, "the search doesn't end"
        rate = trial.rate_per_s
        found.record(TrialResult(trial, answer(rate), f"the generator's limit is below {rate:g}/s"))
    return found.find_bracket()


def search_by_length(capacity: float, blur: float, extension: float) -> CapacitySearch:
    """A search whose trials tell rates apart from the capacity the better the longer they are."""
    found = CapacitySearch(100, SearchLimits(extension=extension, most_trials=40))
    while (trial := found.next_trial()) is not None:
        outcome = hold_up_to(capacity, blur / trial.times**0.5)(trial.rate_per_s)
        found.record(TrialResult(trial, outcome))
    return found


def hold_up_to(capacity: float, blur: float = 0.0) -> Callable[[float], TrialOutcome]:
    """Rates up to the capacity are proven, those above broken; those within a share `blur` of it are open."""

    def answer(rate: float) -> TrialOutcome:
        if abs(rate / capacity - 1) < blur:
            return "open"
        return "proven" if rate <= capacity else "broken"

    return answer


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.floats(0.01, 0.2))
def test_the_bracket_holds_the_capacity_as_narrow_as_asked(
    capacity: float, start: float, precision: float
) -> None:
    found = search(hold_up_to(capacity), start, precision=precision, most_trials=60)
    assert found.at_least is not None
    assert found.less_than is not None
    assert found.at_least <= capacity <= found.less_than
    assert found.width <= precision + 1e-9
    assert found.ended == "the bracket is as narrow as was asked for"


@given(st.floats(10, 1e4), st.floats(0.02, 0.2))
def test_rates_that_can_not_be_decided_widen_the_bracket_and_are_told(capacity: float, blur: float) -> None:
    found = search(hold_up_to(capacity, blur), 100, precision=0.01, most_trials=60)
    assert found.at_least is not None
    assert found.less_than is not None
    assert found.at_least <= capacity <= found.less_than
    assert found.width <= (1 + blur) / (1 - blur) * 1.01**2 - 1 + 1e-9
    if found.open_per_s:
        assert found.ended == "the rates between could not be decided"
        assert all(found.at_least < rate < found.less_than for rate in found.open_per_s)


@given(st.floats(10, 1e4), st.floats(0.1, 0.6))
def test_open_rates_are_tried_again_for_longer(capacity: float, blur: float) -> None:
    short, long = search_by_length(capacity, blur, 1), search_by_length(capacity, blur, 4)
    again = [result.trial for result in long.results if result.trial.times > 1]
    assert len({trial.rate_per_s for trial in again}) == len(again)
    assert long.find_bracket().width <= short.find_bracket().width
    assert not [result for result in short.results if result.trial.times > 1]
    if short.find_bracket().open_per_s:
        assert again


def test_two_open_rates_without_a_proven_one_mean_that_trials_are_too_short() -> None:
    searched = CapacitySearch(90)
    for expected in (PlannedTrial(90), PlannedTrial(60), PlannedTrial(60, 4)):
        trial = searched.next_trial()
        assert trial == expected
        searched.record(TrialResult(trial, "open"))


def test_the_number_of_trials_is_bounded() -> None:
    found = search(hold_up_to(1e6), 1, most_trials=5)
    assert found.less_than is None
    assert found.width == math.inf
    assert found.ended == "5 trials were made"


def test_the_generators_limit_is_no_answer() -> None:
    """What the generator can't offer says nothing of the service: no rate is called too high for it."""
    found = search(lambda rate: "invalid" if rate > 200 else "proven", precision=0.1)
    assert found.less_than is None
    assert found.at_least is not None
    assert 200 / 1.1 <= found.at_least <= 200
    assert found.ended.startswith("the generator's limit is below")


def test_below_the_generators_limit_the_search_goes_on() -> None:
    found = search(lambda rate: "invalid" if rate > 400 else "proven" if rate <= 150 else "broken", 1000)
    assert found.at_least is not None
    assert found.less_than is not None
    assert found.at_least <= 150 <= found.less_than <= 400


@given(st.lists(st.sampled_from(["proven", "broken", "open", "invalid"]), min_size=20, max_size=20))
def test_it_ends_whatever_trials_come_to(outcomes: list[TrialOutcome]) -> None:
    """Contradictions, too: rates stay above zero, none is tried twice alike, the bracket is in order."""
    searched = CapacitySearch(100)
    for outcome in outcomes:
        if (trial := searched.next_trial()) is not None:
            searched.record(TrialResult(trial, outcome))
    assert searched.next_trial() is None
    found, tried = searched.find_bracket(), [result.trial for result in searched.results]
    assert len(set(tried)) == len(tried) <= 14
    assert min(trial.rate_per_s for trial in tried) > 0
    if found.at_least is not None and found.less_than is not None:
        assert found.at_least < found.less_than


@pytest.mark.parametrize(
    ("capacity", "at_least", "less_than", "ended"),
    [
        (1e9, 1000, None, "the highest rate, 1000/s, was reached"),
        (1e-9, None, 10, "the lowest rate, 10/s, was reached"),
    ],
)
def test_rates_have_bounds(
    capacity: float, at_least: float | None, less_than: float | None, ended: str
) -> None:
    found = search(hold_up_to(capacity), lowest_per_s=10, highest_per_s=1000)
    assert (found.at_least, found.less_than, found.ended) == (at_least, less_than, ended)


def test_a_proof_above_a_broken_rate_does_not_count() -> None:
    found = CapacitySearch(100)
    for rate, outcome in [(100.0, "proven"), (200.0, "proven"), (150.0, "broken")]:
        found.record(TrialResult(PlannedTrial(rate), outcome))  # type: ignore[arg-type]
    assert (found.find_bracket().at_least, found.find_bracket().less_than) == (100, 150)


def test_errors_are_spent_evenly_on_the_trials() -> None:
    assert SearchLimits(confidence=0.95, most_trials=10).trial_confidence == pytest.approx(0.995)


@pytest.mark.parametrize(
    "wrong",
    [
        {"precision": 0},
        {"precision": 1},
        {"confidence": 1},
        {"most_trials": 1},
        {"growth": 1},
        {"extension": 0.5},
        {"lowest_per_s": 0},
        {"lowest_per_s": 5, "highest_per_s": 5},
    ],
)
def test_what_can_not_be_searched_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"expected|takes two"):
        SearchLimits(**wrong)  # type: ignore[arg-type]


def test_above_a_rate_that_was_invalid_none_is_tried() -> None:
    """A broken rate above it stays the upper bound."""
    found = CapacitySearch(100, SearchLimits(most_trials=30))
    while (trial := found.next_trial()) is not None:
        rate = trial.rate_per_s
        outcome: TrialOutcome = "broken" if rate > 130 else "invalid" if rate > 110 else "proven"
        ceiling = min((each.rate_per_s for each in found.results if each.outcome == "invalid"), default=1e9)
        assert rate < ceiling
        found.record(TrialResult(trial, outcome))
    bracket = found.find_bracket()
    assert bracket.at_least is not None
    assert bracket.at_least <= 110
    assert bracket.less_than == 150
