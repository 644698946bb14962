"""Formats the verdict for a terminal: a sentence, a short table, and where the report is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from reports.data.failed_requests import FailedRequest
from reports.data.quantities import (
    NOTHING,
    add_unit,
    format_against_limit,
    format_count,
    format_exact,
    format_interval,
    format_number,
)
from reports.judging.outcomes import SYMBOLS
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.text_table import align_table, remove_controls

if TYPE_CHECKING:
    from reports.judging.verdict import Verdict

MOST_REASONS = 3
_EXAMPLE_LINES = 3
_COLOURS = {"met": "32", "missed": "31", "unproven": "33", "pass": "32", "fail": "31", "invalid": "33"}


def format_verdict(
    verdict: Mapping[str, Any] | Verdict, color: bool, width: int, report: str | None = None
) -> str:
    """The verdict, or the contents of verdict.json, in lines of at most `width` columns.

    Only outcomes are coloured. `report` is the path of the report, if it was written.
    """
    told = verdict if isinstance(verdict, Mapping) else _encode(verdict)
    word = told["verdict"]
    sentence = _wrap(f"{SYMBOLS[word]} {remove_controls(told['sentence'])}", width, indent="  ")
    lines = [paint(line, word, color, bold=True) for line in sentence]
    for reason in select_reasons(word, told["sentence"], told["reasons"]):
        lines += _wrap(f"- {remove_controls(reason)}", width, indent="  ")
    if told["objectives"]:
        lines += ["", *_format_objectives(told["objectives"], color, width)]
    unproven = [j["message"] for j in told["objectives"] if j["outcome"] == "unproven"]
    if unproven:
        lines += [
            "",
            *(line for message in unproven for line in _wrap(f"? {remove_controls(message)}", width, "  ")),
        ]
    if failures := told.get("failures"):
        lines += ["", "Failed requests:"]
        for line, failure in zip_longest(list_failures(failures), failures[:MOST_REASONS]):
            lines += _wrap(line, width, "    ")
            lines += _format_example(failure, width)
    if answers := told.get("answers"):
        lines += ["", "Answers:"]
        lines += [cut for line in answers for cut in _wrap(f"  {remove_controls(line)}", width, "    ")]
    if (capacity := told.get("capacity_per_s")) is not None:
        lines += ["", *_wrap(describe_calibration(capacity), width, "  ")]
    if steadiness := told.get("steadiness"):
        lines += ["", *_wrap(remove_controls(steadiness), width, "  ")]
    if blind_spot := told.get("blind_spot"):
        lines += ["", *_wrap(remove_controls(blind_spot["sentence"]), width, "  ")]
    if report:
        lines += ["", f"Report: {report}"]
    return "\n".join(lines)


def describe_calibration(capacity_per_s: float) -> str:
    """The capacity that a calibration found, in a sentence."""
    rate = format_number(capacity_per_s)
    return f"The calibration found a capacity of {rate} requests/s; the load is in multiples of it."


def select_reasons(word: str, sentence: str, reasons: Sequence[str]) -> Sequence[str]:
    """All reasons why a run is invalid, unless its sentence contains them."""
    said = all(reason.removesuffix(".") in sentence for reason in reasons)
    return () if word != "invalid" or said else reasons


def list_failures(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each of the three most frequent reasons, with its count, and one line for the rest."""
    told = [(failure["count"], remove_controls(failure["reason"])) for failure in failures[:MOST_REASONS]]
    if rest := failures[MOST_REASONS:]:
        count = sum(failure["count"] for failure in rest)
        told.append((count, f"for {format_count(len(rest), 'other reason')}"))
    width = max((len(f"{count:,}") for count, _ in told), default=0)
    return [f"  {count:>{width},}  {words}" for count, words in told]


def list_examples(failure: Mapping[str, Any]) -> list[str]:
    """The kept requests of a reason, each in a sentence without full stop."""
    return [
        remove_controls(FailedRequest.from_json(example).sentence) for example in failure.get("examples", ())
    ]


