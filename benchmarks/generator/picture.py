"""Draws the requests per CPU-second of the compared load tools as an SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from benchmarks.drawing import add_panel, light_colour, write_svg
from benchmarks.generator.measuring import ToolWindow
from benchmarks.generator.results import SUITE, GeneratorResults
from reports.data.quantities import format_number

WIDTH_PX = 900
MARGINS_PX = 150
BAR_PX = 44


def write_picture(results: GeneratorResults, title: str, path: Path) -> None:
    """Write the picture: a row for each tool, the fastest above."""
    tools = results.tools_by_rate()
    height_px = MARGINS_PX + BAR_PX * len(tools)
    write_svg(path, WIDTH_PX, height_px, title, lambda figure: _draw_tools(figure, results, tools))


def _draw_tools(figure: Figure, results: GeneratorResults, tools: list[str]) -> None:
    axes = add_panel(figure, left_px=224, right_px=120, top_px=64, bottom_px=62)
    axes.set_xscale("log")
    every = [window.per_cpu_second for tool in tools for window in results.windows[tool]]
    axes.set_xlim(min(every) / 1.3, max(every) * 1.3)
    axes.set_ylim(len(tools) - 0.5, -0.5)
    axes.set_yticks(range(len(tools)), tools)
    axes.tick_params(axis="y", labelcolor=light_colour("ink"))
    axes.xaxis.set_major_locator(
        FixedLocator([power * step for power in (1e3, 1e4, 1e5) for step in (1, 2, 5)])
    )
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(visible=True, axis="x", color=light_colour("rule"), linewidth=0.8)
    axes.set_xlabel(
        "requests per second of the generator's processor time (logarithmic)",
        color=light_colour("muted"),
        labelpad=10,
    )
    for place, tool in enumerate(tools):
        _draw_rounds(axes, place, results.windows[tool], light_colour("p95" if tool == SUITE else "users"))
        axes.annotate(
            format_number(round(results.per_cpu_second(tool), -1), 3),
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(10, 0),
            textcoords="offset pixels",
            va="center",
            fontweight="bold" if tool == SUITE else "normal",
        )


def _draw_rounds(axes: Axes, place: int, windows: Sequence[ToolWindow], tint: str) -> None:
    """Draw a dot for each round and a stroke at the median."""
    rates = [window.per_cpu_second for window in windows]
    axes.scatter(rates, [place] * len(rates), s=46, color=tint, alpha=0.55, linewidths=0)
    axes.vlines(median(rates), place - 0.3, place + 0.3, color=tint, linewidth=3)
