"""Draws which requests failed, how many and when."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reports.charts.canvas import BOTTOM_PX, PageFormat, add_panel, draw_picture, set_height
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import describe_moment, format_share, join_list
from reports.charts.labels import clean_label
from reports.charts.palette import colour_for
from reports.charts.windows import sum_per_window
from reports.data.quantities import format_count, format_duration
from reports.figures.summary import Failure

_MOST = 6
_ROW_PX = 34
_GAP_PX = 30
_TOP_PX = 18


def draw_failures(data: ChartData) -> Chart:
    """A row of bars for each of the most frequent reasons; the page's table lists all of them."""
    question = "Failures"
    failures = data.summary.failures
    requests = len(data.run.samples)
    if not requests:
        return Chart("failures", question, "No request was recorded, so none could fail", "")
    if not failures:
        return Chart("failures", question, f"None of {format_count(requests, 'request')} failed", "")
    return Chart(
        "failures",
        question,
        _compose_title(failures, requests),
        _compose_figures(failures),
        draw_picture("failures", lambda figure, page: _paint(figure, page, data, failures[:_MOST])),
        f"The taller a bar, the more requests of that {_describe_window(data)} failed; "
        "each row has its own scale.",
    )


def _describe_window(data: ChartData) -> str:
    return "second" if data.window_s <= 1 else f"window of {format_duration(data.window_s)}"


def _compose_title(failures: tuple[Failure, ...], requests: int) -> str:
    wrong = [failure for failure in failures if not failure.expected]
    shown = wrong or list(failures)
    many = sum(failure.count for failure in shown)
    kinds = [f"{failure.count:,} × {clean_label(failure.reason)}" for failure in shown]
    if len(kinds) > 3:
        kinds = [*kinds[:2], format_count(len(kinds) - 2, "other reason")]
    part = f"{many:,} of {format_count(requests, 'request')} ({format_share(many / requests)})"
    if not wrong:
        return f"{part} did not succeed, all as the scenario expects: {join_list(kinds)}"
    return f"{part} failed: {join_list(kinds)}"


def _compose_figures(failures: tuple[Failure, ...]) -> str:
    first = min(failure.first_s for failure in failures)
    last = max(failure.last_s for failure in failures)
    if sum(failure.count for failure in failures) == 1:
        return f"The only one started {describe_moment(first)}."
    if last < 1:
        return "All of them started in the first second."
    return f"The first started {describe_moment(first)}, the last {format_duration(last)}."


def _paint(figure: Figure, page: PageFormat, data: ChartData, failures: tuple[Failure, ...]) -> None:
    height_px = len(failures) * (_ROW_PX + _GAP_PX) - _GAP_PX
    set_height(figure, page, _TOP_PX + _GAP_PX + height_px + BOTTOM_PX)
    for row, failure in enumerate(failures):
        top_px = _TOP_PX + _GAP_PX + row * (_ROW_PX + _GAP_PX)
        axes = add_panel(figure, page, _ROW_PX, top_px=top_px)
        data.axis.draw_on(axes, page, ticks=row == len(failures) - 1, names_px=None if row else _GAP_PX)
        starts_s, counts, lengths_s = sum_per_window(failure.per_second, data.axis.end_s, data.window_s)
        most = max(int(counts.max()), 1)
        axes.set_ylim(0, most)
        axes.set_yticks([most], [f"{most:,}"])
        axes.grid(visible=False)
        seen = counts > 0
        thinnest_s = 2.5 * data.axis.end_s / page.plot_px
        axes.bar(
            starts_s[seen],
            counts[seen],
            np.maximum(lengths_s[seen] * 0.9, thinnest_s),
            align="edge",
            color=colour_for("users" if failure.expected else "missed"),
            linewidth=0,
        )
        words = f"{clean_label(failure.reason)}: {failure.count:,}" + (
            ", expected" if failure.expected else ""
        )
        axes.annotate(
            words,
            (0, 1),
            xycoords="axes fraction",
            xytext=(2, 7),
            textcoords="offset pixels",
            fontsize=page.font_px,
            color=colour_for("muted" if failure.expected else "missed-text"),
        )
