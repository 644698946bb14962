"""What the plots are drawn from: windows along the run, labels that find room, figures in words."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.canvas import NARROW, WIDE, label, spread, width_px
from reports.charts.formatting import listing, ms, share
from reports.charts.latency_axis import decades, log_ticks
from reports.charts.time_axis import band_labels, clock, tick_step_s
from reports.charts.windows import latency_windows, per_window, thin, window_s
from reports.data.facts import Stage

times = st.lists(st.floats(0, 99.99), min_size=1, max_size=200)


@given(times, st.sampled_from([1.0, 5.0, 30.0]), st.integers(0, 2**32 - 1))
def test_each_window_holds_the_nearest_rank_percentiles_of_the_requests_that_started_in_it(at_s, width, seed):
    intended_s = np.sort(at_s)
    latency_ms = np.random.default_rng(seed).exponential(20, len(at_s))
    windows = latency_windows(intended_s, latency_ms, 100.0, width)
    for start_s, answers, p50, p99 in zip(
        windows.start_s,
        windows.answers,
        windows.percentiles_ms[0.5],
        windows.percentiles_ms[0.99],
        strict=True,
    ):
        inside = latency_ms[(intended_s >= start_s) & (intended_s < start_s + width)]
        assert answers == len(inside)
        if len(inside):
            assert p50 == np.quantile(inside, 0.5, method="inverted_cdf")
            assert p99 == np.quantile(inside, 0.99, method="inverted_cdf")
        else:
            assert math.isnan(p50)
            assert math.isnan(p99)


@pytest.mark.parametrize(
    ("end_s", "starts_s", "middles_s"),
    [
        (20.0, [0, 10], [5, 15]),
        (22.0, [0, 10], [5, 16]),  # two seconds more are no window
        (24.0, [0, 10, 20], [5, 15, 22]),  # a shorter one is drawn where its requests were
        (0.2, [0], [0.1]),
    ],
)
def test_no_window_reaches_beyond_the_run_and_none_is_a_sliver(end_s, starts_s, middles_s):
    intended_s = np.linspace(0, end_s, 50)
    windows = latency_windows(intended_s, np.arange(50.0), end_s, 10.0)
    assert windows.start_s.tolist() == starts_s
    assert windows.middle_s.tolist() == pytest.approx(middles_s)
    assert windows.answers.sum() == 50


def test_a_request_that_started_after_the_end_counts_in_the_last_window():
    windows = latency_windows(np.array([1.0, 10.4]), np.array([5.0, 7.0]), 10.0, 5.0)
    assert windows.answers.tolist() == [1, 1]
    assert windows.worst(0.99) == (7.0, 5.0)


@pytest.mark.parametrize(
    ("end_s", "answers", "expected_s"),
    [
        (270, 60_000, 1),  # busy: a second each
        (270, 742, 10),  # a few a second: longer windows, so that each holds about twenty
        (36_000, 10_000_000, 120),  # ten hours: no more than 300 windows
        (3, 5, 1),  # never shorter than a second
        (20, 1, 2),  # never fewer than ten or so
    ],
)
def test_windows_are_as_long_as_the_run_and_its_rate_ask_for(end_s, answers, expected_s):
    assert window_s(end_s, answers, 300) == expected_s


@given(st.lists(st.integers(0, 50), min_size=1, max_size=120), st.sampled_from([1.0, 2.0, 10.0, 60.0]))
def test_counts_per_window_add_up_to_the_counts_per_second(counts, width):
    starts_s, sums, lengths_s = per_window(np.array(counts), float(len(counts)), width)
    assert sums.sum() == sum(counts)
    assert lengths_s.sum() == pytest.approx(len(counts))
    assert np.all(np.diff(starts_s) > 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000), st.integers(10, 600))
def test_a_thinned_series_keeps_its_extremes_its_ends_and_its_order(values, most):
    t_s, kept = thin(np.arange(len(values), dtype=float), np.array(values), most)
    assert len(kept) <= max(most, 2) + 2
    assert kept.min() == min(values)
    assert kept.max() == max(values)
    assert (t_s[0], t_s[-1]) == (0, len(values) - 1)
    assert np.all(np.diff(t_s) > 0)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
def test_labels_are_spread_apart_in_their_order_and_inside_the_plot(wanted):
    placed = spread(wanted, 15, 0, 300)
    ordered = sorted(range(len(wanted)), key=wanted.__getitem__)
    heights = [placed[index] for index in ordered]
    assert all(upper - lower >= 15 - 1e-6 for lower, upper in itertools.pairwise(heights))
    assert min(placed) >= 0
    assert max(placed) <= 300


def test_labels_that_are_far_enough_apart_stay_where_they_belong():
    assert spread([10.0, 200.0, 80.0], 15, 0, 300) == [10.0, 200.0, 80.0]


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
    labels = band_labels(bands, end_s, page)
    edges = [
        (middle * page.plot_px / end_s, width_px(text, page.font_px) / 2) for middle, text in labels if text
    ]
    assert all(left + half <= right - other for (left, half), (right, other) in itertools.pairwise(edges))


def stages(count: int, name: str) -> tuple[Stage, ...]:
    return tuple(Stage(name.format(i + 1), i * 30.0, i * 30.0 + 30) for i in range(count))


def test_stages_are_named_where_the_names_fit():
    assert [text for _, text in band_labels(stages(9, "users-{}"), 270, WIDE)] == [
        f"users-{i}" for i in range(1, 10)
    ]


def test_stages_are_numbered_as_in_the_table_where_the_names_do_not_fit():
    assert [text for _, text in band_labels(stages(9, "users-{}"), 270, NARROW)] == list("123456789")


def test_of_very_many_stages_round_numbers_are_shown():
    shown = [text for _, text in band_labels(stages(200, "soak-{}"), 6000, NARROW)]
    assert shown == [str(number) for number in range(20, 201, 20)]


def test_a_stage_that_was_not_reached_has_no_label():
    assert [text for _, text in band_labels(stages(2, "s{}"), 29.0, WIDE)] == ["s1"]


@pytest.mark.parametrize(
    ("end_s", "step_s", "last"),
    [(3, 1, "3"), (60, 10, "60"), (270, 30, "4:30"), (3600, 600, "60:00"), (36_000, 7200, "10:00")],
)
def test_ticks_stand_where_a_clock_has_them(end_s, step_s, last):
    assert tick_step_s(end_s, 10 if end_s < 3600 else 8) == step_s
    assert clock(end_s, end_s) == last


@given(st.floats(1e-3, 1e5), st.floats(1, 1e4))
def test_a_logarithmic_axis_encloses_its_values_and_has_few_ticks(lowest, ratio):
    low, high = decades(lowest, lowest * ratio)
    assert low <= lowest * (1 + 1e-9)
    assert high >= lowest * ratio
    assert high / low >= 9.99
    ticks = log_ticks(low, high, 8)
    assert 1 <= len(ticks) <= 8
    assert ticks == sorted(ticks)


def test_names_from_outside_become_one_short_printable_line():
    assert label("a\nb\x00c\t d") == "a b c d"
    assert label("x" * 100, 10) == "x" * 9 + "…"


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
    assert share(part) == text


def test_what_was_not_measured_is_a_dash():
    assert ms(None) == ms(float("nan")) == "–"


def test_lists_are_joined_as_in_a_sentence():
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
