"""How the benchmarks draw their SVG pictures: fonts, margins and the colours of a light page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.palette import ROLES

FONT_PX: Final = 14
FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"


def light_colour(role: str) -> str:
    """Return the colour of a role of the palette on a light page."""
    return ROLES[role].light


def write_svg(path: Path, width_px: int, height_px: int, title: str, paint: Callable[[Figure], None]) -> None:
    """Write what `paint` draws as SVG, with `title` above it."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": path.stem,
                "font.size": FONT_PX,
                "text.color": light_colour("ink"),
                "text.parse_math": False,
                "axes.unicode_minus": False,
            }
        )
        figure = Figure(figsize=(width_px / 72, height_px / 72), dpi=72, facecolor=light_colour("page"))
        figure.text(24 / width_px, 1 - 34 / height_px, title, fontsize=FONT_PX + 3, fontweight="bold")
        paint(figure)
        figure.savefig(path, metadata={"Date": None, "Creator": None, "Title": title})
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(font: [^;\"]*px )[^;\"]*", rf"\1{FONTS}", text)
    text = re.sub(r'(<svg[^>]*) width="([\d.]+)pt" height="([\d.]+)pt"', r'\1 width="\2" height="\3"', text)
    text = re.sub(r"(\.\d\d)\d+", r"\1", text)
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def add_panel(figure: Figure, left_px: int, right_px: int, top_px: int, bottom_px: int) -> Axes:
    """Add axes that leave these margins, without a frame and without ticks."""
    width_px, height_px = figure.get_size_inches() * 72
    axes = figure.add_axes(
        (
            left_px / width_px,
            bottom_px / height_px,
            1 - (left_px + right_px) / width_px,
            1 - (top_px + bottom_px) / height_px,
        )
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(which="both", length=0, pad=8, labelcolor=light_colour("muted"))
    axes.set_axisbelow(True)
    return axes
