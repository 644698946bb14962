"""The search for the capacity: it closes in on the truth, says what it can't tell, and ends."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capacity.search import CapacityBracket, CapacitySearch, SearchLimits, TrialOutcome, TrialResult


def search(answer: Callable[[float], TrialOutcome], start: float = 100, **limits: float) -> CapacityBracket:
    """The bracket that a search comes to where `answer` says what a trial at a rate comes to."""
    found = CapacitySearch(start, SearchLimits(**limits))  # type: ignore[arg-type]
    while (rate := found.next_rate()) is not None:
        assert len(found.results) < 200, "the search doesn't end"
        found.record(TrialResult(rate, answer(rate), f"the generator's limit is below {rate:g}/s"))
    return found.find_bracket()


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
    """Contradictions, too: rates stay above zero, none is tried twice, and the bracket is in order."""
    given = iter(outcomes)
    tried: list[float] = []

    def answer(rate: float) -> TrialOutcome:
        tried.append(rate)
        return next(given)

    found = search(answer, most_trials=14)
    assert len(tried) <= 14
    assert len(set(tried)) == len(tried)
    assert min(tried) > 0
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
        found.record(TrialResult(rate, outcome))  # type: ignore[arg-type]
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
        {"lowest_per_s": 0},
        {"lowest_per_s": 5, "highest_per_s": 5},
    ],
)
def test_what_can_not_be_searched_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"expected|takes two"):
        SearchLimits(**wrong)  # type: ignore[arg-type]
