"""Builds the first table of the page: each objective with its distance from the limit and its interval."""

from __future__ import annotations

from reports.charts.formatting import format_share, join_list
from reports.data.quantities import (
    NOTHING,
    add_unit,
    format_against_limit,
    format_exact,
    format_interval,
    format_number,
)
from reports.judging.judgement import Judgement
from reports.judging.verdict import Verdict
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.limit_bar import scale_bar
from reports.rendering.page_table import PageTable, TableRow, build_table

_CAPTION = (
    "The bar shows what was observed; the upright stroke is the limit, the grey field what it allows, the "
    "whisker the interval."
)


def build_objective_table(verdict: Verdict) -> PageTable:
    """Each objective with what was observed, the distance from the limit, and the confidence interval."""
    judged = verdict.objectives
    confidence = format_share(judged[0].confidence) if judged else "95 %"
    return build_table(
        _compose_title(verdict),
        _CAPTION if verdict.blind_spot is None else f"{_CAPTION} {verdict.blind_spot.sentence}",
        _list_columns(confidence),
        judged,
        describe_row=lambda one: TableRow(outcome=one.outcome, bar=scale_bar(one)),
    )


def _list_columns(confidence: str) -> tuple[TableColumn[Judgement], ...]:
    return (
        TableColumn(
            "Objective",
            format_each(lambda judged: judged.text),
            kind="row heading",
            format_notes=format_each(lambda judged: "" if judged.outcome == "met" else judged.message),
        ),
        TableColumn("Outcome", format_each(lambda judged: judged.outcome), kind="outcome"),
        TableColumn(
            "Observed",
            format_each(_format_observed),
            keeps_dash=True,
            format_notes=format_each(_format_distance),
        ),
        TableColumn("Limit", format_each(lambda judged: add_unit(format_exact(judged.limit), judged.unit))),
        TableColumn("Observed against limit", format_each(lambda _: ""), kind="bar"),
        TableColumn(f"{confidence} interval", format_each(_format_interval), kind="interval"),
        TableColumn("Samples", format_each(lambda judged: f"{judged.samples:,}")),
    )


def _compose_title(verdict: Verdict) -> str:
    judged = verdict.objectives
    if not judged:
        return "The scenario states no objective"
    counts = [
        (outcome, sum(one.outcome == outcome for one in judged)) for outcome in ("met", "missed", "unproven")
    ]
    told = [f"{many} {outcome}" for outcome, many in counts if many]
    title = f"All {told[0]}" if len(told) == 1 and len(judged) > 1 else join_list(told)
    return f"{title}, in a run that is invalid" if verdict.verdict == "invalid" else title


def _format_observed(judged: Judgement) -> str:
    if judged.observed is None:
        return NOTHING
    return add_unit(format_against_limit(judged.observed, judged.limit), judged.unit)


def _format_interval(judged: Judgement) -> str:
    return format_interval(judged.interval, judged.unit, provable=judged.provable)


def _format_distance(judged: Judgement) -> str:
    if not judged.observed or judged.observed < 0 or not judged.limit:
        return ""
    if judged.observed == judged.limit:
        return "at the limit"
    ratio = judged.observed / judged.limit
    if ratio >= 3:
        return f"{format_number(ratio, 2)} × the limit"
    return f"{format_number(abs(ratio - 1) * 100, 2)} % {'above' if ratio > 1 else 'below'}"
