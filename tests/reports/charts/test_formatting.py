"""Figures are written with as many digits as they carry."""

from __future__ import annotations

import pytest

from reports.charts.formatting import format_ms, format_share, join_list


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.9999, "99.99 %"),
        (0.99999, "99.99 %"),
        (0.019, "1.9 %"),
        (1 / 3e6, "0.000033 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(part, text):
    assert format_share(part) == text


def test_what_was_not_measured_is_a_dash():
    assert format_ms(None) == format_ms(float("nan")) == "–"


def test_lists_are_joined_as_in_a_sentence():
    assert [join_list(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
