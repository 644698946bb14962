"""Draws a heat map of latency: modes, waves, pauses and single slow answers, which percentiles hide."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from reports.charts.canvas import (
    BOTTOM_PX,
    TOP_PX,
    PageFormat,
    add_caption,
    add_panel,
    draw_picture,
    set_height,
)
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import format_ms
from reports.charts.labels import estimate_width_px
from reports.charts.latency_axis import draw_limits, find_log_limits, find_log_ticks
from reports.charts.palette import ROLES, colour_for
from reports.charts.percentiles import read_percentile
from reports.charts.windows import round_up_s
from reports.data.columns import Floats
from reports.data.quantities import format_count, format_number

_COLUMNS, _ROWS = 130, 48
_CHUNK = 1_000_000
_FAINTEST = 0.16
"""The opacity of a cell with one answer, so that a single slow request can be seen."""


def draw_heat_map(data: ChartData) -> Chart:
    """The number of answers in each cell of time and latency; the latency axis is logarithmic."""
    question = "Latency heat map"
    answered = data.answered
    if not len(answered):
        return Chart("heatmap", question, "No request succeeded, so the heat map is empty", "")
    ordered = answered.ordered_ms
    near = [limit.limit_ms for limit in data.limits if limit.everywhere and limit.limit_ms < 5 * ordered[-1]]
    low_ms, high_ms = find_log_limits(
        0.95 * min(float(ordered[0]), *near, np.inf), max(float(ordered[-1]), *near, 0.0)
    )
    width = _choose_cell_s(data.axis.end_s, len(ordered))
    cells = _count_cells(answered.intended_s, answered.latency_ms, data.axis.end_s, width, (low_ms, high_ms))
    fastest, slowest = _describe_range(ordered)
    return Chart(
        "heatmap",
        question,
        _compose_title(ordered),
        f"The fastest answer took {fastest}, the slowest {slowest}; "
        f"the fullest cell holds {format_count(int(cells.max()), 'answer')} in {format_number(width)} s.",
        draw_picture(
            "heatmap", lambda figure, page: _paint(figure, page, data, cells, width, (low_ms, high_ms))
        ),
        "The stronger a cell, the more answers of that latency started then.",
    )


def _choose_cell_s(end_s: float, answers: int) -> float:
    """The width of a cell, which is large enough for several answers, so that shades can differ."""
    columns = min(max(answers / 8, 20), _COLUMNS)
    return round_up_s(end_s / columns)


def _describe_range(ordered: Floats) -> tuple[str, str]:
    return format_ms(float(ordered[0])), format_ms(float(ordered[-1]))


def _compose_title(ordered: Floats) -> str:
    if len(ordered) < 20:
        fastest, slowest = _describe_range(ordered)
        return f"{format_count(len(ordered), 'answer')} between {fastest} and {slowest}"
    low, high = read_percentile(ordered, 0.05), read_percentile(ordered, 0.95)
    far = int(len(ordered) - np.searchsorted(ordered, 3 * high, side="right"))
    text = f"Nine in ten answers took {format_ms(low)} to {format_ms(high)}"
    return f"{text}; {format_count(far, 'answer')} took more than three times as long" if far else text


def _count_cells(
    starts_s: Floats, latency_ms: Floats, end_s: float, width: float, range_ms: tuple[float, float]
) -> NDArray[np.int64]:
    """The answers in each cell: rows are latencies from the lowest up, columns are time windows."""
    columns = int(np.ceil(end_s / width - 1e-9))
    low, high = np.log10(range_ms)
    counts = np.zeros(_ROWS * columns, dtype=np.int64)
    for first in range(0, len(starts_s), _CHUNK):
        starts, latencies = starts_s[first : first + _CHUNK], latency_ms[first : first + _CHUNK]
        column = np.clip((starts / width).astype(np.int64), 0, columns - 1)
        height = (np.log10(np.maximum(latencies, range_ms[0])) - low) / (high - low)
        row = np.minimum((height * _ROWS).astype(np.int64), _ROWS - 1)
        counts += np.bincount(row * columns + column, minlength=len(counts))
    return counts.reshape(_ROWS, columns)


def _compute_opacity(counts: NDArray[np.int64], most: int) -> Floats:
    """From `_FAINTEST` for one answer to 1 for `most`, by the logarithm of the count."""
    depth = np.log(np.maximum(counts, 1)) / np.log(most) if most > 1 else np.ones(counts.shape)
    return np.where(counts > 0, _FAINTEST + (1 - _FAINTEST) * depth, 0.0)


def _shade(counts: NDArray[np.int64], most: int) -> Floats:
    """An RGBA image of one colour; the page, light or dark, is seen through it."""
    image = np.empty((*counts.shape, 4))
    image[..., :3] = to_rgb(ROLES["p95"].light)
    image[..., 3] = _compute_opacity(counts, most)
    return image


def _paint(
    figure: Figure,
    page: PageFormat,
    data: ChartData,
    cells: NDArray[np.int64],
    width: float,
    range_ms: tuple[float, float],
) -> None:
    height_px = 288 if page.wide else 240
    set_height(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = add_panel(figure, page, height_px)
    data.axis.draw_on(axes, page)
    axes.set_yscale("log")
    axes.set_ylim(*range_ms)
    axes.yaxis.set_major_locator(FixedLocator(find_log_ticks(*range_ms, 8)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    add_caption(axes, page, "latency, ms (logarithmic)")
    most = int(cells.max())
    whole = int(data.axis.end_s / width + 1e-9)
    edge = min(whole * width / data.axis.end_s, 1.0)
    for columns, left, right in ((cells[:, :whole], 0.0, edge), (cells[:, whole:], edge, 1.0)):
        if columns.size:
            over = axes.inset_axes((left, 0, right - left, 1))
            over.imshow(_shade(columns, most), origin="lower", aspect="auto", interpolation="none")
            over.set_axis_off()
    draw_limits(
        axes,
        page,
        [limit for limit in data.limits if limit.everywhere and limit.limit_ms < range_ms[1]],
    )
    if most > 1:
        _draw_key(figure, page, most)


def _draw_key(figure: Figure, page: PageFormat, most: int) -> None:
    """Draw the key above the plot: which shade means how many answers."""
    total_px = figure.get_figheight() * 72
    strip_px, height_px, right_px = 80.0, 10.0, page.width_px - page.right_px
    text = f"{most:,}" + (" answers" if page.wide else "")
    left_px = right_px - estimate_width_px(text, page.font_px) - 6 - strip_px
    middle = 1 - 12 / total_px
    strip = figure.add_axes(
        (
            left_px / page.width_px,
            middle - height_px / 2 / total_px,
            strip_px / page.width_px,
            height_px / total_px,
        )
    )
    steps = np.unique(np.geomspace(1, most, 24).round().astype(np.int64))[None, :]
    strip.imshow(_shade(steps, most), aspect="auto", interpolation="none")
    strip.set_axis_off()
    for place, words, side in ((-0.06, "1", "right"), (1.06, text, "left")):
        strip.annotate(
            words,
            (place, 0.5),
            xycoords="axes fraction",
            ha=side,
            va="center_baseline",
            fontsize=page.font_px,
            color=colour_for("muted"),
        )