def _format_example(failure: Mapping[str, Any] | None, width: int) -> list[str]:
    """The first kept request of a reason, in at most `_EXAMPLE_LINES` lines."""
    told = [] if failure is None else list_examples(failure)[:1]
    lines = [cut for each in told for cut in _wrap(f"      such as {each}", width, " " * 6)]
    shown = lines[:_EXAMPLE_LINES]
    return shown if shown == lines else [*shown[:-1], f"{shown[-1][: width - 2]} …"]


def _format_objectives(judgements: Sequence[Mapping[str, Any]], color: bool, width: int) -> list[str]:
    """A table; without intervals if they don't fit, and a few lines for each objective if no table fits."""
    for columns in _choose_columns(judgements):
        _, rows = tabulate(columns, judgements)
        titles, *lines = align_table(columns, rows)
        if max(map(len, (titles, *lines))) <= width:
            painted = (
                line.removesuffix(row[-1]) + paint(row[-1], judgement["outcome"], color)
                for line, row, judgement in zip(lines, rows, judgements, strict=True)
            )
            return [titles, *painted]
    return [line for judgement in judgements for line in _format_lines(judgement, color, width)]


def _choose_columns(
    judgements: Sequence[Mapping[str, Any]],
) -> Iterator[list[TableColumn[Mapping[str, Any]]]]:
    """The columns of the table: the preferred ones, and those for narrow terminals."""
    heading, observed, limit, outcome = _COLUMNS
    if any(judgement["interval"] is not None for judgement in judgements):
        title = f"{format_number(judgements[0]['confidence'] * 100)} % interval"
        interval_column = TableColumn(title, format_each(_format_interval), kind="interval")
        yield [heading, observed, interval_column, limit, outcome]
    yield [heading, observed, limit, outcome]


def _format_lines(judgement: Mapping[str, Any], color: bool, width: int) -> list[str]:
    text, observed, limit, outcome = (column.format_cells([judgement])[0] for column in _COLUMNS)
    between = "" if judgement["interval"] is None else f" ({_format_interval(judgement)})"
    return [
        *_wrap(text, width, indent="  "),
        *_wrap(f"  observed {observed}{between}, limit {limit}", width, indent="    "),
        f"  {paint(outcome, judgement['outcome'], color)}",
    ]


def _format_observed(judgement: Mapping[str, Any]) -> str:
    if judgement["observed"] is None:
        return NOTHING
    return add_unit(format_against_limit(judgement["observed"], judgement["limit"]), judgement["unit"])


def _format_interval(judgement: Mapping[str, Any]) -> str:
    return format_interval(judgement["interval"], judgement["unit"], provable=judgement["provable"])


def _format_limit(judgement: Mapping[str, Any]) -> str:
    return add_unit(format_exact(judgement["limit"]), judgement["unit"])


def _format_outcome(judgement: Mapping[str, Any]) -> str:
    return f"{SYMBOLS[judgement['outcome']]} {judgement['outcome']}"


_COLUMNS: tuple[TableColumn[Mapping[str, Any]], ...] = (
    TableColumn(
        "objective", format_each(lambda judgement: remove_controls(judgement["text"])), kind="row heading"
    ),
    TableColumn("observed", format_each(_format_observed)),
    TableColumn("limit", format_each(_format_limit)),
    TableColumn("outcome", format_each(_format_outcome), kind="outcome"),
)


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, max(width, 20), subsequent_indent=indent) or [""]


def paint(text: str, meaning: str, color: bool, bold: bool = False) -> str:
    """The text in the colour of an outcome or a verdict, if colours are wanted."""
    return f"\x1b[{'1;' if bold else ''}{_COLOURS[meaning]}m{text}\x1b[0m" if color else text


def _encode(verdict: Verdict) -> Mapping[str, Any]:
    from reports.rendering.verdict_json import encode_verdict

    return encode_verdict(verdict)
