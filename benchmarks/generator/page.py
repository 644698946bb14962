"""Renders the results of the generator benchmark as a Markdown page."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.generator.load_tools import READY, TUTORIAL
from benchmarks.generator.picture import write_picture
from benchmarks.generator.results import SUITE, GeneratorResults
from reports.data.quantities import format_number

GOALS: Final = {"k6": 2.2, TUTORIAL: 40.0, "wrk": 0.33}
"""The least ratio of requests per CPU-second, this suite to that tool, that this suite aims at."""
RECORDING_GOAL_US: Final = 1.0
LATENESS_GOAL_MS: Final = 1.0


def write_page(results: GeneratorResults, folder: Path) -> None:
    """Write generator.md and generator.svg."""
    (folder / "generator.md").write_text(render_page(results), encoding="utf-8")
    write_picture(results, compose_title(results), folder / "generator.svg")


def compose_title(results: GeneratorResults) -> str:
    """State the main result in one sentence."""
    slower = [f"{format_number(results.ratio(tool), 2)} × {tool}" for tool in ("k6", TUTORIAL)]
    rate = format_number(round(results.per_cpu_second(SUITE), -2), 3)
    return f"{rate} requests a CPU-second: {', '.join(slower)}"


def render_page(results: GeneratorResults) -> str:
    """Render the Markdown page."""
    parts = [
        "# What a request costs the load generator",
        "![" + compose_title(results) + ".](generator.svg)",
        _describe_method(results),
        _render_tools(results),
        _explain_clients(results),
        _render_goals(results),
        _describe_lateness(results),
        _render_profile(results),
        "Measured by `make bench-generator`; [generator.json](generator.json) has all windows.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_method(results: GeneratorResults) -> str:
    facts = results.facts
    rounds = len(results.windows[SUITE])
    others = [max(0.0, window.others) for windows in results.windows.values() for window in windows]
    window_s = format_number(median(window.seconds for window in results.windows[SUITE]), 2)
    return (
        f"Requests answered per second of processor time, user and system, of the generator's whole "
        f"process tree. Each tool keeps 32 connections busy without a pause (closed model, no think time), "
        f"one tool after the other on one core, against the same null service (granian, raw ASGI) on "
        f"another core. {rounds} rounds: in each round each tool is started, warms up, and is measured for "
        f"{window_s} s. The service counts the requests. A tool that leaves its core idle waits for the "
        f"service, which doesn't change what a request costs the tool. Ratios are medians over the rounds."
        f"\n\n{facts['date']}, {facts['machine']}. {facts['versions']}. Other processes used "
        f"{format_number(median(others), 2)} of the cores (median), {format_number(max(others), 2)} at most."
    )


def _render_tools(results: GeneratorResults) -> str:
    lines = [
        "| tool | requests per CPU-second | lowest – highest | requests/s | core busy | this suite is |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for tool in results.tools_by_rate():
        windows = results.windows[tool]
        rates = [window.per_cpu_second for window in windows]
        ratio = "" if tool == SUITE else f"{format_number(results.ratio(tool), 3)} ×"
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


def _explain_clients(results: GeneratorResults) -> str:
    """Explain the row that compares HTTP clients; empty if the results don't have it."""
    if READY not in results.windows:
        return ""
    return (
        f"*{READY}* compares the HTTP clients alone: both sides use Locust's runner and statistics and send "
        "the same bodies, encoded before the run. In the same processor time this suite sends "
        f"{format_number(results.ratio(READY), 3)} × as many requests, although it also records each "
        f"request and checks each reply. The rest of the {format_number(results.ratio(TUTORIAL), 2)} × over "
        f"{TUTORIAL} comes from ready bodies and from FastHttpUser instead of HttpUser."
    )


def _render_goals(results: GeneratorResults) -> str:
    lines = ["| goal | measured | |", "|---|---:|---|"]
    for tool, goal in GOALS.items():
        ratio = results.ratio(tool)
        lines.append(
            f"| at least {goal:g} × {tool} | {format_number(ratio, 3)} × | {_say_reached(ratio >= goal)} |"
        )
    cost_us = median(results.recording_us)
    lines.append(
        f"| recording a request, writing included: at most {RECORDING_GOAL_US:g} µs of processor time "
        f"| {format_number(cost_us, 2)} µs | {_say_reached(cost_us <= RECORDING_GOAL_US)} |"
    )
    p50_ms = results.lateness.p50_ms
    lines.append(
        f"| lateness at 500 arrivals/s: p50 at most {LATENESS_GOAL_MS:g} ms "
        f"| {format_number(p50_ms, 2)} ms | {_say_reached(p50_ms <= LATENESS_GOAL_MS)} |"
    )
    return "## Goals\n\n" + "\n".join(lines)


def _say_reached(reached: bool) -> str:
    return "reached" if reached else "**missed**"


def _describe_lateness(results: GeneratorResults) -> str:
    lateness = results.lateness
    return (
        f"Lateness of {lateness.requests:,} Poisson arrivals at 500/s, from intended start to send: p50 "
        f"{format_number(lateness.p50_ms, 2)} ms, p99 {format_number(lateness.p99_ms, 2)} ms, "
        f"maximum {format_number(lateness.max_ms, 2)} ms."
    )


def _render_profile(results: GeneratorResults) -> str:
    cost_us = 1e6 / results.per_cpu_second(SUITE)
    lines = [
        "## Where the processor time goes",
        "",
        f"A request costs {format_number(cost_us, 3)} µs of processor time, which a sampling profiler "
        "(one sample per 4 ms) divides so:",
        "",
        "| part | share | µs |",
        "|---|---:|---:|",
    ]
    for part, share in results.profile.items():
        lines.append(f"| {part} | {100 * share:.0f} % | {format_number(share * cost_us, 2)} |")
    return "\n".join(lines)
