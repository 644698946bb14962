"""The time axis has the usual ticks, and names or numbers for the stages, whichever fit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.canvas import NARROW, WIDE
from reports.charts.labels import estimate_width_px
from reports.charts.time_axis import choose_tick_step_s, format_tick, place_band_labels
from reports.data.facts import Stage


@given(
    st.lists(st.tuples(st.text(max_size=30), st.floats(0.5, 4000)), min_size=1, max_size=200),
    st.sampled_from([NARROW, WIDE]),
)
def test_stage_labels_never_overlap(stages, page):
    starts = np.cumsum([0.0, *(length for _, length in stages)])
    bands = tuple(
        Stage(name, float(start), float(start + length))
        for (name, length), start in zip(stages, starts, strict=False)
    )
    end_s = float(starts[-1])
    labels = place_band_labels(bands, end_s, page)
    edges = [
        (middle * page.plot_px / end_s, estimate_width_px(text, page.font_px) / 2)
        for middle, text in labels
        if text
    ]
    assert all(left + half <= right - other for (left, half), (right, other) in itertools.pairwise(edges))


def stages(count: int, name: str) -> tuple[Stage, ...]:
    return tuple(Stage(name.format(i + 1), i * 30.0, i * 30.0 + 30) for i in range(count))


def test_stages_are_named_where_the_names_fit():
    assert [text for _, text in place_band_labels(stages(9, "users-{}"), 270, WIDE)] == [
        f"users-{i}" for i in range(1, 10)
    ]


def test_stages_are_numbered_as_in_the_table_where_the_names_do_not_fit():
    assert [text for _, text in place_band_labels(stages(9, "users-{}"), 270, NARROW)] == list("123456789")


def test_of_very_many_stages_round_numbers_are_shown():
    shown = [text for _, text in place_band_labels(stages(200, "soak-{}"), 6000, NARROW)]
    assert shown == [str(number) for number in range(20, 201, 20)]


def test_a_stage_that_was_not_reached_has_no_label():
    assert [text for _, text in place_band_labels(stages(2, "s{}"), 29.0, WIDE)] == ["s1"]


@pytest.mark.parametrize(
    ("end_s", "step_s", "last"),
    [(3, 1, "3"), (60, 10, "60"), (270, 30, "4:30"), (3600, 600, "60:00"), (36_000, 7200, "10:00")],
)
def test_ticks_stand_where_a_clock_has_them(end_s, step_s, last):
    assert choose_tick_step_s(end_s, 10 if end_s < 3600 else 8) == step_s
    assert format_tick(end_s, end_s) == last
