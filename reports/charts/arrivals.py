"""Draws whether recorded arrivals were sent when they were due, and in the bursts in which they came."""

from __future__ import annotations

import numpy as np

from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms
from reports.charts.small_multiples import SmallMultiple, TimeSeries, draw_small_multiples
from reports.data.columns import Floats
from reports.data.quantities import format_number
from reports.figures.dispersion import Dispersion, compare_dispersions
from reports.figures.generator import Lateness, measure_generator_health

ALIKE = 0.1
"""Indexes of dispersion that differ by at most this share are called the same."""
BURST_S = 0.1


def draw_arrivals(data: ChartData) -> Chart | None:
    """Arrival lag, and requests sent in each tenth of a second; None unless a recording was replayed."""
    samples = data.run.samples
    rows = np.isfinite(samples.sent_s)
    late = measure_generator_health(data.run).lateness
    if data.run.facts.recorded_dispersion is None or late is None:
        return None
    sent_s = samples.sent_s[rows]
    lag_ms = (sent_s - samples.intended_s[rows]) * 1000.0
    end_s = data.axis.end_s
    panels = [
        SmallMultiple(
            "arrival lag, ms: the largest of each second",
            (_find_largest(samples.intended_s[rows], lag_ms, end_s),),
        ),
        SmallMultiple("requests sent in each 0.1 s", (_count(sent_s, end_s),)),
    ]
    found = compare_dispersions(data.run)
    return Chart(
        "arrivals",
        "Recorded arrivals",
        _compose_title(late, found),
        _compose_figures(late, found),
        draw_picture("arrivals", lambda figure, page: draw_small_multiples(figure, page, data.axis, panels)),
        "The index of dispersion is the variance of the counts in windows of a length, divided by their "
        "mean: 1 for independent arrivals at a constant rate, more for bursts.",
    )


def _find_largest(t_s: Floats, lag_ms: Floats, end_s: float) -> TimeSeries:
    seconds = np.clip(t_s, 0, end_s).astype(np.int64)
    largest = np.zeros(int(seconds.max()) + 1)
    np.maximum.at(largest, seconds, lag_ms)
    there = np.unique(seconds)
    middles = there.astype(np.float64) + 0.5
    return TimeSeries(np.minimum(middles, end_s), largest[there], "load")


def _count(sent_s: Floats, end_s: float) -> TimeSeries:
    counts = np.bincount((np.clip(sent_s, 0, end_s) / BURST_S).astype(np.int64))
    return TimeSeries(
        np.arange(len(counts), dtype=np.float64) * BURST_S, counts.astype(np.float64), "load", steps=True
    )


def _compose_title(late: Lateness, found: list[Dispersion]) -> str:
    changed = [each for each in found if abs(each.sent - each.due) > ALIKE * max(each.due, ALIKE)]
    if not changed:
        bursts = ", in the bursts in which they were due" if found else ""
        return f"Requests were sent {format_ms(late.max_ms)} late at most{bursts}"
    most = max(changed, key=lambda each: abs(each.sent - each.due) / max(each.due, ALIKE))
    return (
        f"The bursts were not sent as they were due: in windows of {format_number(most.window_s)} s the "
        f"index of dispersion is {format_number(most.sent)} instead of {format_number(most.due)}"
    )


def _compose_figures(late: Lateness, found: list[Dispersion]) -> str:
    lag = (
        f"Arrival lag {format_ms(late.p50_ms)} at p50, {format_ms(late.p99_ms)} at p99, "
        f"{format_ms(late.max_ms)} at most."
    )
    windows = "; ".join(
        f"{format_number(each.recorded)} recorded, {format_number(each.due)} due and "
        f"{format_number(each.sent)} sent in windows of {format_number(each.window_s)} s"
        for each in found
    )
    return f"{lag} Index of dispersion of counts: {windows}." if windows else lag
