"""Counters and histograms are computed with as Prometheus does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.prometheus.counters import BucketQuantile, compute_increase, interpolate_quantile

BUCKETS = [(0.001, 0.0), (0.002, 80.0), (0.005, 98.0), (math.inf, 100.0)]


def test_after_a_restart_a_counter_counts_from_zero() -> None:
    assert compute_increase([5.0, 9.0, 2.0, 4.0]) == 4 + 2 + 2


@pytest.mark.parametrize(
    ("share", "value_s", "low_s", "high_s"),
    [
        (0.4, 0.0015, 0.001, 0.002),
        (0.8, 0.002, 0.001, 0.002),
        (0.89, 0.0035, 0.002, 0.005),
        (0.99, 0.005, 0.005, math.inf),
    ],
)
def test_a_quantile_is_interpolated_within_its_bucket(
    share: float, value_s: float, low_s: float, high_s: float
) -> None:
    found = interpolate_quantile(share, BUCKETS)
    assert found is not None
    assert found.value_s == pytest.approx(value_s)
    assert (found.low_s, found.high_s) == (low_s, high_s)


@pytest.mark.parametrize("buckets", [[], [(0.1, 0.0), (math.inf, 0.0)]])
def test_without_a_request_there_is_no_quantile(buckets: list[tuple[float, float]]) -> None:
    assert interpolate_quantile(0.5, buckets) is None


def test_the_first_bucket_begins_at_zero() -> None:
    assert interpolate_quantile(0.5, [(0.002, 10.0), (math.inf, 10.0)]) == BucketQuantile(0.001, 0.0, 0.002)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any),
    st.floats(0.001, 1),
    st.floats(0.001, 1),
)
def test_a_quantile_lies_within_its_bucket_and_rises_with_its_share(
    counts: list[int], one: float, other: float
) -> None:
    bounds = [*(float(place) for place in range(1, len(counts))), math.inf]
    buckets = [(bound, float(sum(counts[: place + 1]))) for place, bound in enumerate(bounds)]
    lower, upper = (interpolate_quantile(share, buckets) for share in sorted((one, other)))
    assert lower is not None
    assert upper is not None
    assert lower.low_s <= lower.value_s <= lower.high_s
    assert lower.value_s <= upper.value_s
