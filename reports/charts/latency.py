"""Draws whether latency stayed below its limit all the time."""

from __future__ import annotations

import numpy as np

from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData, LatencyLimit
from reports.charts.formatting import format_ms
from reports.charts.latency_plot import paint_latency
from reports.charts.limit_crossing import describe_place, find_lasting_crossing
from reports.charts.windows import PERCENTILE_NAMES, QUANTILES, LatencyWindows
from reports.data.quantities import format_against_limit, format_count, format_duration
from reports.figures.crossing import LimitCrossing


def draw_latency(data: ChartData) -> Chart:
    """p50, p95 and p99 of the requests that started in each window, with the limits."""
    question = "Latency over time"
    if not len(data.answered):
        return Chart("latency", question, "No request succeeded, so there is no latency to show", "")
    windows, crossing = data.windows, find_lasting_crossing(data)
    return Chart(
        "latency",
        question,
        _compose_title(windows, data.limits, crossing),
        " ".join(filter(None, (data.verdict.steadiness, _compose_figures(data, crossing)))),
        draw_picture("latency", lambda figure, page: paint_latency(figure, page, data, crossing)),
        f"Each point holds the requests that started in the same {windows.name}"
        + (
            "; where those are fewer than 100, p99 is the slowest of them."
            if np.median(windows.answers[windows.answers > 0]) < 100
            else "."
        ),
    )


def _compose_title(
    windows: LatencyWindows, limits: tuple[LatencyLimit, ...], crossing: LimitCrossing | None
) -> str:
    """How the highest percentile that has a limit compares with it, window by window."""
    known = [limit for limit in limits if limit.everywhere and limit.quantile in QUANTILES]
    if not known:
        worst_ms, at_s = windows.find_worst(0.99)
        return f"p99 reached {format_ms(worst_ms)} in its worst {windows.name}, at {format_duration(at_s)}"
    limit = max(known, key=lambda limit: limit.quantile)
    name, bound = PERCENTILE_NAMES[limit.quantile], format_ms(limit.limit_ms)
    worst_ms, at_s = windows.find_worst(limit.quantile)
    over = windows.percentiles_ms[limit.quantile] > limit.limit_ms
    worst = (
        f"worst {windows.name} {format_against_limit(worst_ms, limit.limit_ms)} ms at {format_duration(at_s)}"
    )
    many, filled = int(np.count_nonzero(over)), int(np.count_nonzero(windows.answers))
    if not many:
        return (
            f"{name} stayed {'under' if worst_ms < limit.limit_ms else 'within'} {bound} throughout; {worst}"
        )
    if many == filled:
        return f"{name} was above {bound} throughout; {worst}"
    if crossing is not None and crossing.metric == f"{name} latency":
        moment = "" if crossing.constant_load else f", {format_duration(crossing.t_s)} into the run"
        return f"{name} passed {bound} {describe_place(crossing)}{moment}; {worst}"
    first_s = float(windows.start_s[int(np.argmax(over))])
    part = f"{many:,} of {format_count(filled, windows.name)}"
    return f"{name} was above {bound} in {part}, first at {format_duration(first_s)}; {worst}"


def _compose_figures(data: ChartData, crossing: LimitCrossing | None) -> str:
    total = data.summary.total
    text = (
        f"Over all that is judged, p50 was {format_ms(total.p50_ms)}, p95 {format_ms(total.p95_ms)}, "
        f"p99 {format_ms(total.p99_ms)}, the slowest answer {format_ms(total.max_ms)}."
    )
    if crossing is not None:
        limit, value = (
            format_ms(crossing.limit_ms),
            format_against_limit(crossing.value_ms, crossing.limit_ms),
        )
        text += (
            f" {crossing.metric} first passed its limit of {limit} {describe_place(crossing)}: "
            f"{value} ms in the five seconds before {format_duration(crossing.t_s)}."
        )
    for worst in data.worst_windows:
        text += (
            f" In its worst {format_duration(worst.end_s - worst.start_s)}, from "
            f"{format_duration(worst.start_s)} on, "
            f"{worst.name} was {format_against_limit(worst.value_ms, worst.limit_ms)} ms; "
            f"the limit for any such stretch is {format_ms(worst.limit_ms)}."
        )
    return text
