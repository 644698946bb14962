"""Labels are short, printable and do not overlap."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from reports.charts.labels import clean_label, spread_positions


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
def test_labels_are_spread_apart_in_their_order_and_inside_the_plot(wanted):
    placed = spread_positions(wanted, 15, 0, 300)
    ordered = sorted(range(len(wanted)), key=wanted.__getitem__)
    heights = [placed[index] for index in ordered]
    assert all(upper - lower >= 15 - 1e-6 for lower, upper in itertools.pairwise(heights))
    assert min(placed) >= 0
    assert max(placed) <= 300


def test_labels_that_are_far_enough_apart_stay_where_they_belong():
    assert spread_positions([10.0, 200.0, 80.0], 15, 0, 300) == [10.0, 200.0, 80.0]


def test_names_from_outside_become_one_short_printable_line():
    assert clean_label("a\nb\x00c\t d") == "a b c d"
    assert clean_label("x" * 100, 10) == "x" * 9 + "…"
