"""The results as a Markdown page and on the terminal: a table for each part, and the differences in words."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.crosscheck.differences import differences
from benchmarks.crosscheck.parts import SUITE
from benchmarks.crosscheck.results import Results, Turns
from reports.data.quantities import number

HEADS: Final = (
    *("tool", "good replies/s", "lowest – highest", "× this suite"),
    *("p50, ms", "p95, ms", "p99, ms", "max, ms", "refused", "socket errors"),
    *("its core", "the service's core", "waiting for the service"),
)
SHOWN: Final = 10
"""So many of these columns fit on a terminal."""
_LATENCIES: Final = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def page(results: Results) -> str:
    """The Markdown page."""
    sections = [_section(name, turns, results) for name, turns in results.parts.items()]
    return "\n\n".join(["# The same load by other tools", _how(results), *sections, _end(results)]) + "\n"


def lines(name: str, turns: Turns) -> list[str]:
    """A part as it is told on the terminal."""
    rows = [HEADS[:SHOWN], *(row[:SHOWN] for row in cells(turns))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    ]
    return [name, *aligned, *differences(turns)]


def cells(turns: Turns) -> list[tuple[str, ...]]:
    """A row a tool, under `HEADS`: medians over the rounds; refusals and socket errors are sums."""
    return [(tool, *_cells(turns, tool)) for tool in turns.turns]


def _cells(turns: Turns, tool: str) -> Sequence[str]:
    rates = [each.per_second for each in turns.turns[tool]]
    waiting = turns.waiting(tool)
    return (
        _rate(median(rates)),
        f"{_rate(min(rates))} – {_rate(max(rates))}",
        "" if tool == SUITE else f"{median(turns.ratios(tool)):.2f}",
        *(number(turns.median(tool, figure), 3) for figure in _LATENCIES),
        f"{turns.total(tool, 'refused'):,}",
        f"{turns.total(tool, 'broken'):,}",
        _percent(turns.median(tool, "busy")),
        _percent(turns.median(tool, "service_busy")),
        "–" if waiting is None else _percent(waiting),
    )


def _section(name: str, turns: Turns, results: Results) -> str:
    rows = [HEADS, ("---", *(["---:"] * (len(HEADS) - 1))), *cells(turns)]
    told = [f"- {each}" for each in differences(turns)]
    if turns.connections is None and (untold := results.untold.get(name)):
        told.append(f"- k6 has no words for: {', '.join(untold)}.")
    return "\n".join([f"## {name}", "", *(f"| {' | '.join(row)} |" for row in rows), "", *told])


def _how(results: Results) -> str:
    facts = results.facts
    parts = results.parts.values()
    readings = [each for turns in parts for some in turns.turns.values() for each in some]
    others = [each.others + each.service_others for each in readings]
    return (
        "This suite, wrk and k6 ask the batched service for the same predictions, one tool after the other "
        f"on one core, the service on another. {facts['rounds']} rounds, the order rotated, "
        f"{facts['seconds']} s a turn. Figures are medians over the rounds, refusals and socket errors sums; "
        "ratios compare turns of the same round. "
        "How to read it: [docs/crosscheck.md](../../docs/crosscheck.md).\n\n"
        f"{facts['date']}, {facts['machine']}. {facts['versions']}. Meanwhile other processes kept "
        f"{number(median(others), 2)} of the two cores busy, {number(max(others), 2)} at most."
    )


def _end(results: Results) -> str:
    command = results.facts.get("command", "python -m benchmarks.crosscheck")
    return f"Measured by `{command}`; all turns are in [crosscheck.json](crosscheck.json)."


def _rate(value: float) -> str:
    return number(value, 3) if value < 1000 else f"{value:,.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
