"""Draws the throughput of the compared services as an SVG picture."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from benchmarks.drawing import add_panel, light_colour, write_svg
from benchmarks.service.results import CONNECTIONS, ServiceResults
from benchmarks.service.services import LIMITS, SUITE
from reports.data.quantities import format_number

WIDTH_PX = 900
MARGINS_PX = 150
BAR_PX = 44


def write_picture(results: ServiceResults, title: str, path: Path) -> None:
    """Write the picture: a row for each service, the fastest above."""
    names = results.names_by_capacity()
    height_px = MARGINS_PX + BAR_PX * len(names)
    write_svg(path, WIDTH_PX, height_px, title, lambda figure: _draw_services(figure, results, names))


def _draw_services(figure: Figure, results: ServiceResults, names: list[str]) -> None:
    axes = add_panel(figure, left_px=220, right_px=120, top_px=64, bottom_px=62)
    axes.set_xscale("log")
    every = [
        closed.per_second
        for rounds in results.rounds.values()
        for each in rounds
        for closed in each.closed.values()
        if closed.per_second > 0
    ]
    axes.set_xlim(min(every) / 1.3, max(every) * 1.3)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=light_colour("ink"))
    steps = [power * step for power in (10.0, 100.0, 1e3, 1e4) for step in (1, 2, 5)]
    axes.xaxis.set_major_locator(FixedLocator(steps))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(visible=True, axis="x", color=light_colour("rule"), linewidth=0.8)
    axes.set_xlabel(
        "good replies a second, 8 connections above, 32 below (logarithmic)",
        color=light_colour("muted"),
        labelpad=10,
    )
    for place, name in enumerate(names):
        _draw_rounds(axes, place, results, name)


def _draw_rounds(axes: Axes, place: int, results: ServiceResults, name: str) -> None:
    """Draw a dot for each round and a stroke at the median, for each number of connections."""
    tint = light_colour("p95" if name == SUITE else "muted" if name in LIMITS else "users")
    for offset, connections in zip((-0.17, 0.17), CONNECTIONS, strict=True):
        rates = [each.closed[connections].per_second for each in results.rounds[name]]
        at = place + offset
        axes.scatter(rates, [at] * len(rates), s=30, color=tint, alpha=0.55, linewidths=0)
        axes.vlines(median(rates), at - 0.15, at + 0.15, color=tint, linewidth=3)
    axes.annotate(
        format_number(round(results.capacity(name)), 3),
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(10, 0),
        textcoords="offset pixels",
        va="center",
        fontweight="bold" if name == SUITE else "normal",
    )
