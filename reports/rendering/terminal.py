"""The verdict as a terminal shows it: a sentence, a short table, and where the report is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.data.quantities import NOTHING, beside, counted, exact, interval, number, with_unit

if TYPE_CHECKING:
    from reports.judging.verdict import Verdict

_MOST_REASONS = 3
_SYMBOLS = {"met": "✓", "missed": "✗", "unproven": "?", "pass": "✓", "fail": "✗", "invalid": "!"}
_COLOURS = {"met": "32", "missed": "31", "unproven": "33", "pass": "32", "fail": "31", "invalid": "33"}


def verdict_table(
    verdict: Mapping[str, Any] | Verdict, color: bool, width: int, report: str | None = None
) -> str:
    """The verdict (or what verdict.json holds of it) in lines of at most `width` columns.

    Colour marks outcomes and nothing else. `report` is where the report lies, if it was written.
    """
    told = verdict if isinstance(verdict, Mapping) else _plain(verdict)
    word = told["verdict"]
    sentence = _wrapped(f"{_SYMBOLS[word]} {_clean(told['sentence'])}", width, indent="  ")
    lines = [_painted(line, word, color, bold=True) for line in sentence]
    for reason in unsaid_reasons(word, told["sentence"], told["reasons"]):
        lines += _wrapped(f"- {_clean(reason)}", width, indent="  ")
    if told["objectives"]:
        lines += ["", *_objectives(told["objectives"], color, width)]
    unproven = [j["message"] for j in told["objectives"] if j["outcome"] == "unproven"]
    if unproven:
        lines += [
            "",
            *(line for message in unproven for line in _wrapped(f"? {_clean(message)}", width, "  ")),
        ]
    if failures := told.get("failures"):
        lines += ["", "Failed requests:"]
        lines += [cut for line in failure_lines(failures) for cut in _wrapped(line, width, "    ")]
    if report:
        lines += ["", f"Report: {report}"]
    return "\n".join(lines)


def unsaid_reasons(word: str, sentence: str, reasons: Sequence[str]) -> Sequence[str]:
    """The reasons why a run is invalid, all of them, unless its sentence says as much."""
    said = all(reason.removesuffix(".") in sentence for reason in reasons)
    return () if word != "invalid" or said else reasons


def failure_lines(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """The three most frequent reasons with their counts, a line each, and a line for the rest."""
    told = [(failure["count"], _clean(failure["reason"])) for failure in failures[:_MOST_REASONS]]
    if rest := failures[_MOST_REASONS:]:
        count = sum(failure["count"] for failure in rest)
        told.append((count, f"for {counted(len(rest), 'other reason')}"))
    width = max((len(f"{count:,}") for count, _ in told), default=0)
    return [f"  {count:>{width},}  {words}" for count, words in told]


def _objectives(judgements: Sequence[Mapping[str, Any]], color: bool, width: int) -> list[str]:
    """A table; without its intervals where they don't fit, a few lines an objective where it doesn't."""
    heads = (
        "objective",
        "observed",
        f"{number(judgements[0]['confidence'] * 100)} % interval",
        "limit",
        "outcome",
    )
    rows = [heads, *(_cells(judgement) for judgement in judgements)]
    if all(judgement["interval"] is None for judgement in judgements) or _width(rows) > width:
        rows = [(*row[:2], *row[3:]) for row in rows]
    if _width(rows) > width:
        return [line for judgement in judgements for line in _lines(judgement, color, width)]
    widths = _widths(rows)
    table = [_row(row, widths) for row in rows]
    return [
        table[0],
        *(
            line.removesuffix(row[-1]) + _painted(row[-1], judgement["outcome"], color)
            for line, row, judgement in zip(table[1:], rows[1:], judgements, strict=True)
        ),
    ]


def _lines(judgement: Mapping[str, Any], color: bool, width: int) -> list[str]:
    text, observed, bounds, limit, outcome = _cells(judgement)
    between = "" if judgement["interval"] is None else f" ({bounds})"
    return [
        *_wrapped(text, width, indent="  "),
        *_wrapped(f"  observed {observed}{between}, limit {limit}", width, indent="    "),
        f"  {_painted(outcome, judgement['outcome'], color)}",
    ]


def _cells(judgement: Mapping[str, Any]) -> tuple[str, ...]:
    observed, limit, unit = judgement["observed"], judgement["limit"], judgement["unit"]
    outcome = judgement["outcome"]
    return (
        _clean(judgement["text"]),
        NOTHING if observed is None else with_unit(beside(observed, limit), unit),
        interval(judgement["interval"], unit, provable=judgement["provable"]),
        with_unit(exact(limit), unit),
        f"{_SYMBOLS[outcome]} {outcome}",
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]


def _width(rows: Sequence[Sequence[str]]) -> int:
    return sum(_widths(rows)) + 2 * (len(rows[0]) - 1)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The name and the outcome stand left, figures right."""
    figures = [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *figures, cells[-1]])


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent=indent) or [""]


def _painted(text: str, meaning: str, color: bool, bold: bool = False) -> str:
    return f"\x1b[{'1;' if bold else ''}{_COLOURS[meaning]}m{text}\x1b[0m" if color else text


def _clean(text: str) -> str:
    """Text without control characters: what a service says can't steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _plain(verdict: Verdict) -> Mapping[str, Any]:
    from reports.rendering.verdict_json import verdict_json

    return verdict_json(verdict)
