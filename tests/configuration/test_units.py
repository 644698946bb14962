"""Durations and rates: what is read, what is refused, and that writing loses no digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configuration.units import parse_duration, parse_quantity, parse_rate, write_duration, write_rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("2m", 120),
        ("2 min", 120),
        ("1h30m", 5400),
        ("1 h 1 min 1 s 1 ms", 3661.001),
        ("500 ms", 0.5),
        ("1.5s", 1.5),
        ("0s", 0),
        (" 30s ", 30),
    ],
)
def test_durations_are_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "30 sec", "30s 1m", "1m 1m", "1,5s", "٣s", "nan s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration with its unit"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("300/s", 300), ("90/min", 1.5), ("90 / m", 1.5), ("1800/h", 0.5), ("0/s", 0), ("2.5/s", 2.5)],
)
def test_rates_are_read_per_second(text: str, per_second: float) -> None:
    assert parse_rate(text) == per_second


@pytest.mark.parametrize("text", ["", "300", "/s", "-1/s", "300/d", "300 per s", "300/ms", "3e/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rate with its unit"):
        parse_rate(text)


@given(st.floats(0, 1e12))
def test_what_is_written_reads_back_to_the_very_same_number(value: float) -> None:
    assert parse_duration(write_duration(value)) == value
    assert parse_rate(write_rate(value)) == value


def test_whole_numbers_are_written_as_people_write_them() -> None:
    assert write_duration(30.0) == "30s"
    assert write_rate(0.5) == "0.5/s"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("0", 0.0), ("1", 1.0), ("250m", 0.25), ("1500u", 0.0015), ("123456789n", 0.123456789)],
        *[
            ("180Mi", 180 * 2.0**20),
            ("163840Ki", 160 * 2.0**20),
            ("1.5Gi", 1.5 * 2**30),
            ("128974848", 128974848.0),
        ],
        *[("129e6", 129e6), ("129M", 129e6), ("2k", 2000.0)],
    ],
)
def test_quantities_are_numbers_of_their_base_unit(text: str, value: float) -> None:
    """As resource.Quantity's documentation in Kubernetes writes them."""
    assert parse_quantity(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "m", "1 Mi", "1Xi", "-1", "1e999", "1e305Mi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse_quantity(text)
