"""Finds the load at which, or the time when, a latency percentile exceeded its limit for good."""

from __future__ import annotations

import numpy as np

from reports.charts.chart_data import ChartData
from reports.charts.windows import PERCENTILE_NAMES
from reports.data.quantities import format_count, format_duration, format_number
from reports.figures.crossing import LimitCrossing

_MOST = 0.6
"""The share of the windows that counts as most of them."""


def find_lasting_crossing(data: ChartData) -> LimitCrossing | None:
    """When a percentile exceeded its limit for good; None if it did not.

    It was below the limit in most windows before that moment, and above it in most windows after.
    """
    crossing = data.summary.limit_crossing
    if crossing is None:
        return None
    quantile = {f"{name} latency": quantile for quantile, name in PERCENTILE_NAMES.items()}.get(
        crossing.metric
    )
    if quantile is None:
        return None
    windows = data.windows
    known = windows.answers > 0
    over = windows.percentiles_ms[quantile][known] > crossing.limit_ms
    later = windows.start_s[known] >= crossing.t_s
    if not later.any() or later.all():
        return None
    lasting = np.mean(over[later]) >= _MOST and np.mean(over[~later]) <= 1 - _MOST
    return crossing if lasting else None


def describe_place(crossing: LimitCrossing) -> str:
    """Where the limit was crossed: 'at 12 users and 40 requests/s', or when, if the load was constant."""
    if crossing.constant_load:
        return f"{format_duration(crossing.t_s)} into the run, under constant load"
    return f"at {_describe_load(crossing)}"


def _describe_load(crossing: LimitCrossing) -> str:
    rate = f"{format_number(crossing.rate)} requests/s"
    return rate if crossing.users is None else f"{format_count(round(crossing.users), 'user')} and {rate}"
