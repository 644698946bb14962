"""The verdict as a terminal shows it: a sentence, a short table, and where the report is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.quantities import beside, exact, with_unit

if TYPE_CHECKING:
    from reports.verdict import Verdict

_SYMBOLS = {"met": "✓", "missed": "✗", "unproven": "?", "pass": "✓", "fail": "✗", "invalid": "!"}
_COLOURS = {"met": "32", "missed": "31", "unproven": "33", "pass": "32", "fail": "31", "invalid": "33"}
_HEADS = ("objective", "observed", "limit", "outcome")


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
    if word == "invalid" and len(told["reasons"]) > 1:
        for reason in told["reasons"]:
            lines += _wrapped(f"- {_clean(reason)}", width, indent="  ")
    if told["objectives"]:
        lines += ["", *_objectives(told["objectives"], color, width)]
    unproven = [j["message"] for j in told["objectives"] if j["outcome"] == "unproven"]
    if unproven:
        lines += [
            "",
            *(line for message in unproven for line in _wrapped(f"? {_clean(message)}", width, "  ")),
        ]
    if report:
        lines += ["", f"Report: {report}"]
    return "\n".join(lines)


def _objectives(judgements: Sequence[Mapping[str, Any]], color: bool, width: int) -> list[str]:
    rows = [_cells(judgement) for judgement in judgements]
    widths = [max(len(cells[column]) for cells in (_HEADS, *rows)) for column in range(len(_HEADS))]
    narrow = sum(widths) + 2 * (len(_HEADS) - 1) > width
    lines = [] if narrow else [_row(_HEADS, widths).rstrip()]
    for judgement, cells in zip(judgements, rows, strict=True):
        outcome = judgement["outcome"]
        painted = _painted(cells[-1], outcome, color)
        if narrow:
            lines += _wrapped(cells[0], width, indent="  ")
            lines += _wrapped(f"  observed {cells[1]}, limit {cells[2]}", width, indent="    ")
            lines += [f"  {painted}"]
        else:
            lines.append(_row((*cells[:-1], painted), widths))
    return lines


def _cells(judgement: Mapping[str, Any]) -> tuple[str, str, str, str]:
    observed, limit, unit = judgement["observed"], judgement["limit"], judgement["unit"]
    outcome = judgement["outcome"]
    return (
        _clean(judgement["text"]),
        "–" if observed is None else with_unit(beside(observed, limit), unit),
        with_unit(exact(limit), unit),
        f"{_SYMBOLS[outcome]} {outcome}",
    )


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, observed, limit, outcome = cells
    return f"{name:<{widths[0]}}  {observed:>{widths[1]}}  {limit:>{widths[2]}}  {outcome}"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent=indent) or [""]


def _painted(text: str, meaning: str, color: bool, bold: bool = False) -> str:
    return f"\x1b[{'1;' if bold else ''}{_COLOURS[meaning]}m{text}\x1b[0m" if color else text


def _clean(text: str) -> str:
    """Text without control characters: what a service says can't steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _plain(verdict: Verdict) -> Mapping[str, Any]:
    from reports.exports import verdict_json

    return verdict_json(verdict)
