"""Draws a plot for narrow and for wide pages, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.palette import colour_for
from reports.charts.svg import to_embedded_svg


@dataclass(frozen=True)
class PageFormat:
    """The measures of a plot for narrow or for wide pages, in CSS pixels at the plot's natural size."""

    name: str
    width_px: float
    left_px: float
    right_px: float
    font_px: float
    ticks: int

    @property
    def wide(self) -> bool:
        """Whether there is room for text beside the lines."""
        return self.name == "wide"

    @property
    def plot_px(self) -> float:
        """The width of the axes, without the margins."""
        return self.width_px - self.left_px - self.right_px


WIDE = PageFormat("wide", width_px=1040, left_px=52, right_px=62, font_px=13, ticks=10)
NARROW = PageFormat("narrow", width_px=400, left_px=46, right_px=44, font_px=12.5, ticks=5)
TOP_PX = 44
"""The space above a panel, for its caption and the names of the stages."""
BOTTOM_PX = 40
"""The space below a panel, for the ticks and the label of the time axis."""


@dataclass(frozen=True)
class Picture:
    """SVG markup of a plot: one for narrow and one for wide pages."""

    narrow: str
    wide: str


PaintFigure: TypeAlias = Callable[[Figure, PageFormat], None]


def draw_picture(name: str, paint: PaintFigure) -> Picture:
    """Draw in both formats; `name` makes the ids in the markup unique on the page."""
    return Picture(
        narrow=_draw_svg(f"{name}-narrow", NARROW, paint), wide=_draw_svg(f"{name}-wide", WIDE, paint)
    )


def add_panel(figure: Figure, page: PageFormat, height_px: float, top_px: float = TOP_PX) -> Axes:
    """Add axes with horizontal grid lines, `top_px` below the upper edge of the figure."""
    total_px = figure.get_figheight() * 72
    bottom = 1 - (top_px + height_px) / total_px
    axes = figure.add_axes(
        (page.left_px / page.width_px, bottom, page.plot_px / page.width_px, height_px / total_px)
    )
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colour_for("muted"))
    axes.tick_params(length=0, pad=6, labelsize=page.font_px, labelcolor=colour_for("muted"))
    axes.grid(visible=True, axis="y", color=colour_for("rule"), linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def add_caption(axes: Axes, page: PageFormat, text: str, above_px: float = 28) -> None:
    """Write what the vertical axis shows, and its unit, above its upper end."""
    axes.annotate(
        text,
        (0, 1),
        xycoords="axes fraction",
        xytext=(-page.left_px, above_px),
        textcoords="offset pixels",
        fontsize=page.font_px,
        color=colour_for("muted"),
    )


def set_height(figure: Figure, page: PageFormat, height_px: float) -> None:
    """Set the height of the figure; panels are added afterwards."""
    figure.set_size_inches(page.width_px / 72, height_px / 72)


def _draw_svg(name: str, page: PageFormat, paint: PaintFigure) -> str:
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": name,
                "text.parse_math": False,
                "axes.unicode_minus": False,
                "image.composite_image": False,
            }
        )
        figure = Figure(figsize=(page.width_px / 72, 4), dpi=72)
        figure.patch.set_visible(False)
        paint(figure, page)
        buffer = io.StringIO()
        figure.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"), None)
        )
    return to_embedded_svg(buffer.getvalue(), f"plot {page.name}")
