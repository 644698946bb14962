"""The results as a Markdown page and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from benchmarks.drawing import colour, panel, picture
from benchmarks.generator.contenders import READY, TUTORIAL
from benchmarks.generator.measuring import Window
from benchmarks.generator.results import SUITE, Results
from reports.data.quantities import number

GOALS: Final = {"k6": 2.2, TUTORIAL: 40.0, "wrk": 0.33}
"""What this suite aims at: so many times as many requests as that tool out of the same processor time."""
RECORDING_GOAL_US: Final = 1.0
LATENESS_GOAL_MS: Final = 1.0


def write_page(results: Results, folder: Path) -> None:
    """Write generator.md and generator.svg."""
    (folder / "generator.md").write_text(page(results), encoding="utf-8")
    tools = _by_rate(results)
    height_px = 150 + 44 * len(tools)
    picture(
        folder / "generator.svg",
        900,
        height_px,
        title(results),
        lambda figure: _paint(figure, results, tools),
    )


def title(results: Results) -> str:
    """What is seen, in a sentence."""
    slower = [f"{number(results.ratio(tool), 2)} × {tool}" for tool in ("k6", TUTORIAL)]
    rate = number(round(results.per_cpu_second(SUITE), -2), 3)
    return f"{rate} requests a CPU-second: {', '.join(slower)}"


def page(results: Results) -> str:
    """The Markdown page."""
    parts = [
        "# What a request costs the load generator",
        "![" + title(results) + ".](generator.svg)",
        _how(results),
        _table(results),
        _clients(results),
        _goals(results),
        _beside(results),
        _made_of(results),
        "Measured by `make bench-generator`; all windows are in [generator.json](generator.json).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how(results: Results) -> str:
    facts = results.facts
    rounds = len(results.windows[SUITE])
    others = [max(0.0, window.others) for windows in results.windows.values() for window in windows]
    window_s = number(median(window.seconds for window in results.windows[SUITE]), 2)
    return (
        f"Requests answered for each second of processor time, user and system, of the generator's whole "
        f"process tree. All tools keep 32 connections busy without a pause, one after the other on the same "
        f"core, against the same null service (granian, raw ASGI) on the other one. {rounds} rounds; in each "
        f"every tool is started anew, warms up, and is observed for {window_s} s. The service counts the "
        f"requests. Where a tool left its core idle, it waited for the service; what a request cost "
        f"counts all the same. Ratios are medians over the rounds.\n\n"
        f"{facts['date']}, {facts['machine']}. {facts['versions']}. Meanwhile other processes kept "
        f"{number(median(others), 2)} of the cores busy, {number(max(others), 2)} at most."
    )


def _table(results: Results) -> str:
    lines = [
        "| tool | requests per CPU-second | lowest – highest | requests/s | core busy | this suite is |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for tool in _by_rate(results):
        windows = results.windows[tool]
        rates = [window.per_cpu_second for window in windows]
        ratio = "" if tool == SUITE else f"{number(results.ratio(tool), 3)} ×"
        cells = [
            f"**{tool}**: {results.uses[tool]}",
            f"{median(rates):,.0f}",
            f"{min(rates):,.0f} – {max(rates):,.0f}",
            f"{median(window.per_second for window in windows):,.0f}",
            f"{median(window.busy for window in windows):.0%}".replace("%", " %"),
            ratio,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _clients(results: Results) -> str:
    """What the HTTP client alone brings; empty for results that were measured without that row."""
    if READY not in results.windows:
        return ""
    return (
        f"*{READY}* compares the HTTP clients: Locust's runner and statistics and the same bodies, encoded "
        f"before the run. Here this suite answers {number(results.ratio(READY), 3)} × as many requests for "
        "the same processor time, although it also records each request and checks each reply. The rest of "
        f"its {number(results.ratio(TUTORIAL), 2)} × over {TUTORIAL} comes from ready bodies and from "
        "FastHttpUser in place of HttpUser."
    )


def _goals(results: Results) -> str:
    lines = ["| goal | measured | |", "|---|---:|---|"]
    for tool, goal in GOALS.items():
        ratio = results.ratio(tool)
        lines.append(f"| at least {goal:g} × {tool} | {number(ratio, 3)} × | {_said(ratio >= goal)} |")
    cost_us = median(results.recording_us)
    lines.append(
        f"| recording a request: at most {RECORDING_GOAL_US:g} µs of processor time, writing included "
        f"| {number(cost_us, 2)} µs | {_said(cost_us <= RECORDING_GOAL_US)} |"
    )
    p50_ms = results.lateness.p50_ms
    lines.append(
        f"| 500 arrivals/s leave at most {LATENESS_GOAL_MS:g} ms late, p50 "
        f"| {number(p50_ms, 2)} ms | {_said(p50_ms <= LATENESS_GOAL_MS)} |"
    )
    return "## Goals\n\n" + "\n".join(lines)


def _said(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def _beside(results: Results) -> str:
    lateness = results.lateness
    return (
        f"Of {lateness.requests:,} Poisson arrivals at 500/s half left at most "
        f"{number(lateness.p50_ms, 2)} ms after they were due, 99 % at most {number(lateness.p99_ms, 2)} ms, "
        f"all at most {number(lateness.max_ms, 2)} ms."
    )


def _made_of(results: Results) -> str:
    cost_us = 1e6 / results.per_cpu_second(SUITE)
    lines = [
        "## What the limit is made of",
        "",
        f"A request costs {number(cost_us, 3)} µs of processor time. Samples of it, one every 4 ms, fall on:",
        "",
        "| part | share | µs |",
        "|---|---:|---:|",
    ]
    for part, share in results.profile.items():
        lines.append(f"| {part} | {100 * share:.0f} % | {number(share * cost_us, 2)} |")
    return "\n".join(lines)


def _by_rate(results: Results) -> list[str]:
    return sorted(results.windows, key=results.per_cpu_second, reverse=True)


def _paint(figure: Figure, results: Results, tools: list[str]) -> None:
    axes = panel(figure, left_px=200, right_px=120, top_px=64, bottom_px=62)
    axes.set_xscale("log")
    every = [window.per_cpu_second for tool in tools for window in results.windows[tool]]
    axes.set_xlim(min(every) / 1.3, max(every) * 1.3)
    axes.set_ylim(len(tools) - 0.5, -0.5)
    axes.set_yticks(range(len(tools)), tools)
    axes.tick_params(axis="y", labelcolor=colour("ink"))
    axes.xaxis.set_major_locator(
        FixedLocator([power * step for power in (1e3, 1e4, 1e5) for step in (1, 2, 5)])
    )
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(visible=True, axis="x", color=colour("rule"), linewidth=0.8)
    axes.set_xlabel(
        "requests for each second of the generator's processor time (logarithmic)",
        color=colour("muted"),
        labelpad=10,
    )
    for place, tool in enumerate(tools):
        _dots(axes, place, results.windows[tool], colour("p95" if tool == SUITE else "users"))
        axes.annotate(
            number(round(results.per_cpu_second(tool), -1), 3),
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(10, 0),
            textcoords="offset pixels",
            va="center",
            fontweight="bold" if tool == SUITE else "normal",
        )


def _dots(axes: Axes, place: int, windows: Sequence[Window], tint: str) -> None:
    """One dot a round, a stroke at their median."""
    rates = [window.per_cpu_second for window in windows]
    axes.scatter(rates, [place] * len(rates), s=46, color=tint, alpha=0.55, linewidths=0)
    axes.vlines(median(rates), place - 0.3, place + 0.3, color=tint, linewidth=3)
