"""Draws the picture of true and measured latencies, and renders the table of the document."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from benchmarks.drawing import add_panel, light_colour, write_svg
from benchmarks.stall.measuring import StallFindings, find_percentile_ms
from benchmarks.stall.schedule import Floats
from reports.data.quantities import format_number

NAME: Final = "what-your-load-test-doesnt-tell-you"
PERCENTS: Final = (50.0, 90.0, 95.0, 99.0, 99.9)
BEGIN, END = "<!-- measured -->\n", "<!-- end of measured -->\n"
NINES: Final = 3.0
"""The picture ends at 99.9 %, because two thousand requests don't determine higher percentiles."""


def write_page(findings: StallFindings, folder: Path, circumstances: str) -> None:
    """Draw the picture and replace the measured part of the document."""
    document = folder / f"{NAME}.md"
    text = document.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{document}: expected one {BEGIN.strip()} and one {END.strip()}")
    write_svg(
        folder / f"{NAME}.svg", 900, 520, compose_title(findings), lambda figure: _paint(figure, findings)
    )
    head, _, rest = text.partition(BEGIN)
    measured = f"![{compose_title(findings)}.]({NAME}.svg)\n\n{render_table(findings)}\n\n{circumstances}\n"
    document.write_text(head + BEGIN + measured + END + rest.partition(END)[2], encoding="utf-8")


def compose_title(findings: StallFindings) -> str:
    """State the main result in one sentence."""
    said, true = findings.locust_ms[99.0], find_percentile_ms(findings.true_ms, 99.0)
    return (
        f"Locust said 99 % of requests take at most {format_number(said)} ms; it was {format_number(true)} ms"
    )


def render_table(findings: StallFindings) -> str:
    """Render a Markdown table of each percentile: true, by this suite, and by Locust."""
    lines = ["| latency, ms | true | this suite | plain Locust |", "|---|---:|---:|---:|"]
    for percent in PERCENTS:
        true_ms = find_percentile_ms(findings.true_ms, percent)
        suite_ms = find_percentile_ms(findings.suite_ms, percent)
        shown = (format_number(each, 4) for each in (true_ms, suite_ms, findings.locust_ms[percent]))
        lines.append(f"| p{percent:g} | {' | '.join(shown)} |")
    due, made = len(findings.true_ms), findings.locust_requests
    lines.append(f"| requests | {due:,} due | {len(findings.suite_ms):,} | {made:,} |")
    return "\n".join(lines)


def _paint(figure: Figure, findings: StallFindings) -> None:
    axes = add_panel(figure, left_px=72, right_px=150, top_px=92, bottom_px=66)
    axes.set_xlim(0, NINES)
    axes.set_ylim(0, findings.true_ms[-1] * 1.05)
    shares = (0.0, 50.0, 90.0, 95.0, 99.0, 99.9)
    axes.xaxis.set_major_locator(FixedLocator([_nines(share) for share in shares]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda _, place: f"{shares[place]:g} %"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(visible=True, axis="y", color=light_colour("rule"), linewidth=0.8)
    axes.set_xlabel("share of requests at least that fast", color=light_colour("muted"), labelpad=10)
    axes.annotate(
        "latency, ms", (0, 1), xycoords="axes fraction", xytext=(-48, 14), textcoords="offset pixels",
        color=light_colour("muted"),
    )  # fmt: skip
    _curve(axes, findings.true_ms, light_colour("warning"), width=9)
    _curve(axes, findings.suite_ms, light_colour("p95"), width=2.5)
    _points(axes, findings)
    end_ms = find_percentile_ms(findings.true_ms, 99.9)
    _name(axes, end_ms, "what was true,", light_colour("load-text"), above_px=0)
    _name(axes, end_ms, "and what this", light_colour("p95-text"), above_px=-20)
    _name(axes, end_ms, "suite said", light_colour("p95-text"), above_px=-38)
    axes.annotate(
        "what Locust said",
        (_nines(98.0), findings.locust_ms[98.0]),
        xytext=(0, 16),
        textcoords="offset pixels",
        ha="center",
        color=light_colour("missed-text"),
    )


def _curve(axes: Axes, ordered_ms: Floats, tint: str, width: float) -> None:
    shares = 100.0 * np.arange(len(ordered_ms)) / len(ordered_ms)
    axes.plot([_nines(share) for share in shares], ordered_ms, color=tint, linewidth=width)


def _points(axes: Axes, findings: StallFindings) -> None:
    percents = [percent for percent in sorted(findings.locust_ms) if percent <= 99.9]
    places = [_nines(percent) for percent in percents]
    said = [findings.locust_ms[percent] for percent in percents]
    axes.plot(
        places, said, color=light_colour("missed"), linewidth=2.5, marker="o", markersize=7, clip_on=False
    )


def _name(axes: Axes, height_ms: float, text: str, tint: str, above_px: float) -> None:
    axes.annotate(
        text, (1, height_ms), xycoords=("axes fraction", "data"), xytext=(14, above_px),
        textcoords="offset pixels", va="center", color=tint,
    )  # fmt: skip


def _nines(percent: float) -> float:
    """Return the place of a percentile on an axis where each nine has the same width."""
    return float(-np.log10(1.0 - percent / 100.0))
