"""A run is divided into windows; no request is lost, and no window is longer than the run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.windows import choose_window_s, compute_latency_windows, sum_per_window, thin_series

times = st.lists(st.floats(0, 99.99), min_size=1, max_size=200)


@given(times, st.sampled_from([1.0, 5.0, 30.0]), st.integers(0, 2**32 - 1))
def test_each_window_holds_the_nearest_rank_percentiles_of_the_requests_that_started_in_it(at_s, width, seed):
    intended_s = np.sort(at_s)
    latency_ms = np.random.default_rng(seed).exponential(20, len(at_s))
    windows = compute_latency_windows(intended_s, latency_ms, 100.0, width)
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
    windows = compute_latency_windows(intended_s, np.arange(50.0), end_s, 10.0)
    assert windows.start_s.tolist() == starts_s
    assert windows.middle_s.tolist() == pytest.approx(middles_s)
    assert windows.answers.sum() == 50


def test_a_request_that_started_after_the_end_counts_in_the_last_window():
    windows = compute_latency_windows(np.array([1.0, 10.4]), np.array([5.0, 7.0]), 10.0, 5.0)
    assert windows.answers.tolist() == [1, 1]
    assert windows.find_worst(0.99) == (7.0, 5.0)


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
    assert choose_window_s(end_s, answers, 300) == expected_s


@given(st.lists(st.integers(0, 50), min_size=1, max_size=120), st.sampled_from([1.0, 2.0, 10.0, 60.0]))
def test_counts_per_window_add_up_to_the_counts_per_second(counts, width):
    starts_s, sums, lengths_s = sum_per_window(np.array(counts), float(len(counts)), width)
    assert sums.sum() == sum(counts)
    assert lengths_s.sum() == pytest.approx(len(counts))
    assert np.all(np.diff(starts_s) > 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000), st.integers(10, 600))
def test_a_thinned_series_keeps_its_extremes_its_ends_and_its_order(values, most):
    t_s, kept = thin_series(np.arange(len(values), dtype=float), np.array(values), most)
    assert len(kept) <= max(most, 2) + 2
    assert kept.min() == min(values)
    assert kept.max() == max(values)
    assert (t_s[0], t_s[-1]) == (0, len(values) - 1)
    assert np.all(np.diff(t_s) > 0)
