"""Formats the stages of a run as the table that the terminal and summary.md show."""

from __future__ import annotations

from collections.abc import Sequence

from reports.data.quantities import NOTHING, format_number
from reports.figures.figures import StageFigures
from reports.judging.outcomes import SYMBOLS, StageOutcome
from reports.judging.stages import StageJudgement
from reports.rendering.columns import TableColumn, format_each, tabulate
from reports.rendering.text_table import align_table


def format_stages(stages: Sequence[StageJudgement]) -> str:
    """A line for each stage, in aligned columns."""
    return "\n".join(align_table(*tabulate(STAGE_COLUMNS, stages)))


def describe_stage(stage: StageFigures) -> str:
    """The name of a stage, which says that it is a warm-up."""
    warm_up = "" if stage.judged or stage.name == "warm-up" else " (warm-up)"
    return f"{stage.name}{warm_up}"


def describe_outcome(judged: StageJudgement) -> str:
    """The outcome of a stage, with the metrics that missed their limit: `missed: p99 latency`.

    `kept` is a stage that is met or only lacks the requests to prove it, as most stages do.
    """
    if mark_outcome(judged) == "met":
        return "kept"
    missed = ", ".join(judged.missed)
    return f"{judged.outcome}: {missed}" if missed else judged.outcome


def mark_outcome(judged: StageJudgement) -> StageOutcome:
    """The outcome whose symbol stands beside the words: that of `met` for a stage that is kept."""
    kept = judged.outcome == "unproven" and all(each.observed is not None for each in judged.objectives)
    return "met" if kept else judged.outcome


def format_known(value: float | None) -> str:
    """A figure with its significant digits, or a dash if there is none."""
    return NOTHING if value is None else format_number(value)


def _format_planned_users(stages: Sequence[StageJudgement]) -> list[str]:
    observed = any(judged.stage.mean_users is not None for judged in stages)
    return [NOTHING if observed else format_known(judged.stage.users) for judged in stages]


USER_COLUMNS: tuple[TableColumn[StageJudgement], ...] = (
    TableColumn(
        "mean users", format_each(lambda judged: format_known(judged.stage.mean_users)), optional=True
    ),
    TableColumn("planned users", _format_planned_users, optional=True),
)
"""The mean of the observed users, or else the largest number of planned users.

Neither is shown if there were no users, as in the open model.
"""

STAGE_COLUMNS: tuple[TableColumn[StageJudgement], ...] = (
    TableColumn("stage", format_each(lambda judged: describe_stage(judged.stage)), kind="row heading"),
    *USER_COLUMNS,
    TableColumn("requests", format_each(lambda judged: f"{judged.stage.figures.requests:,}")),
    TableColumn("errors", format_each(lambda judged: f"{judged.stage.figures.errors:,}")),
    TableColumn("p50", format_each(lambda judged: format_known(judged.stage.figures.p50_ms)), "ms"),
    TableColumn("p95", format_each(lambda judged: format_known(judged.stage.figures.p95_ms)), "ms"),
    TableColumn("p99", format_each(lambda judged: format_known(judged.stage.figures.p99_ms)), "ms"),
    TableColumn("replies/s", format_each(lambda judged: format_known(judged.stage.figures.throughput_rps))),
    TableColumn(
        "outcome",
        format_each(lambda judged: f"{SYMBOLS[mark_outcome(judged)]} {describe_outcome(judged)}"),
        kind="outcome",
    ),
)
