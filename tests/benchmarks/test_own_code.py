"""The measurements of own code run, and their page shows both sides."""

from __future__ import annotations

import pytest

from benchmarks.own_code.__main__ import render_page
from benchmarks.own_code.columns import OWN, ColumnsCost, measure_columns
from benchmarks.own_code.http_metrics import measure_own_us
from benchmarks.own_code.intervals import Coverage, measure_coverage
from benchmarks.own_code.slicing import SlicingCost, measure_slicing


def test_the_page_shows_medians_of_both_sides() -> None:
    columns = [(ColumnsCost(cpu_ms, 40.0), ColumnsCost(0.5, 1.0)) for cpu_ms in (250.0, 230.0, 900.0)]
    slicing = [SlicingCost(25.0, 11.0, longest_ms, 0.1) for longest_ms in (0.4, 0.5, 9.0)]
    page = render_page(columns, [(50.0, 4.0)], slicing, [Coverage(0.9, 0.6, 0.98, 2.0)])
    assert "to Arrow and back, ms | 250 | 0.5 |" in page
    assert "metrics of a request, µs | 50 | 4 |" in page
    assert "the event loop is blocked for at most, ms | 25 | 0.5 |" in page
    assert "| 0.9 | 60 % | 98 % | 2 |" in page


def test_intervals_that_assume_independence_miss_bursts() -> None:
    """Seeded: at 95 %, with strongly autocorrelated failures."""
    found = measure_coverage(0.9)
    assert found.independent < 0.7
    assert found.own > 0.94


def test_each_measurement_gives_a_figure() -> None:
    slicing = measure_slicing()
    assert 0 < slicing.longest_slice_ms <= slicing.slices_ms
    assert measure_own_us() > 0


@pytest.mark.real
def test_columns_are_measured_in_a_fresh_process() -> None:
    assert measure_columns(OWN).cpu_ms > 0
