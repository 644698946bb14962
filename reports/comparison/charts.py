"""Draws both versions into one plot: latency by percentile, latency over time, and the changes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.canvas import (
    BOTTOM_PX,
    TOP_PX,
    PageFormat,
    add_caption,
    add_panel,
    draw_picture,
    set_height,
)
from reports.charts.chart_data import AnsweredRequests, Chart
from reports.charts.formatting import format_ms
from reports.charts.labels import clean_label
from reports.charts.latency_axis import label_line_ends, set_latency_axis
from reports.charts.palette import colour_for
from reports.charts.percentiles import draw_curve, read_percentile
from reports.charts.share_axis import draw_share_axis
from reports.comparison.differences import FigureDifference
from reports.comparison.table import OUTCOMES
from reports.comparison.verdict import VersionComparison
from reports.comparison.wording import format_bounds, format_change
from reports.data.columns import Floats
from reports.data.quantities import format_number
from reports.data.run_sets import RunSet

_ROLES = ("p95", "load")
"""The colours of baseline and candidate, told apart by the colour-blind too."""
_NAMES = (("baseline", "base"), ("candidate", "cand."))
_ROW_PX = 34


def draw_comparison_charts(comparison: VersionComparison) -> list[Chart]:
    """The charts for which there are figures."""
    return [
        chart for chart in (_draw_changes(comparison), _draw_percentiles(comparison)) if chart is not None
    ]


def _draw_changes(comparison: VersionComparison) -> Chart | None:
    """Each change between its bounds, beside its margin, all as multiples of the margin."""
    shown = [each for each in comparison.differences if each.bounds is not None]
    if not shown:
        return None
    worse = sum(each.outcome == "worse" for each in shown)
    within = sum(each.outcome == "not worse" for each in shown)
    title = f"{within} of {len(shown)} figures stay within their margin, {worse} got worse"
    told = "; ".join(f"{each.text} {format_change(each)} ({format_bounds(each)})" for each in shown)
    return Chart(
        "changes",
        "How much worse or better is the candidate?",
        title,
        f"{told}.",
        draw_picture("changes", lambda figure, page: _paint_changes(figure, page, shown)),
        "Each line spans the bounds of a change and the mark is the change itself, both in multiples of the "
        "margin; a line that ends left of 1 is proven not worse, one that begins right of 0 is a sign of "
        "worse. A triangle at the edge stands for a change beyond it.",
    )


def _paint_changes(figure: Figure, page: PageFormat, shown: list[FigureDifference]) -> None:
    height_px = _ROW_PX * len(shown) * (1 if page.wide else 1.35) + 16
    set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px)
    left = 0.34 if page.wide else 0.0
    box = axes.get_position()
    axes.set_position((box.x0 + left * box.width, box.y0, box.width * (1 - left), box.height))
    axes.grid(visible=False)
    axes.set_yticks([])
    reach = max(2.0, *(abs(bound) / each.margin for each in shown for bound in each.bounds or ()))
    reach = min(reach, 12.0)
    axes.set_xlim(-reach * 1.08, reach * 1.08)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.axvspan(-reach * 1.08, 1, color=colour_for("band"), zorder=0)
    axes.axvline(0, color=colour_for("muted"), linewidth=1)
    axes.axvline(1, color=colour_for("missed"), linewidth=1.4, dashes=(5, 3))
    axes.xaxis.set_major_formatter(
        lambda value, _: format_number(value) if value >= 0 else f"-{format_number(-value)}"
    )
    for place, each in enumerate(shown):
        _paint_change(axes, page, place, each, reach)
    add_caption(axes, page, "change in multiples of the margin; right of 0 is worse", above_px=12)


def _paint_change(axes: Axes, page: PageFormat, place: int, each: FigureDifference, reach: float) -> None:
    role = OUTCOMES[each.outcome]
    role = "muted" if role == "unproven" else role
    low, high = (float(np.clip(bound / each.margin, -reach, reach)) for bound in each.bounds or (0.0, 0.0))
    multiple = (each.change or 0.0) / each.margin
    value = float(np.clip(multiple, -reach, reach))
    axes.plot((low, high), (place, place), color=colour_for(role), linewidth=2.2, zorder=4)
    shape = {"met": "o", "missed": "X", "muted": "D"}[role]
    shape = shape if value == multiple else ">" if multiple > reach else "<"
    axes.plot([value], [place], shape, color=colour_for(role), markersize=8, mew=0, zorder=5)
    axes.annotate(
        clean_label(each.text, 44),
        (0, place),
        xycoords=("axes fraction", "data"),
        xytext=(-12, 0) if page.wide else (0, page.font_px * 0.9),
        textcoords="offset pixels",
        ha="right" if page.wide else "left",
        va="center",
        fontsize=page.font_px,
        color=colour_for("ink"),
        zorder=6,
    )


def _draw_percentiles(comparison: VersionComparison) -> Chart | None:
    """Latency over the share of answers that were at least as fast, all runs of a side together."""
    sides = [_gather_latencies(side) for side in (comparison.baseline, comparison.candidate)]
    if not all(map(len, sides)):
        return None
    told = [
        f"{name}: "
        + ", ".join(
            f"p{quantile * 100:g} {format_ms(read_percentile(ordered, quantile))}"
            for quantile in (0.5, 0.95, 0.99)
        )
        for (name, _), ordered in zip(_NAMES, sides, strict=True)
    ]
    ends = [format_ms(read_percentile(ordered, 0.99)) for ordered in sides]
    return Chart(
        "latency",
        "Latency by percentile",
        f"99 % of answers came within {ends[1]}, and within {ends[0]} in the baseline",
        f"{'; '.join(told)}.",
        draw_picture("latency", lambda figure, page: _paint_percentiles(figure, page, sides)),
        "The judged answers of all runs of a side together; each nine to the right leaves a tenth of them.",
    )


def _gather_latencies(side: RunSet) -> Floats:
    return np.sort(np.concatenate([AnsweredRequests.select(run.judged).latency_ms for run in side.runs]))


def _paint_percentiles(figure: Figure, page: PageFormat, sides: list[Floats]) -> None:
    height_px = 300 if page.wide else 240
    set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px)
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, box.width - 12 / page.width_px, box.height))
    nines = max(1.0, *(float(np.log10(len(ordered))) for ordered in sides))
    draw_share_axis(axes, page, nines)
    lowest, highest = min(float(each[0]) for each in sides), max(float(each[-1]) for each in sides)
    set_latency_axis(axes, page, read_percentile(sides[0], 0.5), lowest, highest, caption_px=12)
    ends = []
    for ordered, role, names in zip(sides, _ROLES, _NAMES, strict=True):
        draw_curve(axes, ordered, role, nines)
        ends.append((float(ordered[-1]), names[0] if page.wide else names[1], f"{role}-text"))
    label_line_ends(axes, page, ends)
