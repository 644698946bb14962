"""A logarithmic latency axis contains its values and has few ticks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reports.charts.latency_axis import find_log_limits, find_log_ticks


@given(st.floats(1e-3, 1e5), st.floats(1, 1e4))
def test_a_logarithmic_axis_encloses_its_values_and_has_few_ticks(lowest, ratio):
    low, high = find_log_limits(lowest, lowest * ratio)
    assert low <= lowest * (1 + 1e-9)
    assert high >= lowest * ratio
    assert high / low >= 9.99
    ticks = find_log_ticks(low, high, 8)
    assert 1 <= len(ticks) <= 8
    assert ticks == sorted(ticks)
