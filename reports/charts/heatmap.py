"""Plots what percentiles hide: modes, waves, pauses and single slow answers."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from reports.charts.canvas import BOTTOM_PX, TOP_PX, Format, caption, panel, picture, resize, width_px
from reports.charts.chart_data import Chart, Scene
from reports.charts.formatting import ms
from reports.charts.latency_axis import decades, draw_limits, log_ticks
from reports.charts.palette import ROLES, mark
from reports.charts.percentiles import at
from reports.charts.windows import usual_s
from reports.data.quantities import counted, number
from reports.data.samples import Floats

_COLUMNS, _ROWS = 130, 48
_CHUNK = 1_000_000
_FAINTEST = 0.16
"""Opacity of a cell with one answer: a single slow request must not be lost."""


def latency_heat_map(scene: Scene) -> Chart:
    """Answers per cell of time and latency; the latency axis is logarithmic."""
    question = "Latency heat map"
    answered = scene.answered
    if not len(answered):
        return Chart("heatmap", question, "No request succeeded, so the heat map is empty", "")
    ordered = answered.ordered_ms
    near = [limit.limit_ms for limit in scene.limits if limit.everywhere and limit.limit_ms < 5 * ordered[-1]]
    low_ms, high_ms = decades(
        0.95 * min(float(ordered[0]), *near, np.inf), max(float(ordered[-1]), *near, 0.0)
    )
    width = _width_s(scene.axis.end_s, len(ordered))
    cells = _cells(answered.intended_s, answered.latency_ms, scene.axis.end_s, width, (low_ms, high_ms))
    return Chart(
        "heatmap",
        question,
        _title(ordered),
        f"The fastest answer took {ms(float(ordered[0]))}, the slowest {ms(float(ordered[-1]))}; "
        f"the fullest cell holds {counted(int(cells.max()), 'answer')} in {number(width)} s.",
        picture("heatmap", lambda figure, page: _paint(figure, page, scene, cells, width, (low_ms, high_ms))),
        "The stronger a cell, the more answers of that latency started then.",
    )


def _width_s(end_s: float, answers: int) -> float:
    """Cells wide enough to hold several answers, so that shades can differ."""
    columns = min(max(answers / 8, 20), _COLUMNS)
    return usual_s(end_s / columns)


def _title(ordered: Floats) -> str:
    if len(ordered) < 20:
        return (
            f"{counted(len(ordered), 'answer')} between {ms(float(ordered[0]))} and {ms(float(ordered[-1]))}"
        )
    low, high = at(ordered, 0.05), at(ordered, 0.95)
    far = int(len(ordered) - np.searchsorted(ordered, 3 * high, side="right"))
    text = f"Nine in ten answers took {ms(low)} to {ms(high)}"
    return f"{text}; {counted(far, 'answer')} took more than three times as long" if far else text


def _cells(
    starts_s: Floats, latency_ms: Floats, end_s: float, width: float, range_ms: tuple[float, float]
) -> NDArray[np.int64]:
    """Counts, a row a latency from the lowest up, a column a window of time."""
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


def _opacity(counts: NDArray[np.int64], most: int) -> Floats:
    """From faint for one to full for the most, by the logarithm of the count."""
    depth = np.log(np.maximum(counts, 1)) / np.log(most) if most > 1 else np.ones(counts.shape)
    return np.where(counts > 0, _FAINTEST + (1 - _FAINTEST) * depth, 0.0)


def _shades(counts: NDArray[np.int64], most: int) -> Floats:
    """An RGBA image of one hue that lets the page shine through, be it light or dark."""
    image = np.empty((*counts.shape, 4))
    image[..., :3] = to_rgb(ROLES["p95"].light)
    image[..., 3] = _opacity(counts, most)
    return image


def _paint(
    figure: Figure,
    page: Format,
    scene: Scene,
    cells: NDArray[np.int64],
    width: float,
    range_ms: tuple[float, float],
) -> None:
    height_px = 288 if page.wide else 240
    resize(figure, page, TOP_PX + height_px + BOTTOM_PX)
    axes = panel(figure, page, height_px)
    scene.axis.apply(axes, page)
    axes.set_yscale("log")
    axes.set_ylim(*range_ms)
    axes.yaxis.set_major_locator(FixedLocator(log_ticks(*range_ms, 8)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    caption(axes, page, "latency, ms (logarithmic)")
    most = int(cells.max())
    whole = int(scene.axis.end_s / width + 1e-9)
    edge = min(whole * width / scene.axis.end_s, 1.0)
    for columns, left, right in ((cells[:, :whole], 0.0, edge), (cells[:, whole:], edge, 1.0)):
        if columns.size:
            over = axes.inset_axes((left, 0, right - left, 1))
            over.imshow(_shades(columns, most), origin="lower", aspect="auto", interpolation="none")
            over.set_axis_off()
    draw_limits(
        axes,
        page,
        [limit for limit in scene.limits if limit.everywhere and limit.limit_ms < range_ms[1]],
    )
    if most > 1:
        _key(figure, page, most)


def _key(figure: Figure, page: Format, most: int) -> None:
    """Which shade stands for how many answers, above the plot at its right."""
    total_px = figure.get_figheight() * 72
    strip_px, height_px, right_px = 80.0, 10.0, page.width_px - page.right_px
    text = f"{most:,}" + (" answers" if page.wide else "")
    left_px = right_px - width_px(text, page.font_px) - 6 - strip_px
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
    strip.imshow(_shades(steps, most), aspect="auto", interpolation="none")
    strip.set_axis_off()
    for place, words, side in ((-0.06, "1", "right"), (1.06, text, "left")):
        strip.annotate(
            words,
            (place, 0.5),
            xycoords="axes fraction",
            ha=side,
            va="center_baseline",
            fontsize=page.font_px,
            color=mark("muted"),
        )
