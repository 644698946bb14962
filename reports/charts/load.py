"""Plots whether the planned load was really offered."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.charts.canvas import BOTTOM_PX, TOP_PX, Format, caption, panel, picture, resize
from reports.charts.chart_data import POINTS, Chart, Scene
from reports.charts.formatting import share
from reports.charts.latency_axis import label_ends
from reports.charts.palette import mark
from reports.charts.time_axis import STEPS_S
from reports.charts.windows import per_window, thin
from reports.data.quantities import counted, duration, number
from reports.data.samples import Floats

_GAP_PX = 40
ENOUGH = 0.95
"""Share of the planned load below which a run says less than it was meant to."""
_HIGH = 0.999
"""Share of its highest rate from which on the plan is at its peak."""
_FEWEST = 10
"""Requests planned there without which the rate at the peak would be chance."""
Series = tuple[Floats, Floats]


def load_over_time(scene: Scene) -> Chart:
    """Requests sent a second against those planned, and below them the users, where there are any."""
    sent = _sent(scene)
    return Chart(
        "load",
        "Load over time",
        _title(scene, sent),
        _figures(scene),
        picture("load", lambda figure, page: _paint(figure, page, scene, sent)),
        f"Solid is what was sent, in windows of {duration(_width_s(scene))}; dotted is the plan.",
    )


def _title(scene: Scene, sent: Series) -> str:
    offered = scene.run.facts.offered
    users = scene.summary.timeline.users
    rate = _at_the_peak(scene) if offered is None or offered >= ENOUGH else None
    peak = f"{number(float(sent[1].max())) if rate is None else number(rate, 2)} requests/s"
    if not np.isnan(users).all():
        peak = f"{counted(round(float(np.nanmax(users))), 'user')} and {peak}"
    if offered is None:
        return f"The load reached {peak}"
    if offered >= 0.995:
        return f"The planned load was offered in full, up to {peak}"
    if offered >= ENOUGH:
        return f"{share(offered)} of the planned load was offered, up to {peak}"
    return f"Only {share(offered)} of the planned load was offered; it reached {peak}"


def _at_the_peak(scene: Scene) -> float | None:
    """Requests/s sent while the plan was at its highest, whatever the windows of the plot.

    None where no rate was planned, or too few requests for the figure to say something.
    """
    plan = scene.run.facts.plan
    if not plan.rate:
        return None
    t_s, rate = np.array(plan.t_s), np.array(plan.rate)
    high = rate >= _HIGH * rate.max()
    both = np.flatnonzero(high[:-1] & high[1:])
    starts_s, ends_s = t_s[both], np.minimum(t_s[both + 1], scene.axis.end_s)
    lasted_s = float(np.maximum(ends_s - starts_s, 0).sum())
    if lasted_s * rate.max() < _FEWEST:
        return None
    sent_s = np.sort(scene.run.samples.sent_s, kind="stable")
    sent = np.searchsorted(sent_s, np.maximum(ends_s, starts_s)) - np.searchsorted(sent_s, starts_s)
    return float(sent.sum()) / lasted_s


def _width_s(scene: Scene) -> float:
    """Windows that fit into the stages, so that none smooths the steps of the load."""
    shortest_s = min((stage.end_s - stage.start_s for stage in scene.run.facts.stages), default=np.inf)
    fitting = [step for step in STEPS_S if step <= max(shortest_s / 3, scene.axis.end_s / (2 * POINTS))]
    return min(scene.width_s, max(fitting, default=1))


def _figures(scene: Scene) -> str:
    samples, plan = scene.run.samples, scene.run.facts.plan
    sent = int(np.count_nonzero(np.isfinite(samples.sent_s)))
    text = (
        f"{counted(sent, 'request was', 'requests were')} sent in {duration(scene.axis.end_s)}, "
        f"{number(sent / scene.axis.end_s)} a second on average"
    )
    if plan.rate:
        text += f"; the plan's highest rate was {number(max(plan.rate))} a second"
    never = len(samples) - sent
    return f"{text}. {counted(never, 'request was', 'requests were')} never sent." if never else f"{text}."


def _paint(figure: Figure, page: Format, scene: Scene, sent: Series) -> None:
    upper_px, lower_px = (190, 70) if page.wide else (160, 60)
    users, planned = _users(scene), _plan(scene, scene.run.facts.plan.users)
    crowd = bool(len(users[0]) or len(planned[0]))
    resize(figure, page, TOP_PX + upper_px + (_GAP_PX + lower_px if crowd else 0) + BOTTOM_PX)
    axes = panel(figure, page, upper_px)
    scene.axis.apply(axes, page, ticks=not crowd)
    _paint_rates(axes, page, sent, _plan(scene, scene.run.facts.plan.rate))
    if crowd:
        below = panel(figure, page, lower_px, top_px=TOP_PX + upper_px + _GAP_PX)
        scene.axis.apply(below, page, names_px=None)
        _paint_users(below, page, users, planned)


def _paint_rates(axes: Axes, page: Format, sent: Series, planned: Series) -> None:
    axes.set_ylim(0, max(sent[1].max(), planned[1].max(initial=0), 0.1) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    caption(axes, page, "requests/s")
    axes.plot(*sent, drawstyle="steps-post", color=mark("load"), linewidth=1.8, zorder=4)
    ends = [(float(sent[1][-1]), "sent", "load-text")]
    if len(planned[0]):
        ends.append(_paint_plan(axes, planned))
    label_ends(axes, page, ends)


def _paint_users(axes: Axes, page: Format, users: Series, planned: Series) -> None:
    axes.set_ylim(0, max(users[1].max(initial=0), planned[1].max(initial=0), 1.0) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True, steps=[1, 2, 5, 10]))
    caption(axes, page, "users", above_px=8)
    ends = []
    if len(users[0]):
        axes.fill_between(*users, step="post", color=mark("users"), alpha=0.4, linewidth=0, zorder=2)
        ends.append((float(users[1][-1]), "users", "muted"))
    if len(planned[0]):
        plan = _paint_plan(axes, planned)
        ends.append(plan)
    label_ends(axes, page, ends)


def _paint_plan(axes: Axes, planned: Series) -> tuple[float, str, str]:
    axes.plot(*planned, color=mark("ink"), linewidth=1.3, dashes=(1.5, 2), zorder=5)
    return float(planned[1][-1]), "plan", "ink"


def _sent(scene: Scene) -> Series:
    starts_s, sent, lengths_s = per_window(scene.summary.timeline.sent, scene.axis.end_s, _width_s(scene))
    rate = sent / lengths_s
    return np.append(starts_s, scene.axis.end_s), np.append(rate, rate[-1])


def _users(scene: Scene) -> Series:
    seconds = scene.summary.timeline
    known = ~np.isnan(seconds.users) & (seconds.t_s < scene.axis.end_s)
    if not known.any():
        return np.empty(0), np.empty(0)
    t_s, users = thin(seconds.t_s[known], seconds.users[known], 2 * POINTS)
    return np.append(t_s, scene.axis.end_s), np.append(users, users[-1])


def _plan(scene: Scene, level: tuple[float, ...]) -> Series:
    t_s, values = np.array(scene.run.facts.plan.t_s), np.array(level)
    if not len(values):
        return np.empty(0), np.empty(0)
    shown = t_s <= scene.axis.end_s
    return thin(t_s[shown], values[shown], 2 * POINTS)
