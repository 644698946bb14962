"""Plots what failed, how often, and when."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reports.charts.canvas import BOTTOM_PX, Format, label, panel, picture, resize
from reports.charts.chart_data import Chart, Scene
from reports.charts.formatting import into_run, listing, share
from reports.charts.palette import mark
from reports.charts.windows import per_window
from reports.data.quantities import counted, duration
from reports.figures.summary import Failure

_MOST = 6
_ROW_PX = 34
_GAP_PX = 30
_TOP_PX = 18


def failures_over_time(scene: Scene) -> Chart:
    """A row of bars a reason, the most frequent first; the page's table has all of them."""
    question = "Failures"
    failures = scene.summary.failures
    requests = len(scene.run.samples)
    if not requests:
        return Chart("failures", question, "No request was recorded, so none could fail", "")
    if not failures:
        return Chart("failures", question, f"None of {counted(requests, 'request')} failed", "")
    return Chart(
        "failures",
        question,
        _title(failures, requests),
        _figures(failures),
        picture("failures", lambda figure, page: _paint(figure, page, scene, failures[:_MOST])),
        f"The taller a bar, the more requests of that {_window(scene)} failed; each row has its own scale.",
    )


def _window(scene: Scene) -> str:
    return "second" if scene.width_s <= 1 else f"window of {duration(scene.width_s)}"


def _title(failures: tuple[Failure, ...], requests: int) -> str:
    wrong = [failure for failure in failures if not failure.expected]
    shown = wrong or list(failures)
    many = sum(failure.count for failure in shown)
    kinds = [f"{failure.count:,} × {label(failure.reason)}" for failure in shown]
    if len(kinds) > 3:
        kinds = [*kinds[:2], counted(len(kinds) - 2, "other reason")]
    part = f"{many:,} of {counted(requests, 'request')} ({share(many / requests)})"
    if not wrong:
        return f"{part} did not succeed, all as the scenario expects: {listing(kinds)}"
    return f"{part} failed: {listing(kinds)}"


def _figures(failures: tuple[Failure, ...]) -> str:
    first = min(failure.first_s for failure in failures)
    last = max(failure.last_s for failure in failures)
    if sum(failure.count for failure in failures) == 1:
        return f"The only one started {into_run(first)}."
    if last < 1:
        return "All of them started in the first second."
    return f"The first started {into_run(first)}, the last {duration(last)}."


def _paint(figure: Figure, page: Format, scene: Scene, failures: tuple[Failure, ...]) -> None:
    height_px = len(failures) * (_ROW_PX + _GAP_PX) - _GAP_PX
    resize(figure, page, _TOP_PX + _GAP_PX + height_px + BOTTOM_PX)
    for row, failure in enumerate(failures):
        top_px = _TOP_PX + _GAP_PX + row * (_ROW_PX + _GAP_PX)
        axes = panel(figure, page, _ROW_PX, top_px=top_px)
        scene.axis.apply(axes, page, ticks=row == len(failures) - 1, names_px=None if row else _GAP_PX)
        starts_s, counts, lengths_s = per_window(failure.per_second, scene.axis.end_s, scene.width_s)
        most = max(int(counts.max()), 1)
        axes.set_ylim(0, most)
        axes.set_yticks([most], [f"{most:,}"])
        axes.grid(visible=False)
        seen = counts > 0
        thinnest_s = 2.5 * scene.axis.end_s / page.plot_px
        axes.bar(
            starts_s[seen],
            counts[seen],
            np.maximum(lengths_s[seen] * 0.9, thinnest_s),
            align="edge",
            color=mark("users" if failure.expected else "missed"),
            linewidth=0,
        )
        words = f"{label(failure.reason)}: {failure.count:,}" + (", expected" if failure.expected else "")
        axes.annotate(
            words,
            (0, 1),
            xycoords="axes fraction",
            xytext=(2, 7),
            textcoords="offset pixels",
            fontsize=page.font_px,
            color=mark("muted" if failure.expected else "missed-text"),
        )
