"""Plots whether latency stayed under its limit all the time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.canvas import BOTTOM_PX, TOP_PX, Format, panel, picture, resize
from reports.charts.chart_data import Chart, Limit, Scene, WorstWindow
from reports.charts.formatting import ms
from reports.charts.latency_axis import draw_limits, label_ends, set_latency_axis
from reports.charts.palette import mark
from reports.charts.windows import QUANTILES, Windows
from reports.data.quantities import beside, counted, duration, number
from reports.data.samples import Floats, Mask
from reports.figures.summary import LimitCrossing

_MOST = 0.6
"""Share of the windows that is called most of them."""
_NAMES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}


def latency_over_time(scene: Scene) -> Chart:
    """p50, p95 and p99 of the requests that started in each window, with the limits."""
    question = "Latency over time"
    if not len(scene.answered):
        return Chart("latency", question, "No request succeeded, so there is no latency to show", "")
    windows = scene.windows
    return Chart(
        "latency",
        question,
        title(windows, scene.limits, crossing(scene)),
        _figures(scene),
        picture("latency", lambda figure, page: _paint(figure, page, scene)),
        f"Each point holds the requests that started in the same {windows.name}"
        + (
            "; where those are fewer than 100, p99 is the slowest of them."
            if np.median(windows.answers[windows.answers > 0]) < 100
            else "."
        ),
    )


def title(windows: Windows, limits: tuple[Limit, ...], passed: LimitCrossing | None = None) -> str:
    """What is seen: the strictest percentile that has a limit against that limit, window by window."""
    known = [limit for limit in limits if limit.everywhere and limit.quantile in QUANTILES]
    if not known:
        worst_ms, at_s = windows.worst(0.99)
        return f"p99 reached {ms(worst_ms)} in its worst {windows.name}, at {duration(at_s)}"
    limit = max(known, key=lambda limit: limit.quantile)
    name, bound = _NAMES[limit.quantile], ms(limit.limit_ms)
    worst_ms, at_s = windows.worst(limit.quantile)
    over = windows.percentiles_ms[limit.quantile] > limit.limit_ms
    worst = f"worst {windows.name} {beside(worst_ms, limit.limit_ms)} ms at {duration(at_s)}"
    many, filled = int(np.count_nonzero(over)), int(np.count_nonzero(windows.answers))
    if not many:
        return (
            f"{name} stayed {'under' if worst_ms < limit.limit_ms else 'within'} {bound} throughout; {worst}"
        )
    if many == filled:
        return f"{name} was above {bound} throughout; {worst}"
    if passed is not None and passed.metric == f"{name} latency":
        return f"{name} passed {bound} at {_load(passed)}, {duration(passed.t_s)} into the run; {worst}"
    first_s = float(windows.start_s[int(np.argmax(over))])
    part = f"{many:,} of {counted(filled, windows.name)}"
    return f"{name} was above {bound} in {part}, first at {duration(first_s)}; {worst}"


def crossing(scene: Scene) -> LimitCrossing | None:
    """Where a percentile passed its limit for good: below it in most windows before, above in most after."""
    passed = scene.summary.limit_crossing
    if passed is None:
        return None
    quantile = {f"{name} latency": quantile for quantile, name in _NAMES.items()}.get(passed.metric)
    if quantile is None:
        return None
    windows = scene.windows
    known = windows.answers > 0
    over = windows.percentiles_ms[quantile][known] > passed.limit_ms
    later = windows.start_s[known] >= passed.t_s
    if not later.any() or later.all():
        return None
    lasting = np.mean(over[later]) >= _MOST and np.mean(over[~later]) <= 1 - _MOST
    return passed if lasting else None


def _load(crossing: LimitCrossing) -> str:
    rate = f"{number(crossing.rate)} requests/s"
    return rate if crossing.users is None else f"{counted(round(crossing.users), 'user')} and {rate}"


def _figures(scene: Scene) -> str:
    total, passed = scene.summary.total, crossing(scene)
    text = (
        f"Over all that is judged, p50 was {ms(total.p50_ms)}, p95 {ms(total.p95_ms)}, "
        f"p99 {ms(total.p99_ms)}, the slowest answer {ms(total.max_ms)}."
    )
    if passed is not None:
        value = beside(passed.value_ms, passed.limit_ms)
        text += (
            f" {passed.metric} first passed its limit of {ms(passed.limit_ms)} at {_load(passed)}: "
            f"{value} ms in the five seconds before {duration(passed.t_s)}."
        )
    for worst in scene.worst_windows:
        text += (
            f" In its worst {duration(worst.end_s - worst.start_s)}, from {duration(worst.start_s)} on, "
            f"{worst.name} was {beside(worst.value_ms, worst.limit_ms)} ms; "
            f"the limit for any such stretch is {ms(worst.limit_ms)}."
        )
    return text


def _paint(figure: Figure, page: Format, scene: Scene) -> None:
    height_px = 300 if page.wide else 240
    resize(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = panel(figure, page, height_px)
    scene.axis.apply(axes, page)
    windows = scene.windows
    p99 = windows.percentiles_ms[0.99]
    worst = scene.worst_windows
    limits_ms = [*(limit.limit_ms for limit in scene.limits), *(window.value_ms for window in worst)]
    typical_ms = float(np.nanmedian(windows.percentiles_ms[0.5]))
    lowest_ms = float(np.nanmin(windows.percentiles_ms[0.5]))
    set_latency_axis(
        axes, page, typical_ms, min(lowest_ms, *limits_ms, np.inf), max(np.nanmax(p99), *limits_ms, 0)
    )
    ends = []
    for quantile in QUANTILES:
        role = _NAMES[quantile]
        values_ms = windows.percentiles_ms[quantile]
        axes.plot(
            windows.middle_s,
            values_ms,
            color=mark(role),
            linewidth=2 if quantile == 0.99 else 1.6,
            solid_joinstyle="round",
            zorder=4,
        )
        alone = _alone(values_ms)
        if alone.any():
            axes.plot(
                windows.middle_s[alone],
                values_ms[alone],
                "o",
                color=mark(role),
                markersize=5,
                zorder=4,
                mew=0,
            )
        ends.append((float(values_ms[np.flatnonzero(~np.isnan(values_ms))[-1]]), role, f"{role}-text"))
    draw_limits(axes, page, scene.limits)
    for window in worst:
        _mark_worst(axes, page, window)
    label_ends(axes, page, ends)
    passed = crossing(scene)
    if passed is not None:
        _mark_crossing(axes, page, passed)


def _mark_worst(axes: Axes, page: Format, worst: WorstWindow) -> None:
    """A bar as long as the window, at what was observed in it, with its words where there is room."""
    role = "met" if worst.kept else "missed"
    place = (worst.start_s, worst.value_ms)
    axes.plot(
        (worst.start_s, min(worst.end_s, axes.get_xlim()[1])),
        (worst.value_ms, worst.value_ms),
        color=mark(role),
        linewidth=5,
        solid_capstyle="butt",
        zorder=5,
    )
    if not page.wide:
        return
    late = worst.start_s > axes.get_xlim()[1] * 0.6
    axes.annotate(
        f"{worst.name} {ms(worst.value_ms)} in its worst {duration(worst.end_s - worst.start_s)}",
        (worst.end_s, worst.value_ms) if late else place,
        xytext=(0, 6),
        textcoords="offset pixels",
        ha="right" if late else "left",
        fontsize=page.font_px,
        color=mark(f"{role}-text"),
        zorder=6,
    )


def _mark_crossing(axes: Axes, page: Format, crossing: LimitCrossing) -> None:
    axes.axvline(crossing.t_s, color=mark("missed"), linewidth=1.2, dashes=(1, 2), zorder=3)
    name = crossing.metric.partition(" ")[0]
    early = crossing.t_s < axes.get_xlim()[1] / 2
    axes.annotate(
        f"{name} > {ms(crossing.limit_ms)} at {_load(crossing)}"
        if page.wide
        else f"{name} > {ms(crossing.limit_ms)}",
        (crossing.t_s, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5 if early else -5, -page.font_px),
        textcoords="offset pixels",
        ha="left" if early else "right",
        fontsize=page.font_px,
        color=mark("missed-text"),
        zorder=6,
    )


def _alone(values: Floats) -> Mask:
    """Which values have no neighbour, so that a line would not show them."""
    empty = np.concatenate(([True], np.isnan(values), [True]))
    return ~empty[1:-1] & empty[:-2] & empty[2:]
