"""Draws whether the planned load was offered."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.charts.canvas import (
    BOTTOM_PX,
    TOP_PX,
    PageFormat,
    add_caption,
    add_panel,
    draw_picture,
    set_height,
)
from reports.charts.chart_data import MAX_POINTS, Chart, ChartData
from reports.charts.formatting import format_share
from reports.charts.latency_axis import label_line_ends
from reports.charts.palette import colour_for
from reports.charts.time_axis import STEPS_S
from reports.charts.windows import sum_per_window, thin_series
from reports.data.columns import Floats
from reports.data.quantities import format_count, format_duration, format_number
from reports.data.samples import Samples
from reports.data.turns import mark_turns, name_turns
from reports.figures.timeline import count_per_second

_GAP_PX = 40
ENOUGH = 0.95
"""The share of the planned load below which the title says that it was not offered."""
_HIGH = 0.999
"""The plan is at its peak where its rate is at least this share of the highest one."""
_FEWEST = 10
"""With fewer planned requests at the peak, their rate would be a matter of chance."""
Curve: TypeAlias = tuple[Floats, Floats]
"""Times in seconds, and values."""


def draw_load(data: ChartData) -> Chart:
    """The rate of sent requests beside the planned one, and below it the users, if there are any."""
    sent = _measure_sent(data)
    return Chart(
        "load",
        "Load over time",
        _compose_title(data, sent),
        _compose_figures(data),
        draw_picture("load", lambda figure, page: _paint(figure, page, data, sent)),
        f"Solid is what was sent, in windows of {format_duration(_choose_window_s(data))}; dotted is "
        "the plan."
        + (
            " A turn is one request or one journey; logins are not counted."
            if data.run.facts.turn_starts
            else ""
        ),
    )


def _compose_title(data: ChartData, sent: Curve) -> str:
    offered = data.run.facts.offered
    users = data.summary.timeline.users
    rate = _measure_peak_rate(data) if offered is None or offered >= ENOUGH else None
    highest = format_number(float(sent[1].max())) if rate is None else format_number(rate, 2)
    peak = f"{highest} {name_turns(data.run.facts)}/s"
    if not np.isnan(users).all():
        peak = f"{format_count(round(float(np.nanmax(users))), 'user')} and {peak}"
    if offered is None:
        return f"The load reached {peak}"
    if offered >= 0.995:
        return f"The planned load was offered in full, up to {peak}"
    if offered >= ENOUGH:
        return f"{format_share(offered)} of the planned load was offered, up to {peak}"
    return f"Only {format_share(offered)} of the planned load was offered; it reached {peak}"


def _measure_peak_rate(data: ChartData) -> float | None:
    """The rate of sent requests while the plan was at its peak.

    None if no rate was planned, or too few requests for the rate to mean something.
    """
    plan = data.run.facts.plan
    if not plan.rate:
        return None
    t_s, rate = np.array(plan.t_s), np.array(plan.rate)
    high = rate >= _HIGH * rate.max()
    both = np.flatnonzero(high[:-1] & high[1:])
    starts_s, ends_s = t_s[both], np.minimum(t_s[both + 1], data.axis.end_s)
    lasted_s = float(np.maximum(ends_s - starts_s, 0).sum())
    if lasted_s * rate.max() < _FEWEST:
        return None
    sent_s = np.sort(_select_turns(data).sent_s, kind="stable")
    sent = np.searchsorted(sent_s, np.maximum(ends_s, starts_s)) - np.searchsorted(sent_s, starts_s)
    return float(sent.sum()) / lasted_s


def _choose_window_s(data: ChartData) -> float:
    """A window that is short enough to show the steps between the stages."""
    shortest_s = min((stage.end_s - stage.start_s for stage in data.run.facts.stages), default=np.inf)
    fitting = [step for step in STEPS_S if step <= max(shortest_s / 3, data.axis.end_s / (2 * MAX_POINTS))]
    return min(data.window_s, max(fitting, default=1))


def _compose_figures(data: ChartData) -> str:
    samples, plan = data.run.samples, data.run.facts.plan
    sent = int(np.count_nonzero(np.isfinite(samples.sent_s)))
    text = (
        f"{format_count(sent, 'request was', 'requests were')} sent in {format_duration(data.axis.end_s)}, "
        f"{format_number(sent / data.axis.end_s)} a second on average"
    )
    if plan.rate:
        planned = f"{format_number(max(plan.rate))} {'turns ' if data.run.facts.turn_starts else ''}a second"
        text += f"; the plan's highest rate was {planned}"
    never = len(samples) - sent
    return (
        f"{text}. {format_count(never, 'request was', 'requests were')} never sent." if never else f"{text}."
    )


def _paint(figure: Figure, page: PageFormat, data: ChartData, sent: Curve) -> None:
    upper_px, lower_px = (190, 70) if page.wide else (160, 60)
    users, planned = _read_users(data), _read_plan(data, data.run.facts.plan.users)
    has_users = bool(len(users[0]) or len(planned[0]))
    set_height(figure, page, TOP_PX + upper_px + (_GAP_PX + lower_px if has_users else 0) + BOTTOM_PX)
    axes = add_panel(figure, page, upper_px)
    data.axis.draw_on(axes, page, ticks=not has_users)
    add_caption(axes, page, f"{name_turns(data.run.facts)}/s")
    _paint_rates(axes, page, sent, _read_plan(data, data.run.facts.plan.rate))
    if has_users:
        below = add_panel(figure, page, lower_px, top_px=TOP_PX + upper_px + _GAP_PX)
        data.axis.draw_on(below, page, names_px=None)
        _paint_users(below, page, users, planned)


def _paint_rates(axes: Axes, page: PageFormat, sent: Curve, planned: Curve) -> None:
    axes.set_ylim(0, max(sent[1].max(), planned[1].max(initial=0), 0.1) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.plot(*sent, drawstyle="steps-post", color=colour_for("load"), linewidth=1.8, zorder=4)
    ends = [(float(sent[1][-1]), "sent", "load-text")]
    if len(planned[0]):
        ends.append(_paint_plan(axes, planned))
    label_line_ends(axes, page, ends)


def _paint_users(axes: Axes, page: PageFormat, users: Curve, planned: Curve) -> None:
    axes.set_ylim(0, max(users[1].max(initial=0), planned[1].max(initial=0), 1.0) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 5, 10]))
    add_caption(axes, page, "users", above_px=8)
    ends = []
    if len(users[0]):
        axes.fill_between(*users, step="post", color=colour_for("users"), alpha=0.4, linewidth=0, zorder=2)
        ends.append((float(users[1][-1]), "users", "muted"))
    if len(planned[0]):
        plan = _paint_plan(axes, planned)
        ends.append(plan)
    label_line_ends(axes, page, ends)


def _paint_plan(axes: Axes, planned: Curve) -> tuple[float, str, str]:
    axes.plot(*planned, color=colour_for("ink"), linewidth=1.3, dashes=(1.5, 2), zorder=5)
    return float(planned[1][-1]), "plan", "ink"


def _measure_sent(data: ChartData) -> Curve:
    counts = count_per_second(_select_turns(data).sent_s, len(data.summary.timeline))
    starts_s, sent, lengths_s = sum_per_window(counts, data.axis.end_s, _choose_window_s(data))
    rate = sent / lengths_s
    return np.append(starts_s, data.axis.end_s), np.append(rate, rate[-1])


def _select_turns(data: ChartData) -> Samples:
    """The requests that the plan is about: one for each turn."""
    return data.run.samples.select(mark_turns(data.run.samples, data.run.facts))


def _read_users(data: ChartData) -> Curve:
    seconds = data.summary.timeline
    known = ~np.isnan(seconds.users) & (seconds.t_s < data.axis.end_s)
    if not known.any():
        return np.empty(0), np.empty(0)
    t_s, users = thin_series(seconds.t_s[known], seconds.users[known], 2 * MAX_POINTS)
    return np.append(t_s, data.axis.end_s), np.append(users, users[-1])


def _read_plan(data: ChartData, level: tuple[float, ...]) -> Curve:
    t_s, values = np.array(data.run.facts.plan.t_s), np.array(level)
    if not len(values):
        return np.empty(0), np.empty(0)
    shown = t_s <= data.axis.end_s
    return thin_series(t_s[shown], values[shown], 2 * MAX_POINTS)
