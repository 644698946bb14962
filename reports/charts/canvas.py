"""A plot is drawn for a narrow and for a wide page, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.palette import mark
from reports.charts.svg import to_embedded_svg


@dataclass(frozen=True)
class Format:
    """What a plot of one width looks like; lengths are CSS pixels at the plot's natural size."""

    name: str
    width_px: float
    left_px: float
    right_px: float
    font_px: float
    ticks: int

    @property
    def wide(self) -> bool:
        """Whether there is room for words beside the lines."""
        return self.name == "wide"

    @property
    def plot_px(self) -> float:
        """Width of the area between the axes."""
        return self.width_px - self.left_px - self.right_px


WIDE = Format("wide", width_px=1040, left_px=52, right_px=62, font_px=13, ticks=10)
NARROW = Format("narrow", width_px=400, left_px=46, right_px=44, font_px=12.5, ticks=5)
TOP_PX = 44
"""Room above an axes for its unit and the names of the stages."""
BOTTOM_PX = 40
"""Room below for the ticks and the name of the time axis."""


@dataclass(frozen=True)
class Picture:
    """The same plot as SVG markup for narrow and for wide pages."""

    narrow: str
    wide: str


Paint = Callable[[Figure, Format], None]


def picture(name: str, paint: Paint) -> Picture:
    """What `paint` draws, in both formats; `name` makes the ids in the markup unique on the page."""
    return Picture(narrow=_svg(f"{name}-narrow", NARROW, paint), wide=_svg(f"{name}-wide", WIDE, paint))


def panel(figure: Figure, page: Format, height_px: float, top_px: float = TOP_PX) -> Axes:
    """Axes of that height, `top_px` below the figure's upper edge, with only horizontal grid lines."""
    total_px = figure.get_figheight() * 72
    bottom = 1 - (top_px + height_px) / total_px
    axes = figure.add_axes(
        (page.left_px / page.width_px, bottom, page.plot_px / page.width_px, height_px / total_px)
    )
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(mark("muted"))
    axes.tick_params(length=0, pad=6, labelsize=page.font_px, labelcolor=mark("muted"))
    axes.grid(visible=True, axis="y", color=mark("rule"), linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def caption(axes: Axes, page: Format, text: str, above_px: float = 28) -> None:
    """What the vertical axis counts and in which unit, above the axes at its left."""
    axes.annotate(
        text,
        (0, 1),
        xycoords="axes fraction",
        xytext=(-page.left_px, above_px),
        textcoords="offset pixels",
        fontsize=page.font_px,
        color=mark("muted"),
    )


def resize(figure: Figure, page: Format, height_px: float) -> None:
    """Give the figure its height; call it before `panel`."""
    figure.set_size_inches(page.width_px / 72, height_px / 72)


def width_px(text: str, font_px: float) -> float:
    """A careful guess at a label's width: system fonts differ, so it errs towards too wide."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return (0.6 * (len(text) - wide) + wide) * font_px


def label(text: str, most: int = 40) -> str:
    """A name from outside as one line of at most `most` printable characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to those wanted as a distance of `gap` allows, in the order of the input.

    They stay within [`low`, `high`] as long as there is room for all.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [wanted[index] for index in order]
    for index in range(len(placed)):
        floor = low if index == 0 else placed[index - 1] + gap
        placed[index] = max(placed[index], floor)
    for index in reversed(range(len(placed))):
        ceiling = high if index == len(placed) - 1 else placed[index + 1] - gap
        placed[index] = min(placed[index], ceiling)
    result = [0.0] * len(wanted)
    for position, index in zip(placed, order, strict=True):
        result[index] = position
    return result


def _svg(name: str, page: Format, paint: Paint) -> str:
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
