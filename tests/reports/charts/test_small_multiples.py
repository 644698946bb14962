"""A series of observations is drawn with its gaps and its peaks, however long it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reports.charts.small_multiples import TimeSeries, _simplify
from reports.data.run import Run

Make = Callable[..., Run]


def test_what_was_observed_before_the_start_or_after_the_end_is_left_out(make_run: Make) -> None:
    """Workers of a distributed run observe themselves before the load begins."""
    telemetry = {("generator", "cpu_percent"): [(-0.9, 99.0), (0.5, 1.0), (1.5, 2.0), (99.0, 98.0)]}
    series = TimeSeries.read(make_run(100, telemetry=telemetry), "cpu_percent", "generator", "load", 10.0)
    assert series.t_s.tolist() == [0.5, 1.5]
    assert series.value.tolist() == [1.0, 2.0]


def test_missing_observations_are_not_joined_by_a_line() -> None:
    t_s = np.concatenate((np.arange(10.0), np.arange(20.0, 30.0)))
    drawn_t, drawn = _simplify(TimeSeries(t_s, np.ones(20), "service"))
    (gap,) = np.flatnonzero(np.isnan(drawn))
    assert (drawn_t[gap - 1], drawn_t[gap + 1]) == (9.0, 20.0)
    assert np.count_nonzero(np.isfinite(drawn)) == 20


def test_ten_hours_are_thinned_to_what_can_be_seen_with_their_peak() -> None:
    value = np.ones(36_000)
    value[17_003] = 99.0
    _, drawn = _simplify(TimeSeries(np.arange(36_000.0), value, "service"))
    assert len(drawn) < 1000
    assert np.nanmax(drawn) == 99.0
