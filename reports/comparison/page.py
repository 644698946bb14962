"""Renders a comparison as a single HTML page, in the design of a run's report."""

from __future__ import annotations

from reports.comparison.blocks import BlockDesign
from reports.comparison.charts import draw_comparison_charts
from reports.comparison.differences import FigureDifference
from reports.comparison.table import OUTCOMES, format_figure
from reports.comparison.verdict import VersionComparison
from reports.comparison.wording import (
    describe_margin,
    describe_method,
    describe_needed,
    format_bounds,
    format_change,
)
from reports.data.quantities import format_count, format_number, format_start
from reports.data.run_sets import RunSet
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.page import fill_style_sheet, list_pairs, load_templates
from reports.rendering.page_table import PageTable, TableRow, build_table

_WORDS = {"worse": "Worse", "not worse": "Not worse", "undecided": "Undecided", "invalid": "Invalid"}
_TONES = {"worse": "fail", "not worse": "pass", "undecided": "unproven", "invalid": "invalid"}


def render_comparison(comparison: VersionComparison) -> str:
    """The page; all text from outside the suite is escaped."""
    word = _WORDS[comparison.word]
    return (
        load_templates()
        .get_template("comparison.html")
        .render(
            word=word,
            tone=_TONES[comparison.word],
            sentence=comparison.sentence.removeprefix(word),
            invalid=comparison.word == "invalid",
            baseline=comparison.baseline.name,
            candidate=comparison.candidate.name,
            reasons=comparison.reasons,
            about=_list_facts(comparison),
            style=fill_style_sheet(),
            figures=_build_table(comparison) if comparison.differences else None,
            charts=draw_comparison_charts(comparison) if comparison.differences else [],
            runs=_build_run_table(comparison),
            methods=describe_method(comparison.design, comparison.settings.confidence),
        )
    )


def _build_table(comparison: VersionComparison) -> PageTable:
    shown = comparison.differences
    sure = format_number(comparison.settings.confidence * 100)
    counts = [
        (name, sum(each.outcome == name for each in shown)) for name in ("worse", "undecided", "not worse")
    ]
    return build_table(
        ", ".join(f"{count} {name}" for name, count in counts if count),
        "Means over blocks. The change is that of the figure; its bounds are one-sided.",
        (
            TableColumn(
                "Figure",
                format_each(lambda each: each.text),
                kind="row heading",
                format_notes=format_each(lambda each: _describe_row(each, comparison.design)),
            ),
            TableColumn("Outcome", format_each(lambda each: each.outcome), kind="outcome"),
            TableColumn("Baseline", format_each(lambda each: format_figure(each, each.baseline))),
            TableColumn("Candidate", format_each(lambda each: format_figure(each, each.candidate))),
            TableColumn("Change", format_each(format_change)),
            TableColumn(f"Bounds, {sure} % each", format_each(format_bounds), kind="interval"),
            TableColumn("Margin", format_each(describe_margin)),
        ),
        shown,
        describe_row=lambda each: TableRow(outcome=OUTCOMES[each.outcome]),
    )


def _describe_row(difference: FigureDifference, design: BlockDesign) -> str:
    """What the cells of the row don't say: why there is no change, or what would decide."""
    if difference.absence:
        return f"not compared: {difference.absence}"
    if difference.outcome != "undecided":
        return ""
    needed = describe_needed([difference], design)
    return f"{needed} would probably tell" if needed else "no reasonable number of blocks would tell"


def _build_run_table(comparison: VersionComparison) -> PageTable:
    rows = [
        (name, place, side)
        for name, side in (("baseline", comparison.baseline), ("candidate", comparison.candidate))
        for place in range(len(side.runs))
    ]
    return build_table(
        f"{format_count(len(rows), 'run')} in order of the side",
        "model-loadtest report RUN writes the report of a run.",
        (
            TableColumn("Side", format_each(lambda row: row[0]), kind="row heading"),
            TableColumn("Round", format_each(_format_round), optional=True),
            TableColumn("Run", format_each(lambda row: row[2].runs[row[1]].folder.name), kind="words"),
            TableColumn(
                "Started",
                format_each(lambda row: format_start(row[2].runs[row[1]].facts.started_at)),
                kind="words",
            ),
            TableColumn("Service", format_each(lambda row: row[2].runs[row[1]].facts.host), kind="words"),
            TableColumn("Requests", format_each(lambda row: f"{len(row[2].runs[row[1]].judged):,}")),
        ),
        rows,
    )


def _format_round(row: tuple[str, int, RunSet]) -> str:
    return str(row[2].rounds[row[1]]) if row[2].rounds else "–"


def _list_facts(comparison: VersionComparison) -> list[tuple[str, str]]:
    first = comparison.baseline.runs[0].facts
    return [
        ("Baseline", comparison.baseline.name),
        ("Candidate", comparison.candidate.name),
        ("Scenario", first.scenario),
        ("Machine", ", ".join(list_pairs(first.machine))),
    ]
