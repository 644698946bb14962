"""Draws latency against rate, throughput against concurrency, and where slow requests spend their time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity.findings import CapacityFindings
from capacity.scalability import ScalabilityFit
from capacity.trials import LatencyParts, TrialFigures
from reports.charts.canvas import (
    BOTTOM_PX,
    TOP_PX,
    PageFormat,
    add_caption,
    add_panel,
    draw_picture,
    set_height,
)
from reports.charts.chart_data import Chart
from reports.charts.formatting import format_ms
from reports.charts.latency_axis import set_latency_axis
from reports.charts.palette import colour_for
from reports.data.quantities import format_count, format_number
from reports.objectives.parsing import parse_objectives

_SHAPES = {
    "proven": ("o", "met"),
    "broken": ("X", "missed"),
    "open": ("D", "muted"),
    "invalid": ("x", "muted"),
}
_PARTS = (("queue", "queue"), ("inference", "inference"), ("rest", "rest"))


def draw_capacity_charts(found: CapacityFindings) -> list[Chart]:
    """The charts for which there are figures."""
    drawn = (_draw_latency(found), _draw_parts(found), _draw_concurrency(found))
    return [chart for chart in drawn if chart is not None]


def _draw_latency(found: CapacityFindings) -> Chart | None:
    trials = [trial for trial in sort_trials(found.trials) if trial.figures.p99_ms is not None]
    if not trials:
        return None
    low, high = found.capacity.at_least, found.capacity.less_than
    title = "No rate is proven and none is broken"
    if low is not None:
        title = f"p99 was {format_ms(_find_p99(trials, low))} at {format_number(low)} requests/s, which hold"
    if high is not None:
        title += f", and {format_ms(_find_p99(trials, high))} at {format_number(high)}/s, which don't"
    told = "; ".join(
        f"{format_number(trial.planned_per_s)}/s: p50 {format_ms(trial.figures.p50_ms or 0.0)}, "
        f"p99 {format_ms(trial.figures.p99_ms or 0.0)}, {trial.outcome}"
        for trial in trials
    )
    return Chart(
        "latency",
        "How does latency rise with the rate?",
        title,
        f"{told}.",
        draw_picture("latency", lambda figure, page: _paint_latency(figure, page, found, trials)),
        "Each mark is a trial: a circle is proven, a cross broken, a diamond undecided. The capacity is "
        "within the band.",
    )


def sort_trials(trials: Sequence[TrialFigures]) -> list[TrialFigures]:
    """By their rate."""
    return sorted(trials, key=lambda trial: trial.planned_per_s)


def _find_p99(trials: Sequence[TrialFigures], rate_per_s: float) -> float:
    return next((trial.figures.p99_ms or 0.0 for trial in trials if trial.planned_per_s == rate_per_s), 0.0)


def _paint_latency(
    figure: Figure, page: PageFormat, found: CapacityFindings, trials: list[TrialFigures]
) -> None:
    axes = _add_axes(figure, page, "requests/s")
    rates = [trial.planned_per_s for trial in trials]
    typical = [trial.figures.p50_ms or 0.0 for trial in trials]
    slow = [trial.figures.p99_ms or 0.0 for trial in trials]
    limits = _list_limits(found.objectives)
    set_latency_axis(
        axes, page, float(np.median(typical)), min(typical), max(*slow, *limits.values(), 0.0), caption_px=12
    )
    axes.set_xlim(0, 1.06 * max(rates))
    low, high = found.capacity.at_least, found.capacity.less_than
    if low is not None and high is not None:
        axes.axvspan(low, high, color=colour_for("band"), zorder=0)
        for rate in (low, high):
            axes.axvline(rate, color=colour_for("muted"), linewidth=1, dashes=(2, 2), zorder=1)
    for text, limit_ms in limits.items():
        axes.axhline(limit_ms, color=colour_for("missed"), linewidth=1.4, dashes=(5, 3), zorder=2)
        _write(axes, page, text, (0.01, limit_ms), "missed-text", ("axes fraction", "data"), (0, 4))
    for name, values, role in (("p50", typical, "p50"), ("p99", slow, "p99")):
        axes.plot(rates, values, color=colour_for(role), linewidth=1.6, zorder=3)
        _write(axes, page, name, (1, values[-1]), f"{role}-text", ("axes fraction", "data"), (6, -4))
    for trial, value in zip(trials, slow, strict=True):
        shape, role = _SHAPES[trial.outcome]
        axes.plot(
            [trial.planned_per_s], [value], shape, color=colour_for(role), markersize=9, mew=0, zorder=4
        )


def _list_limits(objectives: Sequence[str]) -> dict[str, float]:
    """The limits of latency by their sentences, in ms."""
    return {
        objective.text: objective.limit
        for objective in parse_objectives(objectives)
        if objective.definition.name.endswith("latency") and objective.on is None
    }


def _draw_concurrency(found: CapacityFindings) -> Chart | None:
    steps, fit = found.concurrency, found.scalability
    if not steps:
        return None
    best = max(steps, key=lambda step: step.throughput_per_s)
    told = "; ".join(
        f"{format_count(step.users, 'user')}: {format_number(step.throughput_per_s)}/s" for step in steps
    )
    return Chart(
        "concurrency",
        "How does throughput grow with concurrency?",
        f"{format_count(best.users, 'user')} at once got the most: {format_number(best.throughput_per_s)}/s",
        f"{told}.{'' if fit is None else ' ' + describe_fit(fit)}",
        draw_picture("concurrency", lambda figure, page: _paint_concurrency(figure, page, found)),
        "Users who never pause. The line is the Universal Scalability Law; each number of users had a few "
        "seconds.",
    )


def describe_fit(fit: ScalabilityFit) -> str:
    """The parameters with their intervals, the residuals, and the peak."""
    values = (fit.single_per_s, fit.contention, fit.coherency)
    names = ("one user alone gets λ = {}/s", "contention σ = {}", "coherency κ = {}")
    told = [
        f"{name.format(format_number(value))} ({format_number(low)} to {format_number(high)})"
        for name, value, (low, high) in zip(names, values, fit.intervals, strict=True)
    ]
    worst = max(abs(each) for each in fit.residuals)
    peak = fit.peak_concurrency
    most = "" if peak is None else f" By the law throughput is highest with {format_number(peak)} users."
    sure = format_number(100 * fit.confidence)
    return (
        f"By the law {', '.join(told)}, {sure} % intervals; the measurements differ from it by at most "
        f"{format_number(100 * worst, 2)} %.{most}"
    )


def _paint_concurrency(figure: Figure, page: PageFormat, found: CapacityFindings) -> None:
    axes = _add_axes(figure, page, "users")
    users = [step.users for step in found.concurrency]
    rates = [step.throughput_per_s for step in found.concurrency]
    axes.set_xlim(0, 1.06 * max(users))
    axes.set_ylim(0, 1.15 * max(rates))
    add_caption(axes, page, "successful replies/s", above_px=12)
    if found.scalability is not None:
        line = np.linspace(1, max(users), 200)
        fitted = found.scalability.compute_throughput(line)
        axes.plot(line, fitted, color=colour_for("load"), linewidth=1.6, zorder=3)
    axes.plot(users, rates, "o", color=colour_for("p95"), markersize=8, mew=0, zorder=4)


def _draw_parts(found: CapacityFindings) -> Chart | None:
    shown = [(trial, trial.slow) for trial in sort_trials(found.trials) if trial.slow is not None]
    if not shown:
        return None
    trial, parts = shown[-1]
    told = "; ".join(
        f"{format_number(each.planned_per_s)}/s: queue {format_ms(slow.queue_ms)}, inference "
        f"{format_ms(slow.inference_ms)}, rest {format_ms(slow.rest_ms + slow.unsent_ms)}"
        for each, slow in shown
    )
    most = max(_PARTS, key=lambda part: _find_part(parts, part[0]))
    return Chart(
        "parts",
        "Where does the time of slow requests go?",
        f"At {format_number(trial.planned_per_s)} requests/s most of p99 is {_NAMES[most[0]]}",
        f"{told}.",
        draw_picture("parts", lambda figure, page: _paint_parts(figure, page, shown)),
        "p99 of each trial, by what the service reports of itself; the rest is network, parsing, and waiting "
        "to be sent.",
    )


_NAMES = {"queue": "the queue", "inference": "inference", "rest": "outside of queue and inference"}


def _find_part(parts: LatencyParts, name: str) -> float:
    return {
        "queue": parts.queue_ms,
        "inference": parts.inference_ms,
        "rest": parts.rest_ms + parts.unsent_ms,
    }[name]


def _paint_parts(
    figure: Figure, page: PageFormat, shown: Sequence[tuple[TrialFigures, LatencyParts]]
) -> None:
    axes = _add_axes(figure, page, "requests/s")
    places = np.arange(len(shown))
    heights = np.zeros(len(shown))
    for name, role in _PARTS:
        values = np.array([_find_part(parts, name) for _, parts in shown])
        axes.bar(places, values, 0.6, bottom=heights, color=colour_for(role), zorder=3)
        if values[-1] > 0.04 * sum(_find_part(shown[-1][1], part) for part, _ in _PARTS):
            middle = float(heights[-1] + values[-1] / 2)
            _write(axes, page, name[:5], (1, middle), f"{role}-text", ("axes fraction", "data"), (2, -4))
        heights += values
    axes.set_xlim(-0.6, len(shown) - 0.4)
    axes.set_ylim(0, 1.1 * float(heights.max()) or 1)
    axes.set_xticks(places, [format_number(trial.planned_per_s) for trial, _ in shown])
    add_caption(axes, page, "p99 latency, ms", above_px=12)


def _add_axes(figure: Figure, page: PageFormat, label: str) -> Axes:
    height_px = 300 if page.wide else 240
    set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px)
    _write(axes, page, label, (1, 0), "muted", ("axes fraction", "axes fraction"), (0, -34), "right")
    return axes


def _write(
    axes: Axes,
    page: PageFormat,
    text: str,
    at: tuple[float, float],
    role: str,
    coordinates: tuple[str, str],
    shift_px: tuple[float, float],
    side: str = "left",
) -> None:
    axes.annotate(
        text,
        at,
        xycoords=coordinates,
        xytext=shift_px,
        textcoords="offset pixels",
        fontsize=page.font_px,
        color=colour_for(role),
        ha=side,
        zorder=6,
    )
