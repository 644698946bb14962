"""Renders the results of a long run as a Markdown page."""

from __future__ import annotations

from benchmarks.endurance.results import EnduranceResults, Growth
from reports.data.quantities import format_duration, format_number

MEANINGS = (
    "*flat*: the growth is below the bound, proven at 95 %. *open*: the interval holds the bound, a longer "
    "run would tell. *grows*: the growth is above the bound, and `make endurance` ends with exit code 1."
)


def render_page(results: EnduranceResults) -> str:
    """Render the Markdown page."""
    facts = results.facts
    return "\n".join(
        [
            "# A long run",
            "",
            f"{results.rate:g} requests a second for {format_duration(results.seconds)} against the suite's "
            f"own service, {facts['date']}, {facts['processor']}, {facts['cores']} cores, of which other "
            f"programs kept {results.others_cores:.2f} busy; commit {facts['commit']}.",
            "",
            "| process | quantity | after a sixth | at the end | growth an hour | 95 % interval | bound | |",
            "|---|---|---:|---:|---:|---:|---:|---|",
            *map(_render_row, results.list_growth()),
            "",
            "The growth is Sen's slope without the first sixth of the run; its interval allows for values "
            f"that resemble their predecessors (`reports/figures/trend.py`). {MEANINGS}",
            "",
            f"- Rows recorded: {results.recorded:,} ({_list_outcomes(results)}). Predictions counted by the "
            f"service: {results.counted:,}; it may lack the {results.unanswered:,} that got no reply.",
            f"- Verdict (exit code {results.exit_code}): {results.sentence}",
            *(f"- `{words}`: {format_number(took_s, 2)} s." for words, took_s in results.commands_s.items()),
            f"- Left afterwards: {'; '.join(results.left) or 'no process, no port, no temporary file'}.",
            "",
            "`make endurance` measures anew; `python -m benchmarks.endurance --minutes 1` tells in a minute "
            "whether it works.",
            "",
        ]
    )


def _render_row(growth: Growth) -> str:
    trend = growth.trend
    cells = (
        f"`{growth.process}`",
        growth.quantity,
        format_number(growth.first),
        format_number(growth.last),
        _format_signed(trend.slope),
        f"{_format_signed(trend.low)} to {_format_signed(trend.high)}",
        f"{growth.bound:g}",
        growth.word,
    )
    return f"| {' | '.join(cells)} |"


def _list_outcomes(results: EnduranceResults) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in results.outcomes.items())


def _format_signed(value: float) -> str:
    return f"{'-' if value < 0 else ''}{format_number(abs(value))}"
