"""Replies are held to a schema up to a rate; above it they are sampled evenly over time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.answers.json_schema import SchemaError
from loadtests.answers.schema_check import SchemaCheck

WHOLE = {"type": "integer"}


class Clock:
    """A clock that stands until it is moved."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@given(st.lists(st.floats(0.21, 5), min_size=1, max_size=50))
def test_below_the_rate_all_are_looked_at(gaps_s: list[float]) -> None:
    clock = Clock()
    held = SchemaCheck(WHOLE, 10.0, clock)
    for gap_s in gaps_s:
        clock.now_s += gap_s
        assert held.accepts(1)
        assert not held.accepts("one")
    assert held.due == held.checked == 2 * len(gaps_s)


def test_a_burst_of_a_second_is_looked_at_whole() -> None:
    held = SchemaCheck(WHOLE, 100.0, Clock())
    assert not any(held.accepts("one") for _ in range(100))
    assert held.accepts("one"), "the hundred-and-first is not looked at"
    assert (held.due, held.checked) == (101, 100)


def test_above_the_rate_as_many_are_looked_at_evenly() -> None:
    """1,000/s come for 100 s, 10/s are looked at: the found ones lie in each of the seconds."""
    clock = Clock()
    held = SchemaCheck(WHOLE, 10.0, clock)
    found = []
    for number in range(100_000):
        clock.now_s = number / 1000
        if not held.accepts("one"):
            found.append(int(clock.now_s))
    assert held.due == 100_000
    assert held.checked == pytest.approx(10 * 100 + 10, abs=2)
    assert all(9 <= found.count(second) <= 11 for second in range(2, 100))


def test_a_rate_below_one_a_second_looks_now_and_then() -> None:
    clock = Clock()
    held = SchemaCheck(WHOLE, 0.5, clock)
    for number in range(10_000):
        clock.now_s = number / 100
        held.accepts(1)
    assert held.checked == pytest.approx(50, abs=2)


def test_looks_are_not_saved_up_for_longer_than_a_second() -> None:
    """A burst after an idle hour is no heavier than any other."""
    clock = Clock()
    held = SchemaCheck(WHOLE, 10.0, clock)
    clock.now_s = 3600.0
    for _ in range(100):
        held.accepts(1)
    assert held.checked == 10


def test_what_is_no_schema_is_said() -> None:
    with pytest.raises(SchemaError, match="it is no JSON schema"):
        SchemaCheck({"type": "nothing"}, 1.0)
