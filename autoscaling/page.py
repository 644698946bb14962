"""Renders what came of an autoscaler as a single HTML page, in the design of a run's report."""

from __future__ import annotations

import yaml

from autoscaling.agreement import Agreement, RehearsedJudgement
from autoscaling.charts import ScalingCharts
from autoscaling.study import ScalingStudy
from autoscaling.tuning import Tuning, list_shown, write_settings
from autoscaling.wording import (
    ASSUMPTIONS,
    describe_question,
    describe_steps,
    describe_tuning,
    list_candidate_columns,
    list_notes,
    list_objective_columns,
    summarise_outcome,
)
from reports.data.quantities import format_count
from reports.rendering.columns import TableColumn, format_each
from reports.rendering.page import fill_style_sheet, load_templates
from reports.rendering.page_table import PageTable, TableRow, build_table

MOST_CANDIDATES = 8


def render_study(study: ScalingStudy) -> str:
    """The page; all text from outside the suite is escaped."""
    sentence = summarise_outcome(study.outcome, study.settings)
    charts = ScalingCharts(study.settings, study.question, study.outcome)
    rehearsed = [] if study.rehearsal is None else [charts.draw_rehearsal(study.rehearsal)]
    return (
        load_templates()
        .get_template("autoscale.html")
        .render(
            word="Missed" if study.exit_code else "Kept",
            tone="fail" if study.exit_code else "pass",
            sentence=sentence,
            name=study.settings.name,
            manifest=study.manifest,
            about=[
                ("Manifest", study.manifest),
                ("Scenario", study.load),
                *describe_question(study.question),
            ],
            style=fill_style_sheet(),
            objectives=_build_objective_table(study),
            charts=[*charts.draw(), *rehearsed],
            rehearsed=None if study.rehearsal is None else _build_rehearsal_table(study.rehearsal),
            steps=describe_steps(study.outcome),
            changes=format_count(len(study.outcome.run.steps), "change"),
            tuning=None if study.tuning is None else _build_tuning_table(study.tuning),
            cheapest=_write_cheapest(study.tuning),
            grid=[] if study.tuning is None else study.tuning.grid,
            notes=list(list_notes(study.settings, study.left_out)),
            assumptions=list(ASSUMPTIONS),
        )
    )


def _build_objective_table(study: ScalingStudy) -> PageTable:
    missed, asked = len(study.outcome.missed), len(study.outcome.judgements)
    told = f"{missed} of {format_count(asked, 'objective')} missed" if missed else "Every objective is met"
    return build_table(
        told,
        "In the worst of three moments at which the autoscaler may have its first look.",
        list_objective_columns(),
        study.outcome.judgements,
        describe_row=lambda each: TableRow(outcome=each.outcome),
    )


def _build_rehearsal_table(found: Agreement) -> PageTable:
    missed = sum(each.outcome == "missed" for each in found.judgements)
    asked = len(found.judgements)
    told = f"{missed} of {format_count(asked, 'objective')} missed" if missed else "Every objective is met"
    columns: tuple[TableColumn[RehearsedJudgement], ...] = (
        TableColumn("Objective", format_each(lambda each: each.objective.text), kind="row heading"),
        TableColumn("Outcome", format_each(lambda each: each.outcome), kind="outcome"),
        TableColumn("Measured", format_each(lambda each: each.message), kind="long words"),
    )
    return build_table(
        told,
        "Of real requests to real processes on one machine.",
        columns,
        found.judgements,
        describe_row=lambda each: TableRow(outcome=each.outcome),
    )


def _build_tuning_table(tuning: Tuning) -> PageTable:
    return build_table(
        describe_tuning(tuning),
        "The manifest, and the cheapest settings that keep the objectives.",
        list_candidate_columns(),
        list_shown(tuning, MOST_CANDIDATES),
        describe_row=lambda each: TableRow(outcome="met" if each.keeps else "missed"),
    )


def _write_cheapest(tuning: Tuning | None) -> str:
    """What to write into the manifest; empty if nothing cheaper was found."""
    if tuning is None or tuning.cheapest is None or tuning.cheapest is tuning.candidates[0]:
        return ""
    return yaml.safe_dump(write_settings(tuning.cheapest.settings), sort_keys=False).rstrip()
