"""Renders the results as a Markdown page and for the terminal: a table and sentences for each load case."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.crosscheck.differences import explain_differences
from benchmarks.crosscheck.load_cases import SUITE
from benchmarks.crosscheck.results import CaseResults, CrosscheckResults
from reports.data.quantities import format_number

HEADS: Final = (
    *("tool", "good replies/s", "lowest – highest", "× this suite"),
    *("p50, ms", "p95, ms", "p99, ms", "max, ms", "refused", "socket errors"),
    *("its core", "the service's core", "waiting for the service"),
)
TERMINAL_COLUMNS: Final = 10
"""How many of these columns fit on a terminal."""
_LATENCIES: Final = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def render_page(results: CrosscheckResults) -> str:
    """Render the Markdown page."""
    sections = [_render_section(name, turns, results) for name, turns in results.parts.items()]
    return (
        "\n\n".join(
            ["# The same load by other tools", _describe_method(results), *sections, _name_command(results)]
        )
        + "\n"
    )


def terminal_lines(name: str, turns: CaseResults) -> list[str]:
    """Return the lines that show a load case on the terminal."""
    rows = [HEADS[:TERMINAL_COLUMNS], *(row[:TERMINAL_COLUMNS] for row in table_cells(turns))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    ]
    return [name, *aligned, *explain_differences(turns)]


def table_cells(turns: CaseResults) -> list[tuple[str, ...]]:
    """Return a row for each tool, under `HEADS`: medians over the rounds, sums of refusals and errors."""
    return [(tool, *_figure_cells(turns, tool)) for tool in turns.turns]


def _figure_cells(turns: CaseResults, tool: str) -> Sequence[str]:
    rates = [each.per_second for each in turns.turns[tool]]
    waiting = turns.waiting(tool)
    return (
        _format_rate(median(rates)),
        f"{_format_rate(min(rates))} – {_format_rate(max(rates))}",
        "" if tool == SUITE else f"{median(turns.ratios(tool)):.2f}",
        *(format_number(turns.median(tool, figure), 3) for figure in _LATENCIES),
        f"{turns.total(tool, 'refused'):,}",
        f"{turns.total(tool, 'broken'):,}",
        _format_percent(turns.median(tool, "busy")),
        _format_percent(turns.median(tool, "service_busy")),
        "–" if waiting is None else _format_percent(waiting),
    )


def _render_section(name: str, turns: CaseResults, results: CrosscheckResults) -> str:
    rows = [HEADS, ("---", *(["---:"] * (len(HEADS) - 1))), *table_cells(turns)]
    told = [f"- {each}" for each in explain_differences(turns)]
    if turns.connections is None and (untold := results.untold.get(name)):
        told.append(f"- k6 has no threshold for: {', '.join(untold)}.")
    return "\n".join([f"## {name}", "", *(f"| {' | '.join(row)} |" for row in rows), "", *told])


def _describe_method(results: CrosscheckResults) -> str:
    facts = results.facts
    parts = results.parts.values()
    readings = [each for turns in parts for some in turns.turns.values() for each in some]
    others = [each.others + each.service_others for each in readings]
    return (
        "This suite, wrk and k6 ask the batched service for the same predictions, one tool after the other "
        f"on one core, the service on another. {facts['rounds']} rounds, the order rotated, "
        f"{facts['seconds']} s for each tool. Figures are medians over the rounds; refusals and socket "
        "errors are sums; ratios compare turns of the same round. "
        "How to read it: [docs/crosscheck.md](../../docs/crosscheck.md).\n\n"
        f"{facts['date']}, {facts['machine']}. {facts['versions']}. Other processes used "
        f"{format_number(median(others), 2)} of the two cores (median), {format_number(max(others), 2)} "
        "at most."
    )


def _name_command(results: CrosscheckResults) -> str:
    command = results.facts.get("command", "python -m benchmarks.crosscheck")
    return f"Measured by `{command}`; [crosscheck.json](crosscheck.json) has all turns."


def _format_rate(value: float) -> str:
    return format_number(value, 3) if value < 1000 else f"{value:,.0f}"


def _format_percent(share: float) -> str:
    return f"{100 * share:.0f} %"
