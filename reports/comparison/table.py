"""The table of a comparison, for the terminal and for Markdown, and what is told around it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from reports.comparison.differences import FigureDifference
from reports.comparison.verdict import VersionComparison
from reports.comparison.wording import describe_margin, describe_outcome, format_bounds, format_change
from reports.data.quantities import NOTHING, add_unit, format_number
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.terminal import paint
from reports.rendering.text_table import align_table, remove_controls

MARKS: Final = {"worse": "✗", "not worse": "✓", "undecided": "?", "invalid": "!"}
OUTCOMES: Final = {"worse": "missed", "not worse": "met", "undecided": "unproven", "invalid": "invalid"}
"""As which outcome of an objective each is drawn."""


def list_columns(comparison: VersionComparison) -> list[TableColumn[FigureDifference]]:
    """The columns, the outcome last."""
    sure = format_number(comparison.settings.confidence * 100)
    return [
        TableColumn("figure", format_each(lambda each: remove_controls(each.text)), kind="row heading"),
        TableColumn("baseline", format_each(lambda each: format_figure(each, each.baseline))),
        TableColumn("candidate", format_each(lambda each: format_figure(each, each.candidate))),
        TableColumn("change", format_each(format_change)),
        TableColumn(f"bounds, {sure} % each", format_each(format_bounds), kind="interval"),
        TableColumn("margin", format_each(describe_margin)),
        TableColumn(
            "outcome", format_each(lambda each: f"{MARKS[each.outcome]} {each.outcome}"), kind="outcome"
        ),
    ]


def format_figure(difference: FigureDifference, value: float | None) -> str:
    """A figure with its unit; a dash if there is none."""
    return NOTHING if value is None else add_unit(format_number(value), difference.compared.unit)


def format_comparison_text(comparison: VersionComparison, color: bool, width: int) -> str:
    """The sentence, what differs, the table, and what would decide, in lines of `width` columns."""
    word = OUTCOMES[comparison.word]
    lines = _wrap(f"{MARKS[comparison.word]} {remove_controls(comparison.sentence)}", width)
    lines = [paint(line, word, color, bold=True) for line in lines]
    for reason in comparison.reasons:
        lines += _wrap(f"- {remove_controls(reason)}", width)
    if comparison.differences:
        lines += ["", *_format_table(comparison, color, width)]
    undecided = (each for each in comparison.differences if each.outcome == "undecided")
    told = [_describe(each, comparison) for each in undecided]
    if told:
        lines += ["", *(line for text in told for line in _wrap(remove_controls(text), width))]
    if comparison.design == "time" and comparison.differences:
        lines += ["", *_wrap(ONE_AGAINST_ONE, width)]
    return "\n".join(lines)


ONE_AGAINST_ONE: Final = (
    "One run was compared with one: what changed on the machine between them is not covered. Several runs of "
    "each, or runs in turns (model-loadtest ab), cover it."
)


def _describe(difference: FigureDifference, comparison: VersionComparison) -> str:
    return describe_outcome(difference, comparison.design)


def _format_table(comparison: VersionComparison, color: bool, width: int) -> Iterator[str]:
    """All columns, or those that fit; a figure a paragraph where no table does."""
    columns = list_columns(comparison)
    layouts = (range(7), (0, 1, 2, 3, 4, 6), (0, 3, 4, 6), (0, 3, 6))
    for chosen in ([columns[place] for place in layout] for layout in layouts):
        _, rows = tabulate(chosen, comparison.differences)
        titles, *lines = align_table(chosen, rows)
        if max(map(len, (titles, *lines))) <= width:
            yield titles
            for line, row, each in zip(lines, rows, comparison.differences, strict=True):
                yield line.removesuffix(row[-1]) + paint(row[-1], OUTCOMES[each.outcome], color)
            return
    for each in comparison.differences:
        yield from _wrap(f"{each.text}: {format_change(each)}, {each.outcome}", width)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent="  ") or [""]
