"""Numbers are told with the digits they carry, and never so that two different ones look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.data.quantities import (
    add_unit,
    format_against_limit,
    format_count,
    format_duration,
    format_exact,
    format_interval,
    format_number,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.004217, "0.00422"),
        (0.42, "0.42"),
        (8.3749, "8.37"),
        (104.94, "105"),
        (1234.56, "1,235"),
        (100.0, "100"),
        (9.999, "10"),
        (-3.14159, "-3.14"),
    ],
)
def test_three_digits_but_the_whole_of_a_large_number(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(100.0, "100"), (0.1, "0.1"), (1e-07, "0.0000001"), (12500.0, "12500")]
)
def test_a_stated_number_keeps_its_digits(value: float, text: str) -> None:
    assert format_exact(value) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [(100.04, 100.0, "100.04"), (212.4, 100.0, "212"), (100.0, 100.0, "100"), (99.9996, 100.0, "99.9996")],
)
def test_beside_its_limit_a_number_is_told_from_it(value: float, limit: float, text: str) -> None:
    """104.9 must not read 100 where the limit is 100."""
    assert format_against_limit(value, limit) == text


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_two_different_numbers_never_read_alike(value: float, limit: float) -> None:
    assert (float(format_against_limit(value, limit).replace(",", "")) == limit) == (value == limit)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.84 s"),
        (9.0, "9 s"),
        (20.0, "20 s"),
        (59.9, "1 min"),
        (270.0, "4 min 30 s"),
        (3600.0, "1 h"),
        (7500.0, "2 h 5 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_one_is_singular_and_thousands_have_commas() -> None:
    assert format_count(1, "request") == "1 request"
    assert format_count(1234, "request") == "1,234 requests"
    assert format_count(0, "reply", "replies") == "0 replies"


def test_a_number_without_a_unit_stands_alone() -> None:
    assert add_unit("3", "") == "3"
    assert add_unit("3", "ms") == "3 ms"


def test_an_interval_says_whether_there_could_be_one() -> None:
    assert format_interval((8.0, 11.25), "ms", provable=True) == "8 to 11.2 ms"
    assert format_interval(None, "ms", provable=True) == "–"
    assert format_interval(None, "%", provable=False) == "as observed"
